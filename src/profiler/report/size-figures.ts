import type { Profile } from '../profile';
import type { RunSeries, SizePoint } from '../series';
import { cores, inMs, percentileName } from '../summary';
import { BASE, FAINT, Figure, GOOD, grid, INK, Key, level, levels, lyingBars, SERIES, TARGET, xAxis, yAxis } from './figure';
import { everyNth, money, percent, range, tidy } from './format';
import { Row } from './html';
import { scaleOf } from './scale';
import { VERDICTS, verdictCell } from './verdict';

/** More dots cannot be told apart, and each takes its bytes twice. */
const MOST_DOTS = 300;

/** Cost against latency: every size that was searched, the best of them, the answer and what was run. */
export function costFigure(profile: Profile): Figure | undefined {
  const { result, series } = profile;
  const sizes = series.sizes.filter(size => isDrawable(size));
  if (sizes.length === 0) return undefined;
  const { name, unit, why, of } = expense(profile);
  const chosen = sizes.find(size => size.chosen);
  const widest = 3 * Math.max(chosen ? of(chosen) : 0, Math.min(...sizes.map(of)));
  // a run whose requests were not answered has no latency: it stands at the top
  const ranMs = series.runs.map(run => run.latencyMs).filter(Number.isFinite);
  const highest = Math.max(4 * result.objective.latencyMs, ...ranMs);
  const sensible = (size: SizePoint) => size.holds || size.chosen || size.predictedMs > result.objective.latencyMs;
  const shown = sizes.filter(size => of(size) <= widest && size.predictedMs <= highest && sensible(size));
  const best = frontier(shown, of);
  const scale = scaleOf([...shown.map(size => size.predictedMs), ...ranMs, result.objective.latencyMs]);
  const at = (size: SizePoint) => [tidy(of(size)), scale.at(size.predictedMs)];
  const ran = VERDICTS.map(verdict => ({
    ...verdict,
    data: series.runs
      .filter(run => run.verdict === verdict.verdict)
      .flatMap(run => {
        const size = sizeOf(run, series.sizes, result.replicas ?? 1);
        return size ? [[tidy(of(size)), Math.min(scale.at(run.latencyMs), scale.max)]] : [];
      }),
  })).filter(({ data }) => data.length > 0);
  const percentile = percentileName(result.objective.percentile);
  const left = series.sizes.length - shown.length;
  return {
    id: 'cost',
    takeaway: costTakeaway(profile),
    description:
      `The ${percentile} of latency against ${name}. A size is good enough at or below the dashed line; the cheapest good one is farthest left.${why}` +
      (left > 0
        ? ` ${left} of ${series.sizes.length} sizes are not drawn: too large, too slow, or too busy with this rate to be relied on.`
        : ''),
    keys: [
      { label: 'frontier: nothing is cheaper and faster', color: SERIES[0], shape: 'line' },
      { label: 'other sizes, predicted', color: FAINT, shape: 'circle' },
      ...(chosen ? [{ label: 'chosen', color: INK, shape: 'ring' } as const] : []),
      { label: `target ${inMs(result.objective.latencyMs)}`, color: TARGET, shape: 'dashed' },
      ...ran.map(({ label, color, shape }): Key => ({ label, color, shape })),
    ],
    option: layout => ({
      ...BASE,
      grid: grid(layout),
      xAxis: { ...xAxis(`${name}${unit ? `, ${unit}` : ''}`), scale: true },
      yAxis: yAxis(`${percentile}, ms`, scale),
      series: [
        { type: 'scatter', symbolSize: 4, itemStyle: { color: FAINT, opacity: 0.55 }, data: everyNth(shown, MOST_DOTS).map(at) },
        {
          type: 'line',
          symbolSize: 6,
          symbol: 'circle',
          lineStyle: { color: SERIES[0], width: 2 },
          itemStyle: { color: SERIES[0] },
          data: best.map(at),
          ...levels([level('yAxis', scale.at(result.objective.latencyMs))]),
        },
        ...ran.map(({ color, shape, data }) => ({
          type: 'scatter' as const,
          symbol: shape,
          symbolSize: 12,
          itemStyle: { color },
          data,
        })),
        {
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 22,
          itemStyle: { color: 'none', borderColor: INK, borderWidth: 2 },
          data: chosen ? [at(chosen)] : [],
        },
      ],
    }),
    numbers: {
      heads: ['Size', ...(unit ? [unit] : []), 'Settings', 'Load', `${percentile} predicted`],
      rows: around(best, 12).map((size): Row => ({
        chosen: size.chosen,
        cells: [
          sizeName(size),
          ...(unit ? [money(of(size))] : []),
          size.settings,
          percent(size.utilisation),
          `${inMs(size.predictedMs)}${size.chosen ? ', chosen' : ''}`,
        ],
      })),
    },
  };
}

/** What a size costs: money, or cores where there is no price or the meter does not tell small sizes apart. */
function expense({ result, series }: Profile): {
  readonly name: string;
  readonly unit: string;
  /** Why not money. */
  readonly why: string;
  readonly of: (size: SizePoint) => number;
} {
  const chosen = series.sizes.find(size => size.chosen);
  const priced = series.sizes.every(size => size.costPerHour !== undefined);
  const alike = series.sizes.filter(size => size.costPerHour === chosen?.costPerHour && size.cpu !== chosen?.cpu).length > 2;
  if (priced && !alike)
    return {
      name: 'cost of all replicas',
      unit: `${result.cost?.currency ?? ''} an hour`.trim(),
      why: '',
      of: size => size.costPerHour ?? 0,
    };
  const why = priced ? ' Cores are shown since sizes around the answer are billed alike.' : '';
  return { name: 'cores of all replicas', unit: '', why, of: size => tidy(size.cpu * size.replicas) };
}

