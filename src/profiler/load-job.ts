import type { CpuUsageFile } from './confinement';
import type { LoadPattern } from './load-pattern';
import type { Verdict } from './statistics';

/** What load to put on a server. Durations and latencies in milliseconds. */
export type LoadJob = ClosedLoad | OpenLoad;

interface LoadTarget {
  readonly scoringUri: string;
}

/**
 * Each connection sends its next request when the last was answered: shows cost and capacity, never waiting time. Inputs come
 * in their order, each once, then in turns by weight; the next job goes on where the last ended.
 */
export interface ClosedLoad extends LoadTarget {
  readonly kind: 'closed';
  readonly connections: number;
  /** Stops after this long, and after `maxRequests` where given. */
  readonly durationMs: number;
  readonly maxRequests?: number;
  /** Read after each request, to attribute CPU time to it; only meaningful with one connection. */
  readonly cpuUsageFile?: CpuUsageFile;
}

/** Requests are sent when they are due, answered or not: shows what callers wait. */
export interface OpenLoad extends LoadTarget {
  readonly kind: 'open';
  /** Requests a second. */
  readonly rate: number;
  /** How they arrive; a recording says which input each is. @default Poisson */
  readonly pattern?: LoadPattern;
  readonly durationMs: number;
  readonly seed: number;
  /** Requests that may be in flight; those due beyond it are not sent and count as failed. */
  readonly maxOutstanding: number;
  /** Ends the run early once the promise is decided. */
  readonly promise?: LatencyPromise;
}

/** "The share `percentile` of requests takes at most `latencyMs`", decided at a few looks with the error shared among them. */
export interface LatencyPromise {
  readonly latencyMs: number;
  readonly percentile: number;
  /** Shares of the duration at which to look. */
  readonly looks: readonly number[];
  /** Chance of a wrong decision at one look. */
  readonly errorPerLook: number;
}

/** What happened. Arrays are in the order of arrival. */
export interface LoadResult {
  /** From the time a request was due (open) or sent (closed) to its last byte; infinite where it failed. */
  readonly latenciesMs: Float64Array;
  /** When each request was due, from the start; open loop only. */
  readonly dueMs: Float64Array;
  /** How late each request was sent, open loop only. */
  readonly lagMs: Float64Array;
  /** CPU milliseconds of the server for each request, where asked for. */
  readonly cpuMs: Float64Array;
  readonly elapsedMs: number;
  readonly failed: number;
  /** The first request that was not answered with 200. */
  readonly firstFailure?: LoadFailure;
  /** Share of one core that the generator itself used. */
  readonly generatorCores: number;
  /** CPU milliseconds that the generator used. */
  readonly generatorCpuMs: number;
  /** Decided before the end. */
  readonly verdict?: Verdict;
}

export interface LoadFailure {
  /** Index of the input, from 0. */
  readonly input: number;
  /** 0 where no answer came. */
  readonly status: number;
  readonly message: string;
}
