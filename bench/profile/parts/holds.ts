import { ProfileError } from '../../../src/profiler/errors';
import type { BenchCase } from '../cases';
import type { Recommended } from '../command';
import { Testbed } from '../testbed';
import { judgeTogether, spoiledBy, Trial, trialMs, trialOf } from './trial';

/** How a size did in fresh groups under its real limits. */
export interface Holding {
  readonly verdict: 'holds' | 'fails' | 'unresolved';
  readonly trials: readonly Trial[];
  /** Trials that were not what was wanted, and why; they were repeated and do not count. */
  readonly spoiled: readonly string[];
  readonly outOfMemory: boolean;
}

const SEEDS = 3;
const MOST_SPOILED = 4;
/** Two looks, after three seeds and after six, share the error of 5 %. */
const ERROR = 0.05 / 2;

/**
 * Tries a size with three seeds that no profile has used, each in a fresh server from a cold cache, and three more where these decide
 * nothing. `speed` is that of the cores while the size was chosen.
 */
export async function checkHolds(testbed: Testbed, bench: BenchCase, size: Recommended, speed: number): Promise<Holding> {
  const trials: Trial[] = [];
  const spoiled: string[] = [];
  for (let seed = 900_001; ; seed++) {
    let trial: Trial;
    try {
      trial = await tryOnce(testbed, bench, size, seed);
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

export function tryOnce(testbed: Testbed, bench: BenchCase, size: Recommended, seed: number): Promise<Trial> {
  return testbed.with(size, async server => {
    await server.settle();
    return trialOf(bench, seed, await server.open(bench.rate, trialMs(bench), seed));
  });
}
