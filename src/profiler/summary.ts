import { ProfileObjective } from '../sizing/profile-result';
import { describeSettings, ServerSettings } from './server-settings';
import type { VerifiedSize } from './verification';

/** "p95", "p99", "p99.9". */
export const percentileName = (percentile: number): string => `p${Number((percentile * 100).toFixed(3))}`;

/** Where requests were not answered at all, a minute stands for it. */
export const A_MINUTE = 60_000;

/** Milliseconds with as many digits as anyone can use. */
export function inMs(value: number): string {
  if (!Number.isFinite(value)) return 'without bound';
  if (value >= A_MINUTE) return 'a minute or more';
  return `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} ms`;
}

export const cores = (cpu: number): string => `${Number(cpu.toFixed(3))} ${cpu === 1 ? 'core' : 'cores'}`;

/** What the sentence is about. */
export interface Recommendation {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly settings: ServerSettings;
  readonly replicas: number;
  readonly objective: ProfileObjective;
  /** The objective's percentile, measured or computed. */
  readonly latencyMs: number;
  readonly verified?: VerifiedSize;
  readonly boundary?: VerifiedSize;
  /** Nothing smaller is legal. */
  readonly smallest: boolean;
}

/** One sentence a person can act on. */
export function summarize(recommendation: Recommendation): string {
  const { objective, verified } = recommendation;
  const size = `${cores(recommendation.cpu)}, ${gigabytes(recommendation.memoryInGB)}, ${describeSettings({ ...recommendation.settings, maxBatch: 1 })}`;
  const replicas = recommendation.replicas > 1 ? `${recommendation.replicas} replicas of ` : '';
  const interval = verified?.figures.latencyIntervalMs;
  const range = interval ? ` (${number(interval[0])}–${number(interval[1])})` : '';
  const latency = `${percentileName(objective.percentile)} ${inMs(recommendation.latencyMs)}${range}`;
  const rate = `at ${objective.rate} ${objective.rate === 1 ? 'request' : 'requests'} a second`;
  const evidence = verified?.verdict === 'holds' ? 'verified' : 'modelled, not verified';
  return `${replicas}${size}: ${latency} ${rate}, ${evidence}${boundaryClause(recommendation)}`;
}

function boundaryClause({ boundary, smallest, objective }: Recommendation): string {
  if (boundary?.verdict === 'fails') {
    const { latencyMs } = boundary.figures;
    // the run's arrivals were kind ones
    const kind =
      latencyMs <= objective.latencyMs ? ` in its run, ${(boundary.lateShare * 100).toFixed(0)} % late in the long run` : '';
    return `; ${cores(boundary.cpu)} fails: ${percentileName(objective.percentile)} ${inMs(latencyMs)}${kind}`;
  }
  if (boundary?.disturbedBy) return `; ${cores(boundary.cpu)} could not be judged on a disturbed machine`;
  if (boundary?.onlyHere)
    return `; ${cores(boundary.cpu)} kept it (${inMs(boundary.figures.latencyMs)}), but would not on a server that is a little dearer`;
  if (boundary) return `; ${cores(boundary.cpu)} was neither shown to hold nor to fail (${inMs(boundary.figures.latencyMs)})`;
  return smallest ? '; no smaller size is searched' : '';
}

export const gigabytes = (value: number): string => `${Number(value.toFixed(3))} GB`;
const number = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toPrecision(2));
