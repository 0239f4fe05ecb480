import type { LatencyPromise } from '../../../src/profiler/load-generator';
import type { Measurement } from '../../../src/profiler/measurement';
import { effectiveSampleSize, judgeCount, judgeLatencies, quantile, sorted, Verdict } from '../../../src/profiler/statistics';
import type { BenchCase } from '../cases';

/** What is kept of one open-loop run. */
export interface Trial {
  readonly seed: number;
  readonly requests: number;
  /** Requests that the sample is worth. */
  readonly effective: number;
  /** Requests that took longer than promised. */
  readonly over: number;
  /** The case's percentile, milliseconds; a minute where requests failed. */
  readonly latencyMs: number;
  readonly verdict: Verdict;
  readonly cpuMsPerRequest: number;
  /** Speed of a core, multiply-adds per CPU millisecond. */
  readonly speed: number;
  readonly lagP99Ms: number;
  readonly foreignCores: number;
  readonly steal: number;
  /** Why it was another experiment than the one wanted; taken for want of a better one. */
  readonly spoiledBy?: string;
}

const A_MINUTE = 60_000;

export function trialOf(bench: BenchCase, seed: number, { load, coreSpeed, cpuMsPerRequest, disturbance }: Measurement): Trial {
  const { percentile, latencyMs } = bench;
  const { latenciesMs } = load;
  return {
    seed,
    requests: latenciesMs.length,
    effective: Math.floor(effectiveSampleSize(latenciesMs, percentile)),
    over: latenciesMs.filter(each => !(each <= latencyMs)).length,
    latencyMs: round(Math.min(quantile(sorted(latenciesMs), percentile), A_MINUTE)),
    verdict: load.verdict ?? judgeLatencies(latenciesMs, latencyMs, percentile, 0.05),
    cpuMsPerRequest: round(cpuMsPerRequest),
    speed: Math.round(coreSpeed),
    lagP99Ms: round(load.lagMs.length > 0 ? quantile(sorted(load.lagMs), 0.99) : 0),
    foreignCores: round(disturbance.foreignCores),
    steal: round(disturbance.steal),
  };
}

/** All trials as one sample: each counts as many independent requests as its own autocorrelation leaves. */
export function judgeTogether(trials: readonly Trial[], percentile: number, error: number): Verdict {
  const effective = trials.reduce((total, trial) => total + trial.effective, 0);
  const over = trials.reduce((total, trial) => total + (trial.over * trial.effective) / trial.requests, 0);
  return judgeCount(over, effective, percentile, error);
}

/**
 * What made a trial another experiment than the one wanted, whether it went well or not: cores that were slower or faster than while
 * the size was chosen, neighbours, or a generator that came late.
 */
export function spoiledBy(trial: Trial, wantedSpeed: number, bench: BenchCase): string | undefined {
  const ratio = trial.speed / wantedSpeed;
  if (ratio < 0.87 || ratio > 1.15) return `cores at ${Math.round(ratio * 100)} % of the profile's speed`;
  if (trial.steal > 0.1) return `hypervisor took ${trial.steal} cores`;
  if (trial.foreignCores > 0.25) return `other programs used ${trial.foreignCores} cores`;
  if (trial.lagP99Ms > Math.max(3, bench.latencyMs / 10)) return `requests left ${trial.lagP99Ms} ms late`;
  return undefined;
}

/** Long enough for ten late requests, were the promise just kept. */
export const trialMs = ({ rate, percentile }: BenchCase): number =>
  Math.min(Math.max((10 / (1 - percentile) / rate) * 1000, 5_000), 25_000);

/** Ends hopeless runs early. */
export const hopeless = ({ latencyMs, percentile }: BenchCase): LatencyPromise => ({
  ...{ latencyMs, percentile },
  looks: [0.1, 0.2, 0.4, 0.6, 0.8],
  errorPerLook: 0.01,
});

/**
 * Ends runs that nothing can save, and none that goes well: it looks only before enough requests have come to prove a promise. A sample
 * that was cut short where it looked good would prove less than a whole one.
 */
export function hopelessOnly(bench: BenchCase): LatencyPromise {
  const { rate, percentile, latencyMs } = bench;
  const errorPerLook = 0.001;
  const tooFew = Math.log(errorPerLook) / Math.log(percentile) - 1;
  const share = (tooFew / rate) * (1000 / trialMs(bench));
  return { latencyMs, percentile, errorPerLook, looks: [0.25, 0.5, 1].map(part => part * share).filter(at => at < 1) };
}

export const round = (value: number): number => Number(value.toPrecision(5));
