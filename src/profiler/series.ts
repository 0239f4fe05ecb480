import type { Reason } from './explain';
import type { Findings } from './findings';
import { lateSends } from './explain';
import { predictLatencies } from './quota-simulator';
import { Candidate } from './search';
import { quantile, sorted } from './statistics';
import { percentileName } from './summary';

/** The data behind the report's pictures and tables; small, since a report must stay small. */
export interface ProfileSeries {
  readonly candidates: readonly Candidate[];
  readonly distributions: readonly Distribution[];
  readonly demands: readonly DemandSeries[];
  readonly memory: MemorySeries;
  readonly runs: readonly RunSeries[];
  readonly reasons: readonly Reason[];
  readonly discarded: readonly string[];
  /** Measuring windows in all, of which some were discarded. */
  readonly windows: number;
}

/** Latency by share of requests. */
export interface Distribution {
  readonly label: string;
  readonly kind: 'predicted' | 'verified' | 'failed' | 'unlimited';
  /** `[share, milliseconds]`, ascending. */
  readonly points: ReadonlyArray<readonly [number, number]>;
}

export interface DemandSeries {
  readonly threads: number;
  readonly serialCpuMs: number;
  readonly atRateCpuMs: number;
  readonly serviceMs: number;
  readonly capacity: number;
  readonly windowCpuMs: readonly number[];
}

/** Bytes over milliseconds since the server was started. */
export interface MemorySeries {
  readonly points: ReadonlyArray<{ readonly atMs: number; readonly bytes: number }>;
  readonly loadedAtMs: number;
  readonly peakBytes: number;
}

/** A size that was run under its limits. */
export interface RunSeries {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly threads: number;
  readonly verdict: 'holds' | 'fails' | 'unresolved';
  readonly latencyMs: number;
  readonly intervalMs?: readonly [number, number];
  readonly predictedMs?: number;
  readonly requests: number;
  readonly throttledRatio?: number;
  readonly sendLagP99Ms: number;
}

export function buildSeries(
  findings: Findings,
  words: { readonly reasons: readonly Reason[]; readonly discarded: readonly string[] },
): ProfileSeries {
  const { plan, demands, outcome, session } = findings;
  return {
    ...words,
    candidates: plan.candidates,
    distributions: distributionsOf(findings),
    demands: demands.map(({ threads, serialCpuMs, atRateCpuMs, serviceMs, capacity, windowCpuMs }) => ({
      ...{ threads, serialCpuMs, atRateCpuMs, serviceMs, capacity, windowCpuMs },
    })),
    memory: memoryOf(findings),
    windows: session.meter.taken.filter(each => each.kind !== 'verification' && each.kind !== 'warm-up').length,
    runs: outcome.runs.map(run => ({
      cpu: run.cpu,
      memoryInGB: run.memoryInGB,
      threads: run.threads,
      verdict: run.verdict,
      latencyMs: run.figures.latencyMs,
      intervalMs: run.figures.latencyIntervalMs,
      predictedMs: plan.candidates.find(each => each.cpu === run.cpu && each.threads === run.threads)?.predictedMs,
      requests: run.figures.requests,
      throttledRatio: run.figures.throttledRatio,
      sendLagP99Ms: lateSends(run.measurement.load.lagMs),
    })),
  };
}

function distributionsOf({ outcome, demands, streams, options, plan, predicted, session }: Findings): Distribution[] {
  const demand = demands.find(each => each.threads === predicted.threads) ?? demands[0];
  const simulated = predictLatencies(demand, streams, options.rate / plan.replicas, predicted.cpu);
  const distributions: Distribution[] = [
    { label: `${predicted.cpu} cores, predicted`, kind: 'predicted', points: shares(simulated) },
  ];
  const { verified, boundary } = outcome;
  if (verified)
    distributions.push({
      label: `${verified.cpu} cores, verified`,
      kind: 'verified',
      points: shares(verified.measurement.load.latenciesMs),
    });
  if (boundary) {
    const word = boundary.verdict === 'fails' ? 'fails' : 'unresolved';
    distributions.push({
      label: `${boundary.cpu} cores, ${word}`,
      kind: 'failed',
      points: shares(boundary.measurement.load.latenciesMs),
    });
  }
  const free = session.meter.taken.find(each => each.kind === 'at-rate' && each.threads === predicted.threads);
  if (free) distributions.push({ label: 'no limit', kind: 'unlimited', points: shares(free.load.latenciesMs) });
  return distributions;
}

/** Enough points for a smooth curve; requests that failed have no latency to draw. */
function shares(latencies: ArrayLike<number>): Array<readonly [number, number]> {
  const ascending = sorted(latencies);
  const last = ascending.filter(Number.isFinite).length / ascending.length;
  const steps = [...Array.from({ length: 99 }, (_, i) => (i + 1) / 100), 0.995, 0.999];
  return steps
    .filter(share => share <= last && share <= 1 - 1 / ascending.length)
    .map(share => [share, quantile(ascending, share)]);
}

function memoryOf({ session, cold, peakBytes }: Findings): MemorySeries {
  const all = session.memoryPoints();
  const every = Math.max(1, Math.ceil(all.length / 400));
  const points = all
    .filter((point, index) => index % every === 0 || point.atMs < 2 * cold.ms)
    .map(point => ({ atMs: Math.round(point.atMs), bytes: point.anonymous + point.file }));
  return { points, loadedAtMs: cold.ms, peakBytes };
}

export const targetLabel = (percentile: number, latencyMs: number): string =>
  `target ${percentileName(percentile)} ${latencyMs} ms`;
