import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { details, escapeHtml, Table, table } from './html';
import type { Scale } from './scale';

echarts.use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, SVGRenderer]);

export type Option = Parameters<echarts.ECharts['setOption']>[0];

/** A drawing with the words that go with it. */
export interface Figure {
  /** Unique in the page. */
  readonly id: string;
  /** What it shows, with the numbers: a sentence that is enough for who does not look. */
  readonly takeaway: string;
  /** How to read it. */
  readonly description: string;
  readonly keys: readonly Key[];
  readonly option: (layout: Layout) => Option;
  /** Beside another one. */
  readonly half?: boolean;
  /** Pixels instead of the usual height. */
  readonly height?: number;
  /** The same as numbers. */
  readonly numbers?: Table;
}

/** What a mark means; text of the page, since a drawing cannot measure the page's font. */
export interface Key {
  readonly label: string;
  readonly color: string;
  readonly shape: 'line' | 'dashed' | 'dotted' | 'circle' | 'ring' | 'triangle' | 'diamond' | 'cross' | 'bar' | 'tick';
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly narrow: boolean;
}

/** Colours are variables of the page's style sheet, so that one drawing serves light, dark and paper. */
export const INK = 'var(--ink)';
export const FAINT = 'var(--faint)';
export const GRID = 'var(--grid)';
export const TARGET = 'var(--target)';
export const GOOD = 'var(--series-3)';
export const SERIES = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)', 'var(--series-5)'] as const;

const FULL = { width: 760, height: 340, narrow: false };
/** A drawing that is merely shrunk cannot be read on a phone: it is drawn again. */
const NARROW = { width: 340, height: 270, narrow: true };

export function renderFigure(figure: Figure): string {
  const { id, takeaway, description, keys, half, height, numbers } = figure;
  const label = `${takeaway} ${description}`;
  const drawn = (layout: Layout, suffix: string) => {
    const sized = { ...layout, height: height ?? layout.height };
    return svg(sized, figure.option(sized), label, `${id}${suffix}`);
  };
  const narrow = drawn(NARROW, 'n');
  const drawings = half ? narrow : `<div class="wide">${drawn(FULL, 'w')}</div><div class="narrow">${narrow}</div>`;
  return (
    `<div class="figure">${`<p class="takeaway">${escapeHtml(takeaway)}</p>`}` +
    `<figure>${drawings}${legend(keys)}<figcaption>${escapeHtml(description)}</figcaption></figure>` +
    `${numbers ? details('The numbers', table(numbers, takeaway), 'numbers') : ''}</div>`
  );
}

/** Two figures beside each other where there is room. */
export const renderFigures = (figures: readonly Figure[]): string =>
  figures.length === 1
    ? renderFigure(figures[0].half ? { ...figures[0], half: false } : figures[0])
    : `<div class="pair">${figures.map(renderFigure).join('')}</div>`;

function legend(keys: readonly Key[]): string {
  const entries = keys.map(
    ({ label, color, shape }) => `<li><span class="key ${shape}" style="color:${color}"></span>${escapeHtml(label)}</li>`,
  );
  return entries.length < 2 ? '' : `<ul class="keys">${entries.join('')}</ul>`;
}

/** A value axis; `name` says the unit. */
export function axis(name: string, scale?: Scale) {
  const ticks = scale?.ticks;
  const labels = new Map(ticks);
  const values = ticks?.map(([value]) => value);
  return {
    type: 'value' as const,
    name,
    nameTextStyle: { color: FAINT, fontSize: 12 },
    axisLabel: {
      color: FAINT,
      fontSize: 12,
      hideOverlap: true,
      // the ends of a scale of our own are seldom round
      showMaxLabel: ticks !== undefined || scale === undefined,
      showMinLabel: ticks !== undefined || scale === undefined || scale.min === 0,
      ...(values ? { customValues: values, formatter: (value: number) => labels.get(value) ?? '' } : {}),
    },
    axisLine: { show: true, lineStyle: { color: GRID } },
    axisTick: { show: false, ...(values ? { customValues: values } : {}) },
    splitLine: { lineStyle: { color: GRID } },
    ...(scale ? { min: scale.min, max: scale.max } : {}),
  };
}

/** Names below the horizontal axis, above the vertical one: nothing to turn one's head for. */
export const xAxis = (name: string, scale?: Scale) => ({
  ...axis(name, scale),
  nameLocation: 'middle' as const,
  nameGap: 28,
});

