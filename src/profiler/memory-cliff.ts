import type { CliffPoint } from './series';

/** How a fresh server did under a memory limit, from a cold cache. */
export type CliffProbe =
  | { readonly killed: true }
  | {
      readonly killed: false;
      readonly medianMs: number;
      /** Pages that each request had to read from disk, once warm. */
      readonly majorFaultsPerRequest: number;
    };

export interface CliffSearch {
  /** Runs a few dozen requests under a limit; should itself end in time, since a server beyond the cliff may need seconds for each. */
  readonly start: (limitBytes: number) => Promise<CliffProbe>;
  readonly peakBytes: number;
  /** Looked at first: what the others are compared with. */
  readonly recommendedBytes: number;
  /**
   * Further limits as shares of the peak, descending; those above the recommended memory are left out.
   * @default DEFAULT_STEPS
   */
  readonly steps?: readonly number[];
  /**
   * Milliseconds for all of it: no probe begins that might end later, judged by the longest before it.
   * @default 10000
   */
  readonly capMs?: number;
}

export interface Cliff {
  /** Descending by limit; the last is the one behind the edge, where it was found in time. */
  readonly points: readonly CliffPoint[];
  /** The smallest limit that was as good as the recommended one; absent where not even that was good. */
  readonly kneeBytes?: number;
}

/** The peak's marks of several processes seldom meet, so that there is some room below it. */
export const DEFAULT_STEPS: readonly number[] = [1, 0.85, 0.7, 0.6, 0.5];
/** Slower than this beside the recommended memory is behind the edge, and less memory only takes longer to show the same. */
const FALLEN = 1.5;
/** As good as the recommended memory: within a tenth, and pages are not read again and again. */
const UNHARMED = 1.1;
const UNHARMED_FAULTS = 0.1;

/** The largest limit that did harm. */
export const firstHarm = ({ points, kneeBytes = Infinity }: Cliff): CliffPoint | undefined =>
  points.find(({ limitBytes }) => limitBytes < kneeBytes);

/**
 * Latency under smaller and smaller memory limits, until it falls off: a server survives far below the limit at which it
 * begins to read its own pages from disk with each request, and survival alone would recommend that.
 */
export async function findCliff(search: CliffSearch): Promise<Cliff> {
  const { start, capMs = 10_000 } = search;
  const began = performance.now();
  const points: CliffPoint[] = [];
  let longestMs = 0;
  let first: number | undefined;
  let kneeBytes: number | undefined;
  for (const limitBytes of limitsOf(search)) {
    const startedMs = performance.now() - began;
    if (startedMs + longestMs > capMs) break;
    const probe = await start(limitBytes);
    longestMs = Math.max(longestMs, performance.now() - began - startedMs);
    if (probe.killed) {
      points.push({ limitBytes });
      break;
    }
    const { medianMs, majorFaultsPerRequest } = probe;
    points.push({ limitBytes, medianMs, majorFaultsPerRequest });
    first ??= medianMs;
    const unharmed = medianMs <= UNHARMED * first && majorFaultsPerRequest <= UNHARMED_FAULTS;
    // once harmed, a smaller limit that did well was only lucky
    if (unharmed && (points.length === 1 || kneeBytes === points[points.length - 2].limitBytes)) kneeBytes = limitBytes;
    if (medianMs > FALLEN * first) break;
  }
  return kneeBytes === undefined ? { points } : { points, kneeBytes };
}

function limitsOf({ peakBytes, recommendedBytes, steps = DEFAULT_STEPS }: CliffSearch): number[] {
  const below = steps.map(share => Math.round(share * peakBytes)).filter(limit => limit > 0 && limit < recommendedBytes);
  return [Math.round(recommendedBytes), ...new Set(below.sort((a, b) => b - a))];
}
