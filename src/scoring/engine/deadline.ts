import { HeaderValues, ScoreRequest } from './engine';

/** When whoever sent a request stops waiting for its answer. */
export interface Deadline {
  /** Milliseconds that it gave the whole request. */
  readonly ms: number;
  /** The moment, by `performance.now()`. */
  readonly at: number;
}

/** A request, with the moment at which nobody waits for its answer any more. */
export interface TimedRequest extends ScoreRequest {
  readonly deadline?: Deadline;
}

/** Envoy, and Istio by it, say so of their own; the other is for clients that know what they want. */
const HEADERS = ['x-envoy-expected-rq-timeout-ms', 'x-request-timeout-ms'] as const;

/** The earliest that the headers say of a request that came at `startedAt`. What is no positive integer counts as absent. */
export function readDeadline(headers: HeaderValues, startedAt: number): Deadline | undefined {
  const given = HEADERS.map(name => headers[name]).filter(value => typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value));
  if (given.length === 0) return undefined;
  const ms = Math.min(...given.map(Number));
  return { ms, at: startedAt + ms };
}
