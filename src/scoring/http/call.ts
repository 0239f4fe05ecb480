import { EventEmitter } from 'events';
import { IncomingMessage } from 'http';
import { Readable } from 'stream';
import { header } from './header';
import { Hold, RequestBody } from './request-body';

/** What is known of a request before its body is read. */
export type CallHead = Readonly<Pick<IncomingMessage, 'method' | 'headers' | 'socket'>>;

/**
 * Who is told once, when the connection is done with a call: the answer is out, or the caller has left. An object and no function:
 * V8 keeps calls through young collections that have a closure of their own as a property ([decisions](../../../docs/decisions.md), 46).
 */
export interface CallObserver {
  callEnded(): void;
}

/** One request and the way back to its caller, whoever reads the connection. */
export interface Call extends CallHead {
  readonly method: string;
  readonly url: string;
  observer?: CallObserver;
  /** Says `close` where the caller leaves. */
  readonly caller: Pick<EventEmitter, 'once' | 'off'>;
  /** Whether an answer was begun, or there is nobody to get one. */
  readonly isOver: boolean;

  /** Once at most. @throws BodyRefusedError, CallerGoneError as `readBody` */
  readBody(maxBytes: number, hold: Hold): RequestBody | Promise<RequestBody>;

  /** The whole answer; `headers`: names and values in turn. What is still to come of the request is nobody's any more. */
  send(status: number, headers: readonly string[], body: readonly Buffer[], keepAlive: boolean): void;

  /** Sends the pieces as they come; where they end in an error the connection is cut, so that nobody takes them for the whole. */
  stream(status: number, headers: readonly string[], body: Readable, keepAlive: boolean): void;
}

/** An unread body up to this size is drained, so that the connection can be used again. */
export const DRAIN_BYTES = 64 * 1024;
/** Up to this size a copy costs less than a second buffer in the system call. */
export const ONE_WRITE_BYTES = 16 * 1024;
/** A refused caller gets this long to read why; a reset at once would take the answer away. */
export const LINGER_MS = 1_000;

/** What `Content-Length` says; infinite for a chunked body, 0 for none. */
export function declaredLength(request: Pick<IncomingMessage, 'headers'>): number {
  if (header(request, 'transfer-encoding') !== undefined) return Infinity;
  return Number(header(request, 'content-length') ?? 0);
}
