import type { Profile } from '../profile';
import type { BatchPoint } from '../series';
import { inMs } from '../summary';
import { BASE, Figure, grid, Key, lyingBars, SERIES, xAxis, yAxis } from './figure';
import { count, cpuMs, describeOptions, percent, perSecond, shorten, tidy, times } from './format';
import { gibibytes } from './memory-figures';

const MOST_SETTINGS = 8;

/** What a request costs with each of the settings that were measured; the cheapest of them where there are many. */
export function settingsFigure({ result, series }: Profile): Figure | undefined {
  const own = describeOptions(result.sessionOptions);
  const ranked = [...series.demands].sort(
    (a, b) => Number(b.settings === own) - Number(a.settings === own) || a.atRateCpuMs - b.atRateCpuMs,
  );
  if (ranked.length === 0) return undefined;
  const demands = ranked.slice(0, MOST_SETTINGS);
  const bar = (label: string, color: string, of: (demand: (typeof demands)[number]) => number) => ({
    label,
    color,
    values: demands.map(of),
  });
  const bars = [
    bar('CPU, one request after another', SERIES[0], each => each.serialCpuMs),
    bar('CPU, at the rate', SERIES[1], each => each.atRateCpuMs),
    bar('time alone on the machine', SERIES[3], each => each.serviceMs),
  ];
  return {
    id: 'settings',
    takeaway: settingsTakeaway(demands, own),
    description:
      'Milliseconds per request, of all processes together, without limits. Spinning threads cost CPU also between requests, so that the cost at the rate is what counts.',
    keys: bars.map(({ label, color }): Key => ({ label, color, shape: 'bar' })),
    height: 70 + 62 * demands.length,
    option: layout =>
      lyingBars(
        layout,
        demands.map(each => (each.settings === own ? `${each.settings} (chosen)` : each.settings)),
        'ms per request',
        bars.map(({ color, values }) => ({ color, values, label: value => String(Number(value.toPrecision(3))) })),
      ),
    numbers: {
      heads: ['Settings', 'CPU, serial', 'CPU, at the rate', 'Time alone', 'Capacity without limits', 'Windows'],
      rows: demands.map(each => ({
        chosen: each.settings === own,
        cells: [
          each.settings,
          ...[each.serialCpuMs, each.atRateCpuMs, each.serviceMs].map(cpuMs),
          `${perSecond(each.capacity)} a second`,
          each.windowCpuMs.length === 0 ? '–' : `${each.windowCpuMs.length}, ${spread(each.windowCpuMs)}`,
        ],
      })),
    },
  };
}

const spread = (values: readonly number[]): string =>
  `${Number(Math.min(...values).toPrecision(3))}–${Number(Math.max(...values).toPrecision(3))} ms`;

function settingsTakeaway(demands: Profile['series']['demands'], own: string): string {
  const chosen = demands.find(each => each.settings === own) ?? demands[0];
  const said = `With ${chosen.settings} a request costs ${cpuMs(chosen.atRateCpuMs)} of CPU and takes ${inMs(chosen.serviceMs)} alone`;
  const others = demands.filter(each => each !== chosen);
  if (others.length === 0) return `${said}; no other settings were measured.`;
  const quickest = others.reduce((best, each) => (each.serviceMs < best.serviceMs ? each : best));
  if (quickest.serviceMs > 0.97 * chosen.serviceMs) {
    const cheapest = others.reduce((best, each) => (each.atRateCpuMs < best.atRateCpuMs ? each : best));
    const less = cheapest.atRateCpuMs < 0.97 * chosen.atRateCpuMs;
    return `${said}; ${less ? `${cheapest.settings} costs less CPU, ${cpuMs(cheapest.atRateCpuMs)}, but is no faster` : 'no other settings are faster'}.`;
  }
  const more = quickest.atRateCpuMs / chosen.atRateCpuMs - 1;
  return `${said}; ${inMs(quickest.serviceMs)} with ${quickest.settings}, for ${percent(Math.abs(more))} ${more < 0 ? 'less' : 'more'} CPU.`;
}

