import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { ProfileResult } from '../sizing/profile-result';
import { GIBIBYTE } from './memory';
import type { Profile } from './profile';
import { Distribution, targetLabel } from './series';
import { percentileName } from './summary';

echarts.use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

/** A picture for wide pages and the same for phones: a drawing that is merely shrunk cannot be read. */
export interface Chart {
  readonly title: string;
  /** What to see in it, for people and for screen readers. */
  readonly caption: string;
  /** What the colours mean; text of the page, since a drawing cannot measure the page's font. */
  readonly keys: readonly ChartKey[];
  readonly wide: string;
  readonly narrow: string;
}

export interface ChartKey {
  readonly label: string;
  readonly color: string;
  readonly shape: 'line' | 'dashed' | 'circle' | 'triangle' | 'diamond' | 'bar';
}

/** Colours are variables of the page's style sheet, so that one drawing serves light and dark. */
const INK = 'var(--ink)';
const FAINT = 'var(--faint)';
const GRID = 'var(--grid)';
const SERIES = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'] as const;
const TARGET = 'var(--target)';

type Option = Parameters<echarts.ECharts['setOption']>[0];

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly narrow: boolean;
}

/** All pictures of a report, in reading order. */
export function drawCharts(profile: Profile): Chart[] {
  return [sizeChart(profile), latencyChart(profile), threadChart(profile), memoryChart(profile)];
}

function sizeChart({ result, series }: Profile): Chart {
  const name = percentileName(result.objective.percentile);
  // larger sizes look all alike
  const shown = series.candidates.filter(each => each.cpu <= Math.max(1, 4 * result.recommendedCpu));
  // beyond a few times the target nobody looks, and the scale would hide what matters
  const most = Math.max(3 * result.objective.latencyMs, ...series.runs.map(run => run.latencyMs * 1.1));
  const threads = [...new Set(shown.map(each => each.threads))];
  const lines = threads.map((count, index) => ({
    name: `${count} thread${count === 1 ? '' : 's'}, predicted`,
    type: 'line' as const,
    symbol: 'circle',
    symbolSize: 5,
    lineStyle: { color: SERIES[index], width: 2 },
    itemStyle: { color: SERIES[index] },
    data: shown
      .filter(each => each.threads === count && each.predictedMs <= most)
      .map(each => [each.cpu, tidy(each.predictedMs)]),
  }));
  const ran = (verdict: string, label: string, symbol: 'circle' | 'triangle' | 'diamond', color: string) => ({
    name: label,
    type: 'scatter' as const,
    symbol,
    symbolSize: 13,
    itemStyle: { color },
    data: series.runs.filter(run => run.verdict === verdict).map(run => [run.cpu, tidy(run.latencyMs)]),
  });
  const runs = [
    ran('holds', 'run under the limit: holds', 'circle', SERIES[2]),
    ran('fails', 'run under the limit: fails', 'triangle', TARGET),
    ran('unresolved', 'run under the limit: unresolved', 'diamond', SERIES[3]),
  ].filter(each => each.data.length > 0);
  return draw(
    `Latency against cores`,
    `${name} that each size was predicted to have, and had where it was run; a size is good enough at or below the dashed line.`,
    [
      ...lines.map(each => ({ label: each.name, color: each.itemStyle.color, shape: 'line' as const })),
      ...runs.map(each => ({ label: each.name, color: each.itemStyle.color, shape: each.symbol })),
    ],
    layout => ({
      ...frame(layout, 'cores', `${name}, ms`),
      series: [...lines, ...runs].map((each, index) =>
        index === 0 ? { ...each, markLine: targetLine(result, 'yAxis', layout) } : each,
      ),
    }),
  );
}

function latencyChart({ result, series }: Profile): Chart {
  const colors: Record<Distribution['kind'], string> = {
    predicted: SERIES[0],
    verified: SERIES[2],
    failed: TARGET,
    unlimited: FAINT,
  };
  const ends = series.distributions.map(each => each.points[each.points.length - 1]?.[1] ?? 0);
  const most = Math.max(1.6 * result.objective.latencyMs, ...ends.slice(0, 2));
  return draw(
    'Share of requests answered in time',
    'How many requests in a hundred were answered within a time; the further left and up, the better.',
    series.distributions.map(each => ({
      label: each.label,
      color: colors[each.kind],
      shape: each.kind === 'predicted' ? 'dashed' : 'line',
    })),
    layout => ({
      ...frame(layout, 'ms', '% of requests'),
      xAxis: { ...axis('ms'), max: tidy(most), min: 0 },
      yAxis: { ...axis('% of requests'), min: 0, max: 100 },
      series: series.distributions.map((each, index) => ({
        name: each.label,
        type: 'line',
        symbol: 'none',
        lineStyle: { color: colors[each.kind], width: 2, type: each.kind === 'predicted' ? 'dashed' : 'solid' },
        itemStyle: { color: colors[each.kind] },
        data: each.points.filter(([, ms]) => ms <= most).map(([share, ms]) => [tidy(ms), tidy(share * 100)]),
        ...(index === 0 ? { markLine: targetLine(result, 'xAxis', layout) } : {}),
      })),
    }),
  );
}

