import type { Profile } from '../profile';
import { cores } from '../summary';
import { BASE, Figure, grid, INK, Key, level, levels, SERIES, TARGET, xAxis, yAxis } from './figure';
import { describeOptions, perSecond, tidy, times } from './format';

/** Capacity of one replica against its cores. */
export function capacityFigure({ result, series }: Profile): Figure | undefined {
  const own = describeOptions(result.sessionOptions);
  const curves = [...series.capacity]
    .filter(curve => curve.points.length > 0)
    .sort((a, b) => Number(b.settings === own) - Number(a.settings === own) || highest(b.points) - highest(a.points));
  if (curves.length === 0) return undefined;
  const drawn = curves.slice(0, SERIES.length);
  const rate = result.objective.rate / (result.replicas ?? 1);
  const lines = drawn.flatMap((curve, index) =>
    (['cpu-quota', 'engine'] as const).map(bound => ({
      type: 'line' as const,
      symbol: 'none',
      lineStyle: {
        color: SERIES[index],
        width: index === 0 ? 3 : 1.5,
        type: bound === 'engine' ? ('dotted' as const) : ('solid' as const),
      },
      data: boundedBy(curve.points, bound).map(([cpu, carries]) => [tidy(cpu), tidy(carries)]),
    })),
  );
  const at = curves[0].points.find(([cpu]) => cpu === result.recommendedCpu)?.[1] ?? result.capacity;
  return {
    id: 'capacity',
    takeaway: capacityTakeaway({ result, series }),
    description:
      'Requests a second that one replica carries. A solid line is bounded by the CPU quota and grows with it; a dotted line by the engine, and more cores do not help.' +
      (curves.length > drawn.length ? ` The ${drawn.length} best of ${curves.length} settings are drawn.` : ''),
    keys: [
      ...drawn.map((curve, index): Key => ({ label: curve.settings, color: SERIES[index], shape: 'line' })),
      { label: `${perSecond(rate)} asked for`, color: TARGET, shape: 'dashed' },
      ...(at === undefined ? [] : [{ label: 'chosen', color: INK, shape: 'ring' } as const]),
    ],
    option: layout => ({
      ...BASE,
      grid: grid(layout),
      xAxis: xAxis('cores'),
      yAxis: { ...yAxis('requests a second'), min: 0 },
      series: [
        ...lines,
        {
          type: 'scatter',
          symbol: 'circle',
          symbolSize: 16,
          itemStyle: { color: 'none', borderColor: INK, borderWidth: 2 },
          data: at === undefined ? [] : [[result.recommendedCpu, tidy(at)]],
          ...levels([level('yAxis', rate)]),
        },
      ],
    }),
    numbers: {
      heads: ['Cores', ...drawn.map(curve => curve.settings)],
      rows: thin(
        drawn[0].points.map(([cpu]) => cpu),
        12,
        result.recommendedCpu,
      ).map(cpu => ({
        chosen: cpu === result.recommendedCpu,
        cells: [
          cores(cpu),
          ...drawn.map(curve => {
            const point = curve.points.find(each => each[0] === cpu);
            return point ? `${perSecond(point[1])} (${point[2] === 'engine' ? 'engine' : 'CPU quota'})` : '–';
          }),
        ],
      })),
    },
  };
}

function capacityTakeaway({ result }: Profile): string {
  const { capacity, limitingResource, recommendedCpu, objective, replicas = 1, headroomRate } = result;
  const rate = objective.rate / replicas;
  if (capacity === undefined)
    return `What one replica carries by its cores, against the ${perSecond(rate)} requests a second asked for.`;
  const bound = limitingResource === 'engine' ? ', bounded by the engine' : limitingResource ? ', bounded by the CPU quota' : '';
  const headroom =
    headroomRate === undefined
      ? ''
      : `; the target is kept up to about ${perSecond(headroomRate)}${replicas > 1 ? ' in all' : ''}`;
  const carry = `${cores(recommendedCpu)} carries ${perSecond(capacity)} requests a second${bound}`;
  return `${carry}: ${times(capacity / rate)} the ${perSecond(rate)} asked ${replicas > 1 ? 'of each replica' : 'for'}${headroom}.`;
}

type CapacityPoints = Profile['series']['capacity'][number]['points'];

const highest = (points: CapacityPoints): number => Math.max(...points.map(([, carries]) => carries));

/** The part of a curve with this bound; the engine's part begins where the quota's ends. */
const boundedBy = (points: CapacityPoints, bound: 'cpu-quota' | 'engine'): CapacityPoints =>
  points.filter((point, index) => point[2] === bound || (bound === 'engine' && points[index + 1]?.[2] === 'engine'));

function thin(values: readonly number[], most: number, always: number): number[] {
  const every = Math.ceil(values.length / most);
  return values.filter((value, index) => index % every === 0 || value === always);
}
