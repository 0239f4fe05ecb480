import { ProfileVerification } from '../sizing/profile-result';
import type { LimitKind, Throttling } from './confinement';
import { MAX_DISTURBANCE } from './interference';
import { LatencyPromise } from './load-generator';
import { Expectation, judgeMatched } from './matched-trace';
import type { Measurement } from './measurement';
import type { ServerSettings } from './server-settings';
import { A_MINUTE } from './summary';
import { effectiveSampleSize, Interval, judgeLatencies, quantile, quantileInterval, sorted, Verdict } from './statistics';

/** A size to run under its real limits. */
export interface Size {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly settings: ServerSettings;
}

/** One run under limits, as it is kept in the raw file. */
export interface RunRecord {
  /** Absent where memory ran out. */
  readonly measurement?: Measurement;
  /** The same server afterwards, with always some requests waiting: what the size carries. */
  readonly saturated?: Measurement;
  /** When memory ran out. */
  readonly starved?: 'load' | 'run';
  readonly throttling?: Throttling;
  /** Pages that had to be read from disk while requests ran: the limit is below what is used again and again. */
  readonly majorFaults: number;
}

/** A size that was run, and how it did. */
export interface VerifiedSize extends Size {
  readonly verdict: Verdict;
  readonly measurement: Measurement;
  readonly saturated?: Measurement;
  /** Of all its runs together, milliseconds. */
  readonly latenciesMs: Float64Array;
  /** Share of requests that are late in the long run, as far as these tell. */
  readonly lateShare: number;
  /** How many those are. */
  readonly runs: number;
  /** What a simulation says of the same arrivals. */
  readonly expectation?: Expectation;
  readonly figures: ProfileVerification;
  /** What may have made it look worse than it is. */
  readonly disturbedBy?: string;
  /** It keeps the promise in the server that was run, and would not in one whose requests are a little dearer. */
  readonly onlyHere?: boolean;
}

const LOOKS = [0.4, 0.6, 0.8, 1];
const ERROR = 0.05;

/**
 * How a promise is decided during a run of about `requests`: at four looks that share an error of 5 %, since repeated looking
 * would find what it looks for; at the end only where the first look could not see enough.
 */
export function promiseOf(latencyMs: number, percentile: number, requests: number): LatencyPromise {
  const shared = ERROR / LOOKS.length;
  const looks = LOOKS[0] * requests >= leastRequests(percentile, shared) ? LOOKS : [1];
  return { latencyMs, percentile, looks, errorPerLook: ERROR / looks.length };
}

/** Requests that prove a promise if none is late: 59 for p95 with an error of 5 %. */
export const leastRequests = (percentile: number, error = ERROR): number => Math.ceil(Math.log(error) / Math.log(percentile));

/** The load of a verification run. */
export interface RunPlan {
  /** Requests a second: the objective's, or more where that would take too long to prove anything. */
  readonly rate: number;
  readonly durationMs: number;
}

/**
 * A run long enough to have late requests to count. A rate too low for that is raised as far as `carries` lets it: who
 * keeps the promise under more load keeps it under less.
 */
export function planRun(
  rate: number,
  percentile: number,
  bounds: { readonly minMs: number; readonly maxMs: number },
  carries: (rate: number) => boolean,
): RunPlan {
  const wanted = (15 / (1 - percentile) / rate) * 1000;
  if (wanted <= bounds.maxMs) return { rate, durationMs: Math.max(wanted, bounds.minMs) };
  // a Poisson stream may bring a fifth less than its mean
  const enough = (leastRequests(percentile) * 1.6 * 1000) / bounds.maxMs;
  return { rate: enough > rate && carries(enough) ? enough : rate, durationMs: bounds.maxMs };
}

/** What surrounded a run. */
export interface RunContext {
  readonly kind: LimitKind;
  readonly throttling?: Throttling;
  /** Speed of a core that the demand is stated at. */
  readonly referenceSpeed: number;
  /** Requests a second that were sent. */
  readonly rate: number;
  /** Requests a second that were asked for. */
  readonly wantedRate: number;
}

/**
 * The verdict and the figures of one open-loop run, judged together with `earlier` ones of the same size that could not decide.
 * A failure that others may have caused is no failure of the size, and a success that a faster core may have caused is none.
 */
