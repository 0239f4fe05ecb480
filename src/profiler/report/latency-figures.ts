import type { Profile } from '../profile';
import type { Distribution } from '../series';
import { inMs, percentileName } from '../summary';
import { BASE, FAINT, Figure, GOOD, grid, Key, level, levels, SERIES, TARGET, xAxis, yAxis } from './figure';
import { count, perSecond, seconds, tidy } from './format';
import { nines, scaleOf } from './scale';

const LOOKS: Record<
  Distribution['kind'],
  { readonly color: string; readonly line: 'solid' | 'dashed' | 'dotted'; readonly shape: Key['shape'] }
> = {
  predicted: { color: SERIES[0], line: 'dashed', shape: 'dashed' },
  verified: { color: GOOD, line: 'solid', shape: 'line' },
  failed: { color: TARGET, line: 'solid', shape: 'line' },
  unlimited: { color: FAINT, line: 'dotted', shape: 'dotted' },
};

/** Latency by share of requests, stretched towards the slowest ones: where promises are kept or broken. */
export function distributionFigure({ result, series }: Profile): Figure | undefined {
  const drawn = series.distributions
    .map(each => ({ ...each, points: each.points.filter(([, ms]) => Number.isFinite(ms) && ms > 0) }))
    .filter(each => each.points.length > 1);
  if (drawn.length === 0) return undefined;
  const { percentile, latencyMs } = result.objective;
  const name = percentileName(percentile);
  const y = scaleOf([latencyMs, ...drawn.flatMap(each => each.points.map(([, ms]) => ms))]);
  const x = nines(Math.max(...drawn.map(each => each.points[each.points.length - 1][0])));
  return {
    id: 'latency',
    takeaway: distributionTakeaway(drawn, percentile, latencyMs),
    description: `How long the fastest so many per cent of requests took; the slowest are to the right. The target is kept by a line that crosses ${name} at or below ${inMs(latencyMs)}.`,
    keys: [
      ...drawn.map(({ label, kind }): Key => ({ label, color: LOOKS[kind].color, shape: LOOKS[kind].shape })),
      { label: `target ${inMs(latencyMs)}`, color: TARGET, shape: 'dashed' },
    ],
    option: layout => ({
      ...BASE,
      grid: { ...grid(layout), right: 30 },
      xAxis: xAxis('share of requests', x),
      yAxis: yAxis('ms', y),
      series: drawn.map((each, index) => ({
        type: 'line',
        symbol: 'none',
        lineStyle: { color: LOOKS[each.kind].color, width: 2, type: LOOKS[each.kind].line },
        data: each.points.map(([share, ms]) => [x.at(share), y.at(ms)]),
        ...(index === 0 ? levels([level('yAxis', y.at(latencyMs)), level('xAxis', x.at(percentile), TARGET, name)]) : {}),
      })),
    }),
    numbers: {
      heads: ['Share', ...drawn.map(each => each.label)],
      rows: [0.5, 0.9, 0.95, 0.99, 0.999].map(share => ({
        cells: [
          percentileName(share),
          ...drawn.map(each => {
            const ms = valueAt(each.points, share);
            return ms === undefined ? 'not resolvable' : inMs(ms);
          }),
        ],
      })),
    },
  };
}

function distributionTakeaway(drawn: readonly Distribution[], percentile: number, latencyMs: number): string {
  const name = percentileName(percentile);
  const of = (kind: Distribution['kind']) => {
    const found = drawn.find(each => each.kind === kind);
    return found && valueAt(found.points, percentile);
  };
  const [predicted, verified, failed] = [of('predicted'), of('verified'), of('failed')];
  const target = `the target is ${inMs(latencyMs)}`;
  const next = failed === undefined ? '' : `; the next cheaper size had ${inMs(failed)}`;
  if (verified !== undefined && predicted !== undefined)
    return `${name} was predicted as ${inMs(predicted)} and measured as ${inMs(verified)}; ${target}${next}.`;
  if (verified !== undefined) return `${name} was measured as ${inMs(verified)}; ${target}${next}.`;
  if (predicted !== undefined) return `${name} is predicted as ${inMs(predicted)}, and was not verified; ${target}${next}.`;
  return `Latency by share of requests; ${target}${next}.`;
}

/** The value at a share, between its neighbours; undefined beyond what was resolved. */
export function valueAt(points: Distribution['points'], share: number): number | undefined {
  const above = points.findIndex(([each]) => each >= share - 1e-9);
  if (above < 0) return undefined;
  const [high, highMs] = points[above];
  const [low, lowMs] = points[Math.max(0, above - 1)];
  return high === low ? highMs : lowMs + ((highMs - lowMs) * (share - low)) / (high - low);
}

/** More than this cannot be seen in one drawing. */
const MOST_CHANGES = 500;

/** Arrivals, and how many were being served or waited: where latency comes from. */
export function queueFigure({ series, result }: Profile): Figure | undefined {
  const taken = series.queue?.inFlight.slice(0, MOST_CHANGES) ?? [];
  if (!series.queue || taken.length < 2) return undefined;
  const from = taken[0][0];
  const changes = taken.map(([at, inFlight]) => [at - from, inFlight] as const);
  const until = changes[changes.length - 1][0];
  const arrivals = series.queue.arrivals.map(at => at - from).filter(at => at >= 0 && at <= until);
  const most = Math.max(...changes.map(([, inFlight]) => inFlight));
  const span = { at: Number, min: 0, max: tidy(until / 1000) };
  return {
    id: 'queue',
    takeaway: `In ${seconds(until)} of the run ${count(arrivals.length, 'request')} arrived and at most ${most} were in flight at once.`,
    description: `A piece of the run that judged the size. Every tick is an arrival, ${perSecond(result.verification?.rate ?? result.objective.rate)} a second asked for; the line counts requests that wait or are served. Arrivals that bunch make queues, not the mean rate.`,
    keys: [
      { label: 'in flight', color: SERIES[0], shape: 'line' },
      { label: 'arrival', color: SERIES[3], shape: 'tick' },
    ],
    option: layout => ({
      ...BASE,
      grid: [
        { ...grid(layout), bottom: 76 },
        { left: 48, right: grid(layout).right, height: 18, bottom: 50 },
      ],
      xAxis: [
        { ...xAxis('', span), axisLabel: { show: false }, gridIndex: 0 },
        { ...xAxis('seconds', span), gridIndex: 1, splitLine: { show: false } },
      ],
      yAxis: [
        { ...yAxis('requests in flight'), minInterval: 1, min: 0, gridIndex: 0 },
        { type: 'value', show: false, min: 0, max: 1, gridIndex: 1 },
      ],
      series: [
        {
          type: 'line',
          step: 'end',
          symbol: 'none',
          lineStyle: { color: SERIES[0], width: 1.5 },
          areaStyle: { color: SERIES[0], opacity: 0.18 },
          data: changes.map(([at, inFlight]) => [tidy(at / 1000), inFlight]),
        },
        {
          type: 'scatter',
          xAxisIndex: 1,
          yAxisIndex: 1,
          symbol: 'rect',
          symbolSize: [1.5, 12],
          itemStyle: { color: SERIES[3] },
          data: arrivals.map(at => [tidy(at / 1000), 0.5]),
        },
      ],
    }),
  };
}