/** Throughput, and CPU per request, by requests that are in flight together. */
export function batchFigures({ series }: Profile): Figure[] {
  const points = [...(series.batching ?? [])].sort((a, b) => a.concurrency - b.concurrency);
  if (points.length < 2) return [];
  const first = points[0];
  const most = points.reduce((best, each) => (each.throughput > best.throughput ? each : best));
  const cheapest = points.reduce((best, each) => (each.cpuMsPerRequest < best.cpuMsPerRequest ? each : best));
  const curve =
    (unit: string, color: string, of: (point: BatchPoint) => number): Figure['option'] =>
    layout => ({
      ...BASE,
      grid: grid(layout),
      xAxis: {
        ...xAxis('requests in flight'),
        type: 'category',
        data: points.map(each => String(each.concurrency)),
        splitLine: { show: false },
      },
      yAxis: { ...yAxis(unit), min: 0 },
      series: [
        {
          type: 'line',
          symbol: 'circle',
          symbolSize: 8,
          lineStyle: { color, width: 2 },
          itemStyle: { color },
          data: points.map(each => tidy(of(each))),
        },
      ],
    });
  return [
    {
      id: 'batch-throughput',
      half: true,
      keys: [],
      takeaway: `${count(most.concurrency, 'request')} in flight give ${perSecond(most.throughput)} a second, ${times(most.throughput / first.throughput)} what ${first.concurrency} gives.`,
      description: 'Throughput without limits; waiting requests are scored together where batching is on.',
      option: curve('requests a second', SERIES[0], each => each.throughput),
      numbers: {
        heads: ['In flight', 'Requests a second', 'CPU per request', 'Median', 'Peak memory'],
        rows: points.map(each => ({
          cells: [
            String(each.concurrency),
            perSecond(each.throughput),
            cpuMs(each.cpuMsPerRequest),
            inMs(each.medianMs),
            gibibytes(each.peakBytes),
          ],
        })),
      },
    },
    {
      id: 'batch-cpu',
      half: true,
      keys: [],
      takeaway: `A request costs ${cpuMs(first.cpuMsPerRequest)} of CPU alone and least, ${cpuMs(cheapest.cpuMsPerRequest)}, with ${cheapest.concurrency} in flight.`,
      description: 'CPU of all processes per request; it falls where requests share the fixed part of a run.',
      option: curve('ms of CPU per request', SERIES[1], each => each.cpuMsPerRequest),
    },
  ];
}

/** Where the time of one run goes. */
export function operatorFigure({ series }: Profile): Figure | undefined {
  const operators = (series.operators ?? []).slice(0, 10);
  if (operators.length === 0) return undefined;
  const [heaviest] = operators;
  const rest = 1 - operators.reduce((total, each) => total + each.share, 0);
  return {
    id: 'operators',
    takeaway: `${shorten(heaviest.operator, 40)} takes ${percent(heaviest.share)} of the time in the graph, ${cpuMs(heaviest.ms)} of each run.`,
    description:
      'Milliseconds per run by operator, measured in a pass of its own since measuring it costs time. To make the model cheaper, begin at the top.' +
      (rest > 0.005 ? ` What is not shown takes ${percent(rest)}.` : ''),
    keys: [],
    height: 60 + 30 * operators.length,
    option: layout =>
      lyingBars(
        layout,
        operators.map(each => shorten(each.operator, layout.narrow ? 16 : 28)),
        'ms per run',
        [
          {
            color: SERIES[0],
            values: operators.map(each => each.ms),
            label: (value, row) => `${Number(value.toPrecision(3))} (${percent(operators[row].share)})`,
          },
        ],
      ),
    numbers: {
      heads: ['Operator', 'Per run', 'Share', 'Nodes'],
      rows: operators.map(each => ({ cells: [each.operator, cpuMs(each.ms), percent(each.share), each.detail] })),
    },
  };
}
