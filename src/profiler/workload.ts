import { derivedSeed, patternGaps, Random } from './arrivals';
import { LoadPattern, POISSON } from './load-pattern';

/** A stream of requests in units that every candidate shares: the same randomness for all makes them comparable. */
export interface Workload {
  /** Gaps between arrivals in units of the mean gap. */
  readonly gaps: Float64Array;
  /** Which observed request each arrival repeats, as a share of the observations, [0, 1). */
  readonly picks: Float64Array;
  /** Where in the bandwidth period the stream starts, as a share of it, [0, 1). */
  readonly phase: number;
  /** Gaps between the server's own bursts of CPU in units of their mean gap, repeated as needed. */
  readonly lumps: Float64Array;
}

const LUMPS = 251;

/**
 * Several independent streams, enough to see the tail and every phase of the period.
 *
 * @param rate requests a second: how many requests a burst holds depends on it. Other patterns do not look at it.
 */
export function workloads(
  seed: number,
  streams: number,
  requests: number,
  pattern: LoadPattern = POISSON,
  rate?: number,
): Workload[] {
  return Array.from({ length: streams }, (_, index) => {
    const random = new Random(derivedSeed(seed, index));
    const draw = (count: number, next: () => number) => Float64Array.from({ length: count }, next);
    const phase = (index + random.next()) / streams;
    const gaps = patternGaps(pattern, requests, random, rate);
    return { phase, gaps, picks: draw(requests, () => random.next()), lumps: draw(LUMPS, () => random.exponential()) };
  });
}