function costTakeaway({ result, series }: Profile): string {
  const { objective, boundary, recommendedCpu, recommendationLatencyInMs, replicas = 1, cost } = result;
  const name = percentileName(objective.percentile);
  const what = replicas > 1 ? `${replicas} replicas of ${cores(recommendedCpu)} are` : `${cores(recommendedCpu)} is`;
  const price = cost ? ` for ${money(cost.perHour, cost.currency)} an hour` : '';
  const answer = `${what} the cheapest size with ${name} under ${inMs(objective.latencyMs)} (${inMs(recommendationLatencyInMs)}${price})`;
  if (boundary) {
    const word = boundary.verdict === 'unresolved' ? 'was neither shown to hold nor to fail' : 'fails';
    return `${answer}; ${cores(boundary.cpu)} ${word}: ${Number.isFinite(boundary.latencyMs) ? `${inMs(boundary.latencyMs)} measured` : 'requests were not answered'}.`;
  }
  const below = series.sizes.filter(size => size.cpu < recommendedCpu && !size.holds).sort((a, b) => b.cpu - a.cpu)[0];
  if (!below) return `${answer}; nothing cheaper was searched.`;
  const latency = Number.isFinite(below.predictedMs) ? inMs(below.predictedMs) : 'more load than it carries';
  return `${answer}; ${cores(below.cpu)} is not: ${latency}, predicted.`;
}

const isDrawable = (size: SizePoint): boolean => Number.isFinite(size.predictedMs) && size.predictedMs > 0;

/** Sizes than which no other is both cheaper and faster, cheapest first. */
function frontier(sizes: readonly SizePoint[], of: (size: SizePoint) => number): SizePoint[] {
  const best: SizePoint[] = [];
  for (const size of [...sizes].sort((a, b) => of(a) - of(b) || a.predictedMs - b.predictedMs)) {
    const last = best[best.length - 1];
    if (!last || size.predictedMs < last.predictedMs * 0.995) best.push(size);
  }
  return best;
}

/** So many sizes next to the chosen one. */
function around(sizes: readonly SizePoint[], most: number): readonly SizePoint[] {
  const first = Math.max(0, Math.min(sizes.findIndex(size => size.chosen) - Math.floor(most / 3), sizes.length - most));
  return sizes.slice(first, first + most);
}

/** A run is of one replica: it stands where so many of its size stand. */
function sizeOf(run: RunSeries, sizes: readonly SizePoint[], replicas: number): SizePoint | undefined {
  const alike = sizes.filter(size => size.cpu === run.cpu && size.replicas === replicas);
  return alike.find(size => size.settings === run.settings) ?? alike[0];
}

export const sizeName = ({ cpu, memoryInGB, replicas }: { cpu: number; memoryInGB: number; replicas: number }): string =>
  `${replicas > 1 ? `${replicas} × ` : ''}${cores(cpu)}, ${tidy(memoryInGB)} GB`;

/** How often the runs under limits stood still. */
export function throttlingFigure({ series }: Profile): Figure | undefined {
  const runs = series.runs
    .filter(run => run.throttledRatio !== undefined)
    .slice(0, 10)
    .sort((a, b) => a.cpu - b.cpu);
  if (runs.length === 0) return undefined;
  const several = new Set(runs.map(run => run.settings)).size > 1;
  const names = runs.map(run => (several ? `${cores(run.cpu)}, ${run.settings}` : cores(run.cpu)));
  const ratios = runs.map(run => run.throttledRatio ?? 0);
  const said = runs.map((run, index) => `${names[index]} in ${percent(ratios[index])} of periods (${run.verdict})`);
  return {
    id: 'throttling',
    takeaway: `Stopped by its CPU quota: ${said.slice(0, 4).join('; ')}.`,
    description:
      'Share of the quota’s periods, usually 100 ms, in which the container had used up its CPU and stood still until the next one. It hurts the slowest requests most.',
    keys: [],
    height: 80 + 40 * runs.length,
    option: layout =>
      lyingBars(layout, names, '% of periods', [
        {
          color: runs.map(run => VERDICTS.find(({ verdict }) => verdict === run.verdict)?.color ?? GOOD),
          values: ratios.map(ratio => ratio * 100),
          label: (_, row) => `${percent(ratios[row])}, ${runs[row].verdict}`,
        },
      ]),
    numbers: {
      heads: [
        'Run',
        'Verdict',
        'Latency (95 % interval)',
        'Predicted',
        'Requests',
        'Periods throttled',
        'Predicted',
        'Send lag p99',
        'Disturbed',
      ],
      rows: series.runs.map(run => ({
        cells: [
          `${cores(run.cpu)}, ${tidy(run.memoryInGB)} GB, ${run.settings}`,
          verdictCell(run.verdict),
          `${inMs(run.latencyMs)}${range(run.intervalMs)}`,
          run.predictedMs === undefined ? '–' : inMs(run.predictedMs),
          String(run.requests),
          run.throttledRatio === undefined ? '–' : percent(run.throttledRatio),
          run.predictedThrottledRatio === undefined ? '–' : percent(run.predictedThrottledRatio),
          `${run.sendLagP99Ms.toFixed(1)} ms`,
          run.disturbedBy ?? 'no',
        ],
      })),
    },
  };
}
