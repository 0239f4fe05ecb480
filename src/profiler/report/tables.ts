import type { ProfileResult } from '../../sizing/profile-result';
import type { Profile } from '../profile';
import { MAX_UTILISATION } from '../search';
import type { SizePoint } from '../series';
import { cores, gigabytes, inMs, percentileName } from '../summary';
import { describeOptions, money, perSecond, range, tidy } from './format';
import { Cell, paragraph, Row, Section, table } from './html';
import { sizeName } from './size-figures';

/** Percentiles of the run that proves the size, each with what it stands on. */
export function percentiles({ result }: Profile): Section {
  const { percentiles: found, objective } = result;
  const rows = found?.length ? found.map(each => percentileRow(each, objective.percentile)) : formerRows(result);
  const heads = ['Percentile', 'Latency', ...(found?.length ? ['95 % interval', 'Requests', 'Effective requests'] : [])];
  const note =
    result.evidence === 'verified'
      ? 'From the run under the recommended limits; latency counts from the moment a request was due.'
      : 'Computed by the simulation: no run under the recommended limits stands behind them.';
  const worth = found?.length ? ' Requests that wait in one queue are alike, so that they are worth fewer independent ones.' : '';
  return {
    id: 'percentiles',
    topic: 'Percentiles',
    html: paragraph(note + worth) + table({ heads, rows }, 'Percentiles of latency'),
  };
}

function percentileRow(each: NonNullable<ProfileResult['percentiles']>[number], wanted: number): Row {
  const latency: Cell =
    each.resolved && each.latencyMs !== undefined
      ? `${Number(each.latencyMs.toPrecision(3))} ms`
      : { text: 'not resolvable', tone: 'faint' };
  const interval = each.resolved && each.intervalMs ? `${range(each.intervalMs).trim().slice(1, -1)} ms` : '–';
  return {
    chosen: each.percentile === wanted,
    cells: [
      percentileName(each.percentile),
      latency,
      interval,
      String(each.samples),
      Math.round(each.effectiveSamples).toString(),
    ],
  };
}

/** Profiles of former versions have v1's fields only. */
function formerRows(result: ProfileResult): Row[] {
  const values = [
    [0.5, result.latencyPercentile50InMs],
    [0.9, result.latencyPercentile90InMs],
    [0.95, result.latencyPercentile95InMs],
    [0.99, result.latencyPercentile99InMs],
    [0.999, result.latencyPercentile999InMs],
  ] as const;
  return values.map(([percentile, ms]) => ({
    chosen: percentile === result.objective.percentile,
    cells: [percentileName(percentile), ms === undefined ? { text: 'not resolvable', tone: 'faint' } : inMs(ms)],
  }));
}

/** What a stricter or a laxer target would need, and the sizes around the answer. */
export function otherTargets(profile: Profile): Section | undefined {
  const html = [targetsTable(profile), alternativesTable(profile.result)].join('');
  return html ? { id: 'other-targets', topic: 'Other targets, other sizes', html } : undefined;
}

function targetsTable({ result, series }: Profile): string {
  const { latencyMs, percentile, rate } = result.objective;
  const sizes = series.sizes.filter(size => Number.isFinite(size.predictedMs) && size.utilisation <= MAX_UTILISATION);
  if (sizes.length === 0) return '';
  const chosen = series.sizes.find(size => size.chosen);
  const needs = [0.5, 0.75, 1, 1.5, 2, 4].map(factor => {
    const target = tidy(latencyMs * factor);
    const best = factor === 1 && chosen ? chosen : cheapest(sizes.filter(size => size.predictedMs <= target));
    return { factor, target, best };
  });
  // a laxer target that needs the same is not worth a row
  const differing = needs.filter(({ factor, best }, index) => factor === 1 || index === 0 || best !== needs[index - 1].best);
  const rows = differing.map(({ factor, target, best }): Row => {
    const cells = best
      ? [
          sizeName(best),
          best.settings,
          inMs(best.predictedMs),
          ...(priced(best) ? [money(best.costPerHour ?? 0, result.cost?.currency)] : []),
        ]
      : [{ text: 'no size that was searched', tone: 'faint' as const }, '–', '–'];
    const full = sizes.some(priced) && cells.length < 4 ? [...cells, '–'] : cells;
    return { chosen: factor === 1, cells: [`${target} ms`, ...full] };
  });
  const name = percentileName(percentile);
  const heads = [`${name} at most`, 'Cheapest size', 'Settings', 'Predicted', ...(sizes.some(priced) ? ['An hour'] : [])];
  return (
    paragraph(
      `What other targets would take at ${perSecond(rate)} requests a second: predicted, not run, except for the target itself.`,
    ) + table({ heads, rows }, 'Sizes for other targets')
  );
}

