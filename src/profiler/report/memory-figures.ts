import type { Profile } from '../profile';
import type { CliffPoint, MemorySeries } from '../series';
import { inMs } from '../summary';
import { BASE, FAINT, Figure, GOOD, grid, INK, level, levels, SERIES, TARGET, xAxis, yAxis } from './figure';
import { percent, seconds, tidy, times } from './format';
import { scaleOf } from './scale';

const GIBIBYTE = 1024 ** 3;
const MOST_POINTS = 300;

/** Bytes as GB of 1024³, which container platforms count in. */
export const gibibytes = (bytes: number): string => `${Number((bytes / GIBIBYTE).toPrecision(3))} GB`;

/** Memory over time and, beside it, what happens with less of it. */
export function memoryFigures(profile: Profile): Figure[] {
  const cliff = cliffFigure(profile);
  const timeline = timelineFigure(profile, cliff !== undefined);
  return [timeline, cliff].filter(each => each !== undefined);
}

function timelineFigure({ series }: Profile, half: boolean): Figure | undefined {
  const { memory } = series;
  if (memory.points.length < 2) return undefined;
  const points = thin(memory.points);
  const unit = memory.recommendedBytes < 0.5 * GIBIBYTE ? { name: 'MB', bytes: 1024 ** 2 } : { name: 'GB', bytes: GIBIBYTE };
  const said = (bytes: number) => tidy(bytes / unit.bytes);
  const area = (stack: (point: MemorySeries['points'][number]) => number, color: string, opacity: number) => ({
    type: 'line' as const,
    stack: 'memory',
    symbol: 'none',
    lineStyle: { color, width: 1.5 },
    areaStyle: { color, opacity },
    data: points.map(point => [tidy(point.atMs / 1000), said(stack(point))]),
  });
  const highest = said(Math.max(memory.recommendedBytes, memory.peakBytes)) * 1.12;
  return {
    id: 'memory',
    half,
    takeaway: memoryTakeaway(memory),
    description:
      'All processes of the server from its start. Own pages must stay; pages of mapped files can be dropped and read again, which costs latency.',
    keys: [
      { label: 'own pages', color: SERIES[0], shape: 'bar' },
      { label: 'mapped files', color: SERIES[1], shape: 'bar' },
      { label: 'recommended limit', color: TARGET, shape: 'dashed' },
      { label: 'peak while loading', color: INK, shape: 'dashed' },
      { label: 'loaded', color: FAINT, shape: 'dashed' },
    ],
    option: layout => ({
      ...BASE,
      grid: grid(layout),
      xAxis: xAxis('seconds since start'),
      yAxis: { ...yAxis(unit.name), min: 0, max: tidy(highest), axisLabel: { color: FAINT, fontSize: 12, showMaxLabel: false } },
      series: [
        {
          ...area(point => point.anonymous, SERIES[0], 0.45),
          ...levels([
            level('yAxis', said(memory.recommendedBytes)),
            level('yAxis', said(memory.loadPeakBytes), INK),
            level('xAxis', tidy(memory.loadedAtMs / 1000), FAINT),
          ]),
        },
        area(point => point.file, SERIES[1], 0.3),
      ],
    }),
    numbers: {
      heads: ['Moment', 'Memory'],
      rows: [
        { cells: ['worst while loading', gibibytes(memory.loadPeakBytes)] },
        { cells: ['worst of all', gibibytes(memory.peakBytes)] },
        { cells: ['at the end', gibibytes(total(memory.points[memory.points.length - 1]))] },
        { cells: ['recommended limit', gibibytes(memory.recommendedBytes)], chosen: true },
      ],
    },
  };
}

const total = (point: MemorySeries['points'][number]): number => point.anonymous + point.file;

function memoryTakeaway({ loadPeakBytes, peakBytes, recommendedBytes, loadedAtMs }: MemorySeries): string {
  const worst =
    loadPeakBytes >= peakBytes * 0.98
      ? `Loading is the worst moment with ${gibibytes(loadPeakBytes)}`
      : `Loading peaks at ${gibibytes(loadPeakBytes)}, running at ${gibibytes(peakBytes)}`;
  const room = recommendedBytes / peakBytes - 1;
  return `${worst}; the limit of ${gibibytes(recommendedBytes)} leaves ${percent(Math.max(0, room))} above it. Loaded after ${seconds(loadedAtMs)}.`;
}

