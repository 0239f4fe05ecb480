import { Fn, Op, Token } from 'cdktf';
import { SERVER_DEFAULTS } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { WebserviceProps } from './webservice-props';

/** Seconds that the server needs beyond its last request, to close connections and end its engines. */
const MARGIN_SECONDS = 5;

/**
 * Seconds from the signal to stop until a request that came at the last moment has been answered: the time in which new
 * ones still arrive, the wait for an engine, and the scoring.
 *
 * @internal
 */
export function shutdownSeconds(props: WebserviceProps, drainDelayMs: number): number {
  const waitMs = props.maxQueueWaitMs ?? SERVER_DEFAULTS.maxQueueWaitMs;
  const scoringMs = props.scoringTimeoutMs ?? SERVER_DEFAULTS.scoringTimeoutMs;
  if (isKnown(waitMs) && isKnown(scoringMs)) return Math.ceil((drainDelayMs + waitMs + scoringMs) / 1000) + MARGIN_SECONDS;
  const total = Op.add(Op.add(waitMs, scoringMs), drainDelayMs + MARGIN_SECONDS * 1000);
  return Fn.ceil(Token.asNumber(Op.div(total, 1000)));
}