function threadChart({ series }: Profile): Chart {
  const bar = (name: string, color: string, value: (demand: Profile['series']['demands'][number]) => number) => ({
    name,
    type: 'bar' as const,
    barMaxWidth: 44,
    itemStyle: { color },
    label: {
      show: true,
      position: 'top' as const,
      color: INK,
      formatter: (item: { value?: unknown }) => Number(item.value).toPrecision(3),
    },
    data: series.demands.map(each => tidy(value(each))),
  });
  const bars = [
    bar('CPU, one after another', SERIES[0], each => each.serialCpuMs),
    bar('CPU, at the rate', SERIES[1], each => each.atRateCpuMs),
    bar('time alone', SERIES[2], each => each.serviceMs),
  ];
  return draw(
    'What a request costs by number of threads',
    'CPU milliseconds of all processes, one request after another and at the asked rate, and the time it takes alone.',
    bars.map(each => ({ label: each.name, color: each.itemStyle.color, shape: 'bar' })),
    layout => ({
      ...frame(layout, '', 'ms'),
      xAxis: {
        ...axis(''),
        type: 'category',
        data: series.demands.map(each => `${each.threads} thread${each.threads === 1 ? '' : 's'}`),
      },
      series: bars,
    }),
  );
}

function memoryChart({ result, series }: Profile): Chart {
  const { memory } = series;
  const level = (name: string, value: number, color: string) => ({
    yAxis: tidy(value),
    lineStyle: { color, type: 'dashed' as const, width: 1.5 },
    label: { formatter: name, color, position: 'insideStartTop' as const },
  });
  return draw(
    'Memory while loading and running',
    'Resident memory of all processes together; the limit stands above the worst moment, which sampling alone may miss.',
    [],
    layout => ({
      ...frame(layout, 'seconds since the start', 'GB'),
      xAxis: {
        ...axis('seconds since the start'),
        min: 0,
        max: Math.ceil((memory.points[memory.points.length - 1]?.atMs ?? 0) / 1000),
      },
      yAxis: { ...axis('GB'), min: 0, max: tidy(result.recommendedMemoryInGB * 1.15) },
      series: [
        {
          name: 'resident',
          type: 'line',
          symbol: 'none',
          areaStyle: { color: SERIES[0], opacity: 0.15 },
          lineStyle: { color: SERIES[0], width: 2 },
          itemStyle: { color: SERIES[0] },
          data: memory.points.map(point => [tidy(point.atMs / 1000), tidy(point.bytes / GIBIBYTE)]),
          markLine: {
            symbol: 'none',
            silent: true,
            data: [
              level(`limit ${result.recommendedMemoryInGB} GB`, result.recommendedMemoryInGB, TARGET),
              level(`worst moment ${(memory.peakBytes / GIBIBYTE).toFixed(3)} GB`, memory.peakBytes / GIBIBYTE, INK),
              {
                xAxis: tidy(memory.loadedAtMs / 1000),
                lineStyle: { color: FAINT, type: 'dotted' as const },
                label: {
                  formatter: 'first answer',
                  color: FAINT,
                  position: 'insideEnd' as const,
                  rotate: 0,
                  align: 'left' as const,
                  offset: [6, 40],
                },
              },
            ],
          },
        },
      ],
    }),
  );
}

function targetLine({ objective }: ProfileResult, dimension: 'xAxis' | 'yAxis', { narrow }: Layout) {
  return {
    symbol: 'none',
    silent: true,
    lineStyle: { color: TARGET, type: 'dashed' as const, width: 1.5 },
    label: {
      formatter: narrow ? 'target' : targetLabel(objective.percentile, objective.latencyMs),
      color: TARGET,
      position: dimension === 'yAxis' ? ('insideEndTop' as const) : ('end' as const),
    },
    data: [{ [dimension]: objective.latencyMs }],
  };
}

const axis = (name: string) => ({
  type: 'value' as const,
  name,
  nameLocation: 'middle' as const,
  nameGap: 30,
  nameTextStyle: { color: FAINT, fontSize: 12 },
  axisLabel: { color: FAINT, fontSize: 12, hideOverlap: true },
  axisLine: { show: true, lineStyle: { color: GRID } },
  axisTick: { show: false },
  splitLine: { lineStyle: { color: GRID } },
});

function frame({ narrow }: Layout, x: string, y: string): Option {
  return {
    animation: false,
    backgroundColor: 'transparent',
    textStyle: { fontFamily: 'inherit' },
    grid: { left: 52, right: narrow ? 14 : 26, top: 26, bottom: 52 },
    xAxis: axis(x),
    yAxis: { ...axis(y), nameGap: 38 },
  };
}

function draw(title: string, caption: string, keys: readonly ChartKey[], option: (layout: Layout) => Option): Chart {
  const render = (layout: Layout) => renderSvg(layout, option(layout), `${title}. ${caption}`);
  return {
    title,
    caption,
    keys,
    wide: render({ width: 760, height: 350, narrow: false }),
    narrow: render({ width: 340, height: 270, narrow: true }),
  };
}

function renderSvg({ width, height }: Layout, option: Option, label: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return standalone(chart.renderToSVGString(), width, height, label);
  } finally {
    chart.dispose(); // its timer would keep the program alive
  }
}

let drawings = 0;

/** Fits a drawing into a page: scalable, labelled, without hover styles, with identifiers that occur once in the page. */
function standalone(svg: string, width: number, height: number, label: string): string {
  const own = `d${++drawings}-`;
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ class="[^"]*"/g, '')
    .replace(/ ecmeta_\w+="[^"]*"/g, '')
    .replace(/ pointer-events="[^"]*"/g, '')
    .replace(/<rect [^>]*fill="transparent"[^>]*><\/rect>/, '')
    .replace(/<path [^>]*fill-opacity="0"[^>]*stroke-width="0"[^>]*><\/path>/g, '') // the legend's invisible background
    .replace(/zr\d+-/g, own)
    .replace(
      /<svg [^>]*>/,
      `<svg viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeHtml(label)}">`,
    )
    .replace(/\n/g, '');
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Four digits are more than a picture shows. */
const tidy = (value: number): number => Number(value.toPrecision(4));
