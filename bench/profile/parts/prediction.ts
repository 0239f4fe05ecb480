import type { ProfiledAlternative, ProfileResult } from '../../../src/sizing/profile-result';
import { median } from '../../../src/profiler/statistics';
import type { BenchCase } from '../cases';
import { Recommended, settingsOf } from '../command';
import { Testbed } from '../testbed';
import { Holding, tryOnce } from './holds';
import { round } from './trial';

/** A predicted figure beside the measured one. */
export interface Prediction {
  readonly cpu: number;
  readonly predicted: number;
  readonly measured: number;
  /** Speed of the cores while it was measured, relative to that of the profile. */
  readonly speedRatio: number;
}

/** Code that only a saturated server runs is compiled in its first second or two. */
const COMPILE_MS = 2_000;
const SATURATED_MS = 3_000;

/** Requests a second in closed loop under the recommended quota, median of two fresh servers. */
export async function measureCapacity(
  testbed: Testbed,
  size: Recommended,
  predicted: number,
  speed: number,
): Promise<Prediction> {
  const connections = Math.max(4, 2 * size.settings.workers, 2 * size.settings.maxBatch);
  const runs: Array<{ readonly rate: number; readonly speed: number }> = [];
  for (let run = 0; run < 2; run++) {
    runs.push(
      await testbed.with(size, async server => {
        await server.settle();
        await server.closed(connections, COMPILE_MS);
        const { answered, load, coreSpeed } = await server.closed(connections, SATURATED_MS);
        return { rate: answered / (load.elapsedMs / 1000), speed: coreSpeed };
      }),
    );
  }
  return {
    ...{ cpu: size.cpu, predicted },
    measured: round(median(runs.map(run => run.rate))),
    speedRatio: round(median(runs.map(run => run.speed)) / speed),
  };
}

/** The cheapest size of the profile that is loaded to at most 0.8 of its predicted capacity. */
export function calmSize(profile: ProfileResult, bench: BenchCase): (Recommended & { readonly latencyMs: number }) | undefined {
  const fits = ({ replicas, latencyMs, capacity, cpu }: ProfiledAlternative) =>
    replicas === 1 && latencyMs !== undefined && bench.rate <= 0.8 * capacity && cpu >= profile.recommendedCpu && cpu <= 1.5;
  const found = [...(profile.alternatives ?? [])].sort((a, b) => a.cpu - b.cpu).find(fits);
  return found?.latencyMs === undefined
    ? undefined
    : { cpu: found.cpu, memoryInGB: found.memoryInGB, settings: settingsOf(found.sessionOptions), latencyMs: found.latencyMs };
}

/** The percentile as computed beside the one of fresh runs: those that showed the recommended size, or two more. */
export async function measureLatency(
  testbed: Testbed,
  bench: BenchCase,
  size: Recommended & { readonly latencyMs: number },
  shown: { readonly cpu: number; readonly holding?: Holding },
  speed: number,
): Promise<Prediction> {
  const trials = [...(shown.cpu === size.cpu ? (shown.holding?.trials ?? []) : [])];
  for (let seed = 700_001; trials.length < 2; seed++) trials.push(await tryOnce(testbed, bench, size, seed));
  return {
    ...{ cpu: size.cpu, predicted: size.latencyMs },
    measured: round(median(trials.map(trial => trial.latencyMs))),
    speedRatio: round(median(trials.map(trial => trial.speed)) / speed),
  };
}
