import { randomFillSync } from 'crypto';

/** One request's place in a distributed trace, as W3C Trace Context has it. */
export interface TraceContext {
  /** 32 lower-case hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** This server's span: 16 lower-case hexadecimal digits, not all zero. */
  readonly spanId: string;
  /** The caller's span; absent where the trace begins here. */
  readonly parentId?: string;
  readonly sampled: boolean;
  /** The caller's `tracestate`, untouched. */
  readonly tracestate?: string;
}

/** What a valid `traceparent` says. */
export type TraceParent = Pick<TraceContext, 'traceId' | 'spanId' | 'sampled'>;

const LENGTH = 55;
const SAMPLED = 1;
const ZERO_TRACE = '0'.repeat(32);
const ZERO_SPAN = '0'.repeat(16);

/** Reads a `traceparent` header; undefined for what the specification calls invalid. Later versions may be longer. */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  if (header === undefined || !hasForm(header)) return undefined;
  const traceId = header.slice(3, 35);
  const spanId = header.slice(36, 52);
  if (isZero(traceId) || isZero(spanId)) return undefined;
  return { traceId, spanId, sampled: (parseInt(header.slice(53, LENGTH), 16) & SAMPLED) !== 0 };
}

/** `version-trace-span-flags`. Character by character: every request pays for it, and an expression costs ten times as much. */
function hasForm(header: string): boolean {
  if (header.length < LENGTH || header.startsWith('ff')) return false;
  if (header.length > LENGTH && (header.startsWith('00') || header[LENGTH] !== '-')) return false;
  for (let i = 0; i < LENGTH; i++) {
    const dash = i === 2 || i === 35 || i === 52;
    if (dash ? header[i] !== '-' : !isHexDigit(header.charCodeAt(i))) return false;
  }
  return true;
}

/** Lower case only. */
function isHexDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
}

function isZero(hex: string): boolean {
  return hex === (hex.length === 16 ? ZERO_SPAN : ZERO_TRACE);
}

/**
 * This server's span in the caller's trace. Where there is no trace, or one that is malformed, a new one begins, which is
 * sampled; a `tracestate` without a valid `traceparent` means nothing and is left out.
 */
export function continueTrace(traceparent: string | undefined, tracestate?: string): TraceContext {
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return { traceId: randomHex(16), spanId: randomHex(8), sampled: true };
  const { traceId, spanId, sampled } = parent;
  return { traceId, spanId: randomHex(8), parentId: spanId, sampled, tracestate };
}

/** The header for whom this server calls: the caller's trace, with this server's span as the parent. */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Random bytes are drawn in bulk: one system call for hundreds of requests. */
const pool = new Uint8Array(4096);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
let used = pool.length;

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let hex = '';
  for (const end = used + bytes; used < end; used++) hex += HEX[pool[used]];
  return isZero(hex) ? randomHex(bytes) : hex;
}