export const yAxis = (name: string, scale?: Scale) => ({
  ...axis(name, scale),
  nameLocation: 'end' as const,
  nameGap: 12,
  nameTextStyle: { color: FAINT, fontSize: 12, align: 'left' as const, padding: [0, 0, 0, -40] },
});

export const grid = ({ narrow }: Layout) => ({ left: 48, right: narrow ? 14 : 24, top: 34, bottom: 50 });

export const BASE = { animation: false, backgroundColor: 'transparent', textStyle: { fontFamily: 'inherit' } };

/** A straight line across the drawing. Its name stands in the legend, where it cannot cover anything, or beyond the line's end. */
export const level = (dimension: 'xAxis' | 'yAxis', value: number, color: string = TARGET, name?: string) => ({
  [dimension]: Number(value.toPrecision(5)),
  lineStyle: { color, type: 'dashed' as const, width: 1.5 },
  label: { show: name !== undefined, formatter: name, color, position: 'end' as const, fontSize: 12 },
});

export const levels = (data: ReadonlyArray<ReturnType<typeof level>>) => ({
  markLine: { symbol: 'none', silent: true, data: [...data] },
});

/** Bars that lie, so that their names are readable; `rows` from top to bottom. */
export function lyingBars(
  { width, narrow }: Layout,
  names: readonly string[],
  unit: string,
  bars: ReadonlyArray<{
    color: string | readonly string[];
    values: readonly number[];
    label: (value: number, row: number) => string;
  }>,
): Option {
  const wrapped = names.map(name => wrap(name, narrow ? 16 : 28));
  const room = 7 * Math.max(...wrapped.flatMap(name => name.split('\n')).map(line => line.length));
  const most = Math.max(...bars.flatMap(bar => bar.values));
  const labels = bars.flatMap(({ values, label }) => values.map(label));
  const drawn = width - room - 34;
  const max = (most * drawn) / Math.max(drawn / 4, drawn - 7 * Math.max(...labels.map(each => each.length)) - 8) || 1;
  return {
    ...BASE,
    grid: { left: room + 10, right: narrow ? 12 : 24, top: 8, bottom: 44 },
    xAxis: { ...xAxis(unit, { at: Number, min: 0, max: Number(max.toPrecision(3)) }) },
    yAxis: {
      type: 'category',
      inverse: true,
      data: wrapped,
      axisLabel: { color: INK, fontSize: 12, lineHeight: 15, interval: 0 },
      axisLine: { lineStyle: { color: GRID } },
      axisTick: { show: false },
    },
    series: bars.map(({ color, values, label }) => ({
      type: 'bar',
      barMaxWidth: 20,
      barGap: '15%',
      data: values.map((value, row) => ({
        value: Number(value.toPrecision(4)),
        itemStyle: { color: typeof color === 'string' ? color : color[row] },
        label: { show: true, position: 'right', color: INK, fontSize: 12, formatter: () => label(value, row) },
      })),
    })),
  };
}

function svg({ width, height }: Layout, option: Option, label: string, id: string): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return standalone(chart.renderToSVGString(), width, height, label, id);
  } finally {
    chart.dispose(); // its timer would keep the program alive
  }
}

/** Fits a drawing into a page: scalable, labelled, without hover styles, with identifiers that occur once in the page. */
function standalone(drawing: string, width: number, height: number, label: string, id: string): string {
  return drawing
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ (class|ecmeta_\w+|pointer-events|xml:space)="[^"]*"/g, '')
    .replace(/<rect [^>]*fill="transparent"[^>]*><\/rect>/, '')
    .replace(/ style="font-size:12px;font-family:inherit;"/g, '') // the style sheet says so
    .replace(/ (d|transform|points)="[^"]*"/g, attribute => attribute.replace(/-?\d+\.\d{2,}/g, each => rounded(Number(each))))
    .replace(/zr\d+-/g, `${id}-`)
    .replace(
      /<svg [^>]*>/,
      `<svg viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeHtml(label)}">`,
    )
    .replace(/\n/g, '');
}

/** A tenth of a pixel is enough; small numbers belong to shapes of unit size, which are scaled. */
const rounded = (value: number): string => String(Number(value.toFixed(Math.abs(value) < 3 ? 4 : 1)));

/** Lines of at most so many characters, where the words allow it: a drawing cannot measure its text. */
function wrap(text: string, most: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word.length > most ? `${word.slice(0, most - 1)}…` : word);
  }
  return lines.join('\n');
}