export function judgeRun(
  size: Size,
  measurement: Measurement,
  promise: LatencyPromise,
  context: RunContext,
  expectation?: Expectation,
  earlier?: VerifiedSize,
): VerifiedSize {
  const { latencyMs, percentile, errorPerLook } = promise;
  const latenciesMs = joined(earlier?.latenciesMs, measurement.load.latenciesMs);
  const restated = atReferenceSpeed(latenciesMs, measurement, context.referenceSpeed);
  const runs = 1 + (earlier?.runs ?? 0);
  const error = earlier ? ERROR / runs : errorPerLook;
  const early = restated === latenciesMs && !earlier ? measurement.load.verdict : undefined;
  const beside = joinedExpectation(earlier?.expectation, expectation);
  const judged = beside && judgeMatched(restated, beside, latencyMs, percentile, error);
  // what stopped a run early may have been its arrivals, so its simulation has the last word
  const seen = judged?.verdict ?? early ?? judgeLatencies(restated, latencyMs, percentile, error);
  const lateShare = judged?.lateShare ?? restated.filter(each => each > latencyMs).length / restated.length;
  const disturbance = disturbanceOf(measurement, promise, context.referenceSpeed);
  // failing because of others, or under more load than was asked for, proves nothing
  const blameless = disturbance !== undefined || context.rate > context.wantedRate;
  const verdict = seen === 'fails' && blameless ? 'unresolved' : seen;
  const ascending = sorted(restated);
  const effective = Math.max(effectiveSampleSize(restated, percentile), Math.min(judged?.effectiveSamples ?? 0, restated.length));
  const interval = quantileInterval(ascending, percentile, 0.95, effective);
  const { throttling, kind } = context;
  const figures: ProfileVerification = {
    cpu: size.cpu,
    memoryInGB: size.memoryInGB,
    holds: verdict === 'holds',
    verdict,
    ...(context.rate > context.wantedRate ? { rate: round(context.rate, 2) } : {}),
    requests: restated.length,
    latencyMs: finite(quantile(ascending, percentile)),
    ...(interval && Number.isFinite(interval[1]) ? { latencyIntervalMs: rounded(interval) } : {}),
    ...(throttling && throttling.periods > 0 ? { throttledRatio: round(throttling.throttled / throttling.periods, 3) } : {}),
    ...(measurement.load.lagMs.length > 0 ? { sendLagP99Ms: round(lateSends(measurement.load.lagMs), 2) } : {}),
    generatorCores: round(measurement.load.generatorCores, 3),
    limits: kind,
  };
  return {
    ...size,
    verdict,
    measurement,
    latenciesMs: restated,
    lateShare,
    runs,
    expectation: beside,
    figures,
    disturbedBy: disturbance,
    onlyHere: judged?.onlyHere,
  };
}

/** A core this much faster than the one that the demand is stated at proves too much. */
const FAST = 1.05;

/** Latencies as a core of the reference speed would have had them, where this one was faster. */
function atReferenceSpeed(latenciesMs: Float64Array, { coreSpeed }: Measurement, referenceSpeed: number): Float64Array {
  const faster = coreSpeed / referenceSpeed;
  return faster > FAST ? latenciesMs.map(each => each * faster) : latenciesMs;
}

/** Of runs of one size, one after the other. */
function joinedExpectation(a: Expectation | undefined, b: Expectation | undefined): Expectation | undefined {
  if (!a || !b) return a ?? b;
  const share = b.ofRun.length / (a.ofRun.length + b.ofRun.length);
  const both = (key: 'inLongRun' | 'inDearerServer'): number => (1 - share) * a[key] + share * b[key];
  return { ofRun: joined(a.ofRun, b.ofRun), inLongRun: both('inLongRun'), inDearerServer: both('inDearerServer') };
}

const joined = (a: Float64Array | undefined, b: Float64Array): Float64Array => (a ? Float64Array.of(...a, ...b) : b);

/** A core slower than this share of the demand's speed makes a failure the machine's and not the size's. */
const MIN_SPEED = 0.87;

/**
 * What made a run look worse than its size is, where it can have made the difference. Waiting for a processor says nothing
 * here, since a quota makes its group wait; the generator has no quota, so when it comes late the machine was busy.
 */
function disturbanceOf({ load, disturbance, coreSpeed }: Measurement, promise: LatencyPromise, referenceSpeed: number) {
  const { latencyMs, percentile } = promise;
  const late = lateSends(load.lagMs);
  const speed = Math.min(1, coreSpeed / referenceSpeed);
  const { steal } = disturbance;
  // work and the queue before it both shrink on a faster core; a request waits for some others that were late themselves
  const undisturbed = quantile(sorted(load.latenciesMs), percentile) * speed ** 2 * (1 - Math.min(steal, 1)) - 3 * late;
  if (undisturbed > latencyMs) return undefined;
  if (steal > MAX_DISTURBANCE.steal) return `the hypervisor took ${(steal * 100).toFixed(0)} % of a core`;
  if (late > Math.max(2, latencyMs / 10)) {
    const others = disturbance.foreignCores.toFixed(1);
    return `other programs used ${others} cores, and requests left up to ${late.toFixed(0)} ms late`;
  }
  if (speed < MIN_SPEED) return `a core ran at ${(speed * 100).toFixed(0)} % of the speed that the demand was measured at`;
  return undefined;
}

/** How late the latest hundredth of requests was sent, milliseconds; it counts as latency. */
export const lateSends = (lagMs: Float64Array): number => (lagMs.length === 0 ? 0 : quantile(sorted(lagMs), 0.99));

const rounded = ([low, high]: Interval): readonly [number, number] => [round(low, 2), round(high, 2)];

/** JSON has no infinity; a minute says the same to whoever reads a latency. */
const finite = (latencyMs: number): number => round(Math.min(latencyMs, A_MINUTE), 2);

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