const priced = (size: SizePoint): boolean => size.costPerHour !== undefined;

function cheapest(sizes: readonly SizePoint[]): SizePoint | undefined {
  const expense = (size: SizePoint) => size.costPerHour ?? size.cpu * size.replicas;
  return [...sizes].sort(
    (a, b) => expense(a) - expense(b) || a.cpu * a.replicas - b.cpu * b.replicas || a.predictedMs - b.predictedMs,
  )[0];
}

function alternativesTable(result: ProfileResult): string {
  const { alternatives = [], objective, cost } = result;
  if (alternatives.length === 0) return '';
  const anyPrice = alternatives.some(each => each.costPerHour !== undefined);
  const rows = alternatives.slice(0, 20).map((each): Row => {
    const chosen =
      each.cpu === result.recommendedCpu &&
      each.replicas === (result.replicas ?? 1) &&
      each.evidence !== 'failed' &&
      describeOptions(each.sessionOptions) === describeOptions(result.sessionOptions);
    return {
      chosen,
      cells: [
        sizeName(each),
        describeOptions(each.sessionOptions),
        each.latencyMs === undefined ? { text: 'more load than it carries', tone: 'faint' } : inMs(each.latencyMs),
        `${perSecond(each.capacity)} a second`,
        ...(anyPrice ? [each.costPerHour === undefined ? '–' : money(each.costPerHour, cost?.currency)] : []),
        EVIDENCE[each.evidence],
      ],
    };
  });
  const heads = [
    'Size',
    'Settings',
    percentileName(objective.percentile),
    'Capacity',
    ...(anyPrice ? ['An hour'] : []),
    'Evidence',
  ];
  return (
    paragraph(`Sizes around the answer, for ${inMs(objective.latencyMs)}:`) + table({ heads, rows }, 'Sizes around the answer')
  );
}

const EVIDENCE: Record<NonNullable<ProfileResult['alternatives']>[number]['evidence'], Cell> = {
  verified: { text: '✓ run, holds', tone: 'holds' },
  failed: { text: '✗ run, fails', tone: 'fails' },
  modelled: { text: 'predicted', tone: 'faint' },
};

/** How many replicas by whose rule, and what to give Kubernetes. */
export function scaling({ result }: Profile): Section | undefined {
  const { scaling: found } = result;
  if (!found) return undefined;
  const rule = (name: string, replicas: number, chosen: boolean): Row => ({ chosen, cells: [name, String(replicas)] });
  const rules = table(
    {
      heads: ['Rule', 'Replicas'],
      rows: [
        rule('Balancer that gives each request to a free replica (simulated)', found.replicasPooled, found.balancer === 'pooled'),
        rule(
          'Balancer that picks at random, as a Kubernetes Service does (simulated)',
          found.replicasRandom,
          found.balancer === 'random',
        ),
        rule('Azure ML v1’s formula: rate × mean time / 0.7', found.replicasAzureMlV1, false),
      ],
    },
    'Replicas by rule',
  );
  const policies = table(
    {
      heads: ['Policy', 'CPU request', 'CPU limit', 'Memory', 'Note'],
      rows: found.policies.map(policy => ({
        cells: [
          policy.name,
          cores(policy.cpuRequest),
          policy.cpuLimit === undefined ? 'none' : cores(policy.cpuLimit),
          gigabytes(policy.memoryInGB),
          policy.note,
        ],
      })),
    },
    'Requests and limits',
  );
  const takeaway = `${found.replicas} ${found.replicas === 1 ? 'replica' : 'replicas'} with a ${found.balancer} balancer; the autoscaler adds one above ${found.targetCpuUtilizationPercent} % of the requested CPU.`;
  return { id: 'scaling', topic: 'Replicas and scaling', html: paragraph(takeaway, 'takeaway') + rules + policies };
}
