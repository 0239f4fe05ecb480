import { ProfileError } from '../../../src/profiler/errors';
import type { LatencyPromise } from '../../../src/profiler/load-generator';
import type { BenchCase } from '../cases';
import type { Recommended } from '../command';
import { Testbed } from '../testbed';
import { hopelessOnly, judgeTogether, spoiledBy, Trial, trialMs, trialOf } from './trial';

/** How a size did in fresh groups under its real limits. */
export interface Holding {
  readonly verdict: 'holds' | 'fails' | 'unresolved';
  readonly trials: readonly Trial[];
  /** Trials that were not what was wanted, and why; they were repeated and do not count. */
  readonly spoiled: readonly string[];
  readonly outOfMemory: boolean;
}

/** How the next smaller size did. */
export interface Below extends Holding {
  readonly cpu: number;
}

const STEP = 0.1;
const SEEDS = 3;
const MOST_SPOILED = 4;
/** Two looks, after three seeds and after six, share the error of 5 %. */
const ERROR = 0.05 / 2;

/** What the recommended size does. `speed` is that of the cores while it was chosen. */
export const checkHolds = (testbed: Testbed, bench: BenchCase, size: Recommended, speed: number): Promise<Holding> =>
  judgeAfresh(bench, speed, 900_001, seed => tryOnce(testbed, bench, size, seed));

/** The same of a size that is thought to fail: its runs end as soon as they cannot do otherwise. */
export async function checkBelow(testbed: Testbed, bench: BenchCase, size: Recommended, speed: number): Promise<Below> {
  const tried = await judgeAfresh(bench, speed, 950_001, seed => tryOnce(testbed, bench, size, seed, hopelessOnly(bench)));
  return { ...tried, cpu: size.cpu };
}

/** The same with a tenth of a core less, where that is something. */
export function stepBelow(size: Recommended): Recommended | undefined {
  const cpu = Number((size.cpu - STEP).toFixed(2));
  return cpu >= STEP ? { ...size, cpu } : undefined;
}

/**
 * Tries a size with three seeds that no profile has used, each in a fresh server from a cold cache, and three more where these decide
 * nothing.
 */
async function judgeAfresh(
  bench: BenchCase,
  speed: number,
  firstSeed: number,
  attempt: (seed: number) => Promise<Trial>,
): Promise<Holding> {
  const trials: Trial[] = [];
  const spoiled: string[] = [];
  for (let seed = firstSeed; ; seed++) {
    let trial: Trial;
    try {
      trial = await attempt(seed);
    } catch (error) {
      if (!(error instanceof ProfileError && error.code.startsWith('OUT_OF_MEMORY'))) throw error;
      return { verdict: 'fails', trials, spoiled, outOfMemory: true };
    }
    const reason = spoiledBy(trial, speed, bench);
    if (reason && spoiled.length < MOST_SPOILED) {
      spoiled.push(reason);
      continue;
    }
    trials.push({ ...trial, spoiledBy: reason });
    if (trials.length % SEEDS !== 0) continue;
    const verdict = judgeTogether(trials, bench.percentile, ERROR);
    if (verdict !== 'unresolved' || trials.length === 2 * SEEDS) return { verdict, trials, spoiled, outOfMemory: false };
  }
}

export function tryOnce(
  testbed: Testbed,
  bench: BenchCase,
  size: Recommended,
  seed: number,
  promise?: LatencyPromise,
): Promise<Trial> {
  return testbed.with(size, async server => {
    await server.settle();
    return trialOf(bench, seed, await server.open(bench.rate, trialMs(bench), seed, promise));
  });
}
