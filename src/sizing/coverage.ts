import { ProfiledAlternative, ProfileResult } from './profile-result';

/** What a stack needs of a profile: every part of it must be covered. */
export interface Question {
  /** Requests per second. */
  readonly rate?: number;
  readonly bounds: readonly LatencyBound[];
}

/** Latency that a share of the requests must stay below. */
export interface LatencyBound {
  /** 0.95 for p95. */
  readonly percentile: number;
  readonly latencyMs: number;
}

/** A part of a question that the profiled size does not cover, in words. */
export interface Shortfall {
  readonly asked: string;
  readonly measured: string;
}

/** What the recommended size falls short of; empty where it covers the question. */
export function shortfalls(profile: ProfileResult, { rate, bounds }: Question): Shortfall[] {
  const { objective } = profile;
  const missed = bounds.filter(bound => !provesBound(profile, bound));
  return [
    ...(coversRate(profile, rate) ? [] : [{ asked: `${rate} requests a second`, measured: `${objective.rate}` }]),
    ...missed.map(bound => ({ asked: boundText(bound), measured: boundText(objective) })),
  ];
}

/** The cheapest other size of one replica that covers the question: computed at the profile's rate and percentile. */
export function fittingAlternative(profile: ProfileResult, { rate, bounds }: Question): ProfiledAlternative | undefined {
  const { objective, alternatives = [] } = profile;
  if (!coversRate(profile, rate)) return undefined;
  return alternatives.find(
    ({ replicas, evidence, capacity, latencyMs }) =>
      replicas === 1 &&
      evidence !== 'failed' &&
      capacity >= objective.rate &&
      bounds.every(bound => isAtLeast({ percentile: objective.percentile, latencyMs }, bound)),
  );
}

const coversRate = ({ objective }: ProfileResult, rate: number | undefined) => rate === undefined || rate <= objective.rate;

/** By the promise itself, or by a percentile of the run that proves it whose interval ends below the bound. */
function provesBound({ objective, evidence, percentiles = [] }: ProfileResult, bound: LatencyBound): boolean {
  if (isAtLeast(objective, bound)) return true;
  return (
    evidence === 'verified' &&
    percentiles.some(
      ({ percentile, resolved, intervalMs }) => resolved && isAtLeast({ percentile, latencyMs: intervalMs?.[1] }, bound),
    )
  );
}

/** True where who keeps `promise` keeps `bound`: fewer exceptions, no later. A latency that is not known promises nothing. */
const isAtLeast = (promise: { readonly percentile: number; readonly latencyMs?: number }, bound: LatencyBound) =>
  promise.percentile >= bound.percentile && typeof promise.latencyMs === 'number' && promise.latencyMs <= bound.latencyMs;

/** `p95 40 ms`, `p99.9 40 ms`. */
export const boundText = ({ percentile, latencyMs }: LatencyBound) => `p${Number((percentile * 100).toFixed(6))} ${latencyMs} ms`;
