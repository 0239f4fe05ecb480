import { mserCut, theilSenSlope, median } from './statistics';

/**
 * How a running server had settled when measuring began: `leak`: its cost is steady, but its memory grows and grows;
 * `unsettled`: its cost goes up and down too much to call anything a steady state.
 */
export type Steadiness = 'steady' | 'getting-cheaper' | 'getting-dearer' | 'leak' | 'unsettled';

export interface WarmUp {
  readonly steadiness: Steadiness;
  /** Batches dropped before the steady part. */
  readonly dropped: number;
  /** Relative change over the steady part, 0.02 for 2 %; negative while it still gets faster. Of a leak: of its memory. */
  readonly drift: number;
}

/** A steady part may change by this much over its length: machines themselves do. */
export const MAX_DRIFT = 0.05;
/** Fewer batches than this say nothing about a trend. */
export const MIN_BATCHES = 6;
/** A change that noise alone would make once in some hundred series is none. */
const MAX_DRIFT_ERRORS = 2.5;
/** Relative standard deviation, told from the middle half, above which there is no steady state. */
const MAX_SPREAD = 0.25;
/** Standard deviations within which a batch belongs to the steady part. */
const ALIKE = 3;
/** Memory may grow by this much over the last half. */
const MAX_GROWTH = 0.01;
/** Fewer memory samples than this say nothing about growth. */
const MIN_MEMORY_SAMPLES = 12;
/** Memory that grows less and less is a pool that fills. */
const STILL_GROWING = 0.7;

/**
 * Whether a series of batch medians (latency or CPU time per request, in order) has settled, and with it the memory (own pages,
 * bytes, evenly in time, from when loading was over), where that was watched.
 *
 * MSER finds where the transient ends; a Theil–Sen line through the rest says whether it still moves. Fixed warm-up counts
 * are unsafe: at most 43.5 % of the program and machine pairs of Barrett et al. (OOPSLA 2017) ever reached a steady peak.
 */
export function assessWarmUp(batchMedians: readonly number[], memory: readonly number[] = []): WarmUp {
  const dropped = steadyStart(withoutSpikes(batchMedians));
  const rest = batchMedians.slice(dropped);
  const slope = theilSenSlope(rest);
  const centre = median(rest);
  const drift = (slope * (rest.length - 1)) / centre;
  const noise = spread(rest.map((value, i) => value - slope * i)) / centre;
  // the error of a line's rise over its whole length, at n points with independent errors
  const error = noise * Math.sqrt(12 / rest.length);
  if (Math.abs(drift) > Math.max(MAX_DRIFT, MAX_DRIFT_ERRORS * error)) {
    return { steadiness: drift < 0 ? 'getting-cheaper' : 'getting-dearer', dropped, drift };
  }
  if (spread(rest) / centre > MAX_SPREAD) return { steadiness: 'unsettled', dropped, drift };
  const growth = steadyGrowth(memory);
  return growth > MAX_GROWTH ? { steadiness: 'leak', dropped, drift: growth } : { steadiness: 'steady', dropped, drift };
}

/**
 * By how much memory grew over the last half of a series, 0.02 for 2 %; 0 where it does not go on growing. Told by what is left
 * in each quarter when it is least, since a heap rises and falls with its collector.
 */
export function steadyGrowth(memory: readonly number[]): number {
  if (memory.length < MIN_MEMORY_SAMPLES) return 0;
  const floors = [0, 1, 2, 3].map(quarter =>
    Math.min(...memory.slice((quarter * memory.length) >> 2, ((quarter + 1) * memory.length) >> 2)),
  );
  const steps = floors.slice(1).map((floor, i) => floor - floors[i]);
  const [first, second, last] = steps;
  if (Math.min(...steps) <= 0 || last < (STILL_GROWING * (first + second)) / 2) return 0;
  // from the third quarter to the fourth is half of the way
  return (2 * last) / floors[2];
}

/** Where MSER cuts, and from there back over what is no different from the rest: among equals it likes any cut. */
function steadyStart(values: readonly number[]): number {
  let start = mserCut(values, 1);
  const rest = values.slice(start);
  const centre = median(rest);
  const reach = Math.max(ALIKE * spread(rest), MAX_DRIFT * Math.abs(centre));
  while (start > 0 && Math.abs(values[start - 1] - centre) <= reach) start--;
  return start;
}

/** Medians of three neighbours: a single slow batch is no transient, and an edge stays where it is. */
function withoutSpikes(values: readonly number[]): number[] {
  return values.map((value, i) => median([values[i - 1] ?? value, value, values[i + 1] ?? value]));
}

/** The standard deviation that a normal sample with this median deviation has. */
function spread(values: readonly number[]): number {
  const centre = median(values);
  return 1.4826 * median(values.map(value => Math.abs(value - centre)));
}
