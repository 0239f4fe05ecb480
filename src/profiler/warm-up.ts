import { mserCut, theilSenSlope, median } from './statistics';

/** How a running server had settled when measuring began. */
export type Steadiness = 'steady' | 'getting-cheaper' | 'getting-dearer';

export interface WarmUp {
  readonly steadiness: Steadiness;
  /** Batches dropped before the steady part. */
  readonly dropped: number;
  /** Relative change over the steady part, 0.02 for 2 %; negative while it still gets faster. */
  readonly drift: number;
}

/** A steady part may change by this much over its length. */
export const MAX_DRIFT = 0.05;
/** Fewer batches than this say nothing about a trend. */
export const MIN_BATCHES = 6;

/**
 * Whether a series of batch medians (latency or CPU time per request, in order) has settled.
 *
 * MSER finds where the transient ends; a Theil–Sen line through the rest says whether it still moves. Fixed warm-up counts
 * are unsafe: at most 43.5 % of the program and machine pairs of Barrett et al. (OOPSLA 2017) ever reached a steady peak.
 */
export function assessWarmUp(batchMedians: readonly number[]): WarmUp {
  const cut = mserCut(batchMedians, batchMedians.length >= 50 ? 5 : 1);
  const drift = driftOf(batchMedians.slice(cut));
  if (Math.abs(drift) <= MAX_DRIFT) return { steadiness: 'steady', dropped: cut, drift };
  return { steadiness: drift < 0 ? 'getting-cheaper' : 'getting-dearer', dropped: cut, drift };
}

function driftOf(values: readonly number[]): number {
  return (theilSenSlope(values) * (values.length - 1)) / median(values);
}
