import { TraceContext } from '../trace-context';

/** One answered request, as the `requests` table has it. */
export interface RequestRecord {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** Absolute or not; its query is never sent, since it may carry inputs or secrets. */
  readonly url: string;
  readonly status: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly seconds: number;
  readonly requestId: string;
  readonly clientRequestId?: string;
  readonly trace?: TraceContext;
  /** Sent only where responses are logged. */
  readonly response?: Buffer;
}

export type Severity = 'verbose' | 'information' | 'warning' | 'error' | 'critical';

/** Which request a trace or an exception belongs to; empty where it belongs to none. */
export interface Origin {
  readonly requestId?: string;
  readonly clientRequestId?: string;
  readonly trace?: Pick<TraceContext, 'traceId' | 'spanId'>;
}

/** One line of a log or of a script's output, as the `traces` table has it. */
export interface TraceRecord extends Origin {
  readonly message: string;
  readonly severity: Severity;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly properties?: Readonly<Record<string, string>>;
}

/** One failure, as the `exceptions` table has it. */
export interface ExceptionRecord extends Origin {
  readonly error: Error;
  /** Milliseconds since the epoch. */
  readonly time: number;
}
