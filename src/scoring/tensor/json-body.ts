import { isUtf8 } from 'buffer';
import { getHeapStatistics } from 'v8';
import { elementCount } from './dimensions';
import { InputError } from './plain-tensor';
import { ModelSignature } from './signature';

/** Smaller bodies cannot nest or hold enough to matter; larger ones are counted before JSON.parse builds them. */
const COUNT_FROM_BYTES = 256 * 1024;
/** JSON.parse takes up to about 40 bytes for an empty array or a short string. */
const BYTES_PER_VALUE = 64;
/** Where a size is free: what JSON.parse makes of so many values fits the heap. */
const MAX_VALUES = Math.min(1 << 24, Math.floor(getHeapStatistics().heap_size_limit / BYTES_PER_VALUE));
/** Objects and their members, which no tensor has: they take most memory of all. */
const MAX_MEMBERS = 10_000;

/** What a JSON body may hold, so that JSON.parse cannot be made to take memory without end. */
export interface JsonLimits {
  /** Arrays and objects within each other. */
  readonly depth: number;
  /** Elements, members, arrays and objects together. */
  readonly values: number;
}

/** A JSON body, read as often as its exact numbers need. */
export interface JsonBody {
  readonly value: unknown;
  /** The same, with integers that a double may round as decimal strings. Read when first asked for. */
  readonly exactValue: () => unknown;
}

/**
 * @throws InputError where the body is empty, no UTF-8, no JSON, or beyond the limits.
 */
export function parseJsonBody(body: Buffer, limits: JsonLimits): JsonBody {
  const json = utf8(body);
  if (json.length >= COUNT_FROM_BYTES) checkLimits(json, limits);
  const value = parse(json);
  let exact: { readonly value: unknown } | undefined;
  return { value, exactValue: () => (exact ??= { value: parse(quoteLongIntegers(json)) }).value };
}

/** How many values a body for this model can hold. */
export function maxJsonValues({ inputs }: ModelSignature): number {
  let values = MAX_MEMBERS;
  for (const { shape } of inputs) {
    if (shape.length === 0 || shape.some(size => typeof size === 'string')) return MAX_VALUES;
    // the elements, and at most as many arrays around them, which an element each would take
    values += 2 * shape.length * elementCount(shape as readonly number[]);
  }
  return values;
}

/** The body without a byte order mark. */
function utf8(body: Buffer): Buffer {
  if (body.length === 0) throw new InputError('the body is empty; it must be a JSON object of inputs');
  if (!isUtf8(body)) throw new InputError('the body is not UTF-8');
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return marked ? body.subarray(3) : body;
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString());
  } catch (error) {
    throw new InputError(`the body is not JSON: ${(error as Error).message}`);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
/** Shorter integers are exact in a double. */
const LONG_DIGITS = 16;

/** Valid JSON with quotes around the integers that a double may round, so that their digits survive JSON.parse. */
function quoteLongIntegers(json: Buffer): Buffer {
  const out = Buffer.allocUnsafe(json.length + 2 * Math.ceil(json.length / LONG_DIGITS));
  let length = 0;
  for (let i = 0; i < json.length;) {
    const end = json[i] === QUOTE ? endOfString(json, i) + 1 : endOfNumber(json, i);
    const long = json[i] !== QUOTE && end - i >= LONG_DIGITS && isInteger(json, i, end);
    if (long) out[length++] = QUOTE;
    do out[length++] = json[i++];
    while (i < end);
    if (long) out[length++] = QUOTE;
  }
  return out.subarray(0, length);
}

/** What follows the number that starts here; `start` where none does. */
function endOfNumber(json: Buffer, start: number): number {
  if (json[start] !== MINUS && !isDigit(json[start])) return start;
  let end = start + 1;
  while (isDigit(json[end]) || json[end] === 0x2e || (json[end] | 0x20) === 0x65 || json[end] === 0x2b || json[end] === MINUS)
    end++;
  return end;
}

function isInteger(json: Buffer, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (!isDigit(json[i])) return false;
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Counts brackets and commas outside of strings, builds nothing. */
function checkLimits(json: Buffer, limits: JsonLimits): void {
  let depth = 0;
  let values = 0;
  let members = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) {
      i = endOfString(json, i);
      // no end: JSON.parse will say so, once it has built what came before
      if (i < 0) break;
    } else if (byte === 0x2c) values++;
    else if (byte === 0x3a) members++;
    else if (byte === 0x5b || byte === 0x7b) {
      if (byte === 0x7b) members++;
      else values++;
      if (++depth > limits.depth) {
        throw new InputError(`the body nests deeper than ${limits.depth} levels, which no input of this model has`);
      }
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  if (members > MAX_MEMBERS) throw new InputError(`the body holds more than ${MAX_MEMBERS} objects and members`, 413);
  if (values > limits.values) {
    throw new InputError(
      `the body holds ${values} values; as JSON this model takes at most ${limits.values}. Send them in binary form`,
      413,
    );
  }
}

function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end >= 0; end = json.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}