/** Every so many, but the highest of each bunch: peaks must not be thinned away. */
function thin(points: MemorySeries['points']): MemorySeries['points'] {
  const bunch = Math.ceil(points.length / MOST_POINTS);
  if (bunch === 1) return points;
  return Array.from({ length: Math.ceil(points.length / bunch) }, (_, i) =>
    points.slice(i * bunch, (i + 1) * bunch).reduce((worst, point) => (total(point) > total(worst) ? point : worst)),
  );
}

function cliffFigure({ result, series }: Profile): Figure | undefined {
  const points = [...(series.memory.cliff ?? [])].sort((a, b) => a.limitBytes - b.limitBytes);
  const alive = points.filter((point): point is CliffPoint & { medianMs: number } => point.medianMs !== undefined);
  if (alive.length < 2) return undefined;
  const killed = points.filter(point => point.medianMs === undefined);
  const scale = scaleOf([...alive.map(point => point.medianMs), alive[0].medianMs / 1.2]);
  const limit = (bytes: number) => Math.round(bytes / 1024 ** 2);
  const recommended = limit(series.memory.recommendedBytes);
  const limits = [...points.map(point => limit(point.limitBytes)), recommended];
  return {
    id: 'cliff',
    half: true,
    takeaway: cliffTakeaway(alive, killed, result.memory?.kneeInGB),
    description:
      'Median latency under smaller and smaller limits: a server that merely survives reads its own files again for each request.',
    keys: [
      { label: 'median latency', color: SERIES[0], shape: 'line' },
      ...(killed.length > 0 ? [{ label: 'killed for memory', color: TARGET, shape: 'cross' } as const] : []),
      { label: 'recommended limit', color: GOOD, shape: 'dashed' },
    ],
    option: layout => ({
      ...BASE,
      grid: grid(layout),
      xAxis: xAxis('memory limit, MB', {
        at: Number,
        min: Math.floor(limits[0] * 0.9),
        max: Math.ceil(Math.max(...limits) * 1.05),
      }),
      yAxis: yAxis('median, ms', scale),
      series: [
        {
          type: 'line',
          symbol: 'circle',
          symbolSize: 7,
          lineStyle: { color: SERIES[0], width: 2 },
          itemStyle: { color: SERIES[0] },
          data: alive.map(point => [limit(point.limitBytes), scale.at(point.medianMs)]),
          ...levels([level('xAxis', recommended, GOOD)]),
        },
        {
          type: 'scatter',
          symbol: CROSS,
          symbolSize: 12,
          itemStyle: { color: TARGET },
          data: killed.map(point => [limit(point.limitBytes), scale.max]),
        },
      ],
    }),
    numbers: {
      heads: ['Limit', 'Median', 'Pages read again, per request'],
      rows: points.map(point => ({
        cells: [
          `${limit(point.limitBytes)} MB`,
          point.medianMs === undefined ? { text: '✗ killed', tone: 'fails' as const } : inMs(point.medianMs),
          point.majorFaultsPerRequest === undefined ? '–' : String(tidy(point.majorFaultsPerRequest)),
        ],
      })),
    },
  };
}

/** A ✗ as a path. */
export const CROSS = 'path://M1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 L0,1 Z';

function cliffTakeaway(
  alive: ReadonlyArray<CliffPoint & { medianMs: number }>,
  killed: readonly CliffPoint[],
  kneeInGB: number | undefined,
): string {
  const calm = alive[alive.length - 1].medianMs;
  const knee = kneeInGB ?? (alive.find(point => point.medianMs <= 1.25 * calm)?.limitBytes ?? 0) / GIBIBYTE;
  const worst = alive[0];
  const death = killed.length === 0 ? '' : `; at ${gibibytes(Math.max(...killed.map(point => point.limitBytes)))} it is killed`;
  if (worst.medianMs <= 1.25 * calm) return `No slowdown was seen down to ${gibibytes(worst.limitBytes)}${death}.`;
  return `Full speed needs ${gibibytes(knee * GIBIBYTE)}; at ${gibibytes(worst.limitBytes)} a request takes ${times(worst.medianMs / calm)} as long${death}.`;
}
