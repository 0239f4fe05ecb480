/** How requests arrive over time at a given mean rate. */
export type LoadPattern = PoissonPattern | ConstantPattern | BurstPattern | TracePattern;

/** Callers that know nothing of each other: gaps are exponential. */
export interface PoissonPattern {
  readonly kind: 'poisson';
}

/** Equal gaps, from a random phase on. */
export interface ConstantPattern {
  readonly kind: 'constant';
}

/**
 * Poisson that switches between a busy and a calm rate; the mean over both is the rate that was asked for. Times in either are
 * exponential: a two-state Markov-modulated Poisson process (Fischer & Meier-Hellstern 1993).
 */
export interface BurstPattern {
  readonly kind: 'burst';
  /** Rate while busy, as a multiple of the mean. @default 3 */
  readonly factor: number;
  /** Share of time that is busy, so that `factor × share ≤ 1`. @default 0.2 */
  readonly share: number;
  /** Mean length of a busy time, milliseconds. @default 1000 */
  readonly meanMs: number;
}

/** A recording, repeated as needed and stretched to the rate. */
export interface TracePattern {
  readonly kind: 'trace';
  /** Arrival times, milliseconds from its start, ascending; at least two that differ. */
  readonly atMs: readonly number[];
  /** The input of each arrival. */
  readonly order: readonly number[];
}

export const POISSON: PoissonPattern = { kind: 'poisson' };
export const BURST: BurstPattern = { kind: 'burst', factor: 3, share: 0.2, meanMs: 1000 };
