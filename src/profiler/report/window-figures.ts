import type { Profile } from '../profile';
import type { WindowSeries } from '../series';
import { BASE, Figure, grid, SERIES, TARGET, xAxis, yAxis } from './figure';
import { cpuMs, everyNth, percent, seconds, tidy } from './format';
import { details, Table, table } from './html';
import { CROSS } from './memory-figures';
import { scaleOf } from './scale';

const MOST_WINDOWS = 200;
const MOST_ROWS = 60;

/** The measuring windows over time: how fast the cores were, what a request cost, and what was left out. */
export function windowFigure({ series }: Profile): Figure | undefined {
  const sound = series.windows.filter(each => Number.isFinite(each.cpuMsPerRequest) && each.cpuMsPerRequest > 0);
  const windows = everyNth(sound, MOST_WINDOWS);
  if (windows.length === 0) return undefined;
  const cost = scaleOf(windows.map(each => each.cpuMsPerRequest));
  const groups = [
    { symbol: 'circle', symbolSize: 6, color: SERIES[0], windows: windows.filter(each => each.discarded === undefined) },
    { symbol: CROSS, symbolSize: 9, color: TARGET, windows: windows.filter(each => each.discarded !== undefined) },
  ].filter(group => group.windows.length > 0);
  const dots = (panel: number, value: (window: WindowSeries) => number) =>
    groups.map(({ symbol, symbolSize, color, windows: own }) => ({
      type: 'scatter' as const,
      xAxisIndex: panel,
      yAxisIndex: panel,
      symbol,
      symbolSize,
      itemStyle: { color },
      data: own.map(each => [tidy(each.atMs / 1000), value(each)]),
    }));
  return {
    id: 'windows',
    takeaway: windowTakeaway(series.windows),
    description: `${windows.length < sound.length ? `One of ${Math.round(sound.length / windows.length)} measuring windows` : 'Every measuring window'}. Above: how fast the cores ran, relative to the middle; below: CPU of a request as measured, which differs by settings.`,
    keys: [
      { label: 'kept', color: SERIES[0], shape: 'circle' },
      { label: 'discarded', color: TARGET, shape: 'cross' },
    ],
    height: 380,
    option: layout => {
      const { left, right } = grid(layout);
      return {
        ...BASE,
        grid: [
          { left, right, top: 34, height: 110 },
          { left, right, top: 196, bottom: 50 },
        ],
        xAxis: [
          { ...xAxis(''), gridIndex: 0, axisLabel: { show: false } },
          { ...xAxis('seconds since the profile began'), gridIndex: 1 },
        ],
        yAxis: [
          { ...yAxis('speed of the cores'), gridIndex: 0, scale: true, splitNumber: 3 },
          { ...yAxis('ms of CPU per request', cost), gridIndex: 1 },
        ],
        series: [...dots(0, each => tidy(each.coreSpeed)), ...dots(1, each => cost.at(each.cpuMsPerRequest))],
      };
    },
  };
}

function windowTakeaway(windows: readonly WindowSeries[]): string {
  const discarded = windows.filter(each => each.discarded !== undefined).length;
  const speeds = windows.map(each => each.coreSpeed).filter(Number.isFinite);
  const changes = Math.max(...speeds) / Math.min(...speeds);
  const kept =
    discarded === 0
      ? `All ${windows.length} windows were kept`
      : `${windows.length - discarded} of ${windows.length} windows were kept`;
  return `${kept}; the slowest and the fastest core speed differ by a factor of ${changes.toFixed(2)}.`;
}

/** What was measured and left out, with the reason. */
export function discardedTable({ series }: Profile): string {
  const discarded = series.windows.filter(each => each.discarded !== undefined);
  if (discarded.length === 0) return '';
  const rows: Table = {
    heads: ['At', 'Why it was left out', 'Measuring', 'CPU per request', 'Speed', 'Others used', 'Stolen'],
    rows: discarded.slice(0, MOST_ROWS).map(each => ({
      cells: [
        seconds(each.atMs),
        each.discarded ?? '',
        `${each.kind}, ${each.settings}`,
        Number.isFinite(each.cpuMsPerRequest) ? cpuMs(each.cpuMsPerRequest) : '–',
        `${each.coreSpeed.toFixed(2)} ×`,
        `${each.foreignCores.toFixed(2)} cores`,
        percent(each.steal),
      ],
    })),
  };
  const rest = discarded.length - MOST_ROWS;
  const html =
    table(rows, 'Windows that were discarded') + (rest > 0 ? `<p>${rest} more were left out for like reasons.</p>` : '');
  return details(`What was discarded and why (${discarded.length})`, html);
}
