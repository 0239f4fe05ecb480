import { disturbedBy } from './interference';
import type { Measurement } from './measurement';
import { NO_LUMPS, predictLatencies, ServiceDemand, Workload } from './quota-simulator';
import type { SettingsDemand } from './search';
import { differOnlyInBatches } from './server-settings';
import { quantile, sorted, sum } from './statistics';

/** Enough to carry the shape of a tail, few enough that each is known. */
const QUANTILES = 50;

/**
 * The demand with what its simulation leaves out: how long a processor takes to wake, what the network's side adds, all that makes
 * equal requests differ. `measuredMs` are latencies at `rate` requests a second in open loop without a CPU limit; each quantile's
 * distance from the simulation of the same becomes one value of `jitterMs`.
 *
 * Quantiles above 1 − 1/√n are not taken from n requests: a few requests would decide them. Unchanged where there are fewer than 50.
 */
export function calibrate<T extends ServiceDemand>(
  demand: T,
  streams: readonly Workload[],
  rate: number,
  measuredMs: ArrayLike<number>,
): T {
  const measured = sorted(measuredMs).filter(Number.isFinite);
  if (measured.length < QUANTILES) return demand;
  const plain = { ...demand, jitterMs: undefined, lumps: NO_LUMPS };
  const simulated = predictLatencies(plain, streams, rate, Infinity);
  const highest = 1 - 1 / Math.sqrt(measured.length);
  const jitterMs = Float64Array.from({ length: QUANTILES }, (_, i) => {
    const p = Math.min(highest, (i + 0.5) / QUANTILES);
    // no request is faster than its engine's work
    return Math.max(-demand.overheadMs, quantile(measured, p) - quantile(simulated, p));
  });
  return { ...demand, jitterMs };
}

/** The same with the latencies of a profile's own windows at the rate that was asked for. Unchanged where all were disturbed. */
export function calibrateByWindows<T extends SettingsDemand>(
  demand: T,
  streams: readonly Workload[],
  windows: readonly Measurement[],
): T {
  const atRate = windows.filter(
    each => each.kind === 'at-rate' && differOnlyInBatches(each.settings, demand.settings) && !disturbedBy(each),
  );
  const latencies = atRate.flatMap(({ load }) => Array.from(load.latenciesMs));
  const seconds = sum(atRate.map(({ load }) => load.elapsedMs)) / 1000;
  return atRate.length === 0 ? demand : calibrate(demand, streams, latencies.length / seconds, latencies);
}
