import { randomUUID } from 'crypto';
import { isAscii } from 'buffer';
import { JsonBody, maxJsonValues, parseJsonBody } from '../tensor/json-body';
import { InputError, PlainTensor, quoted } from '../tensor/plain-tensor';
import { endOfObject, scanArray } from '../tensor/scan-request';
import { ModelSignature, UNKNOWN_RANK_LIMIT } from '../tensor/signature';

/** The request, the array of inputs, an input, its data; parameters may hold a little more. */
const MAX_DEPTH = UNKNOWN_RANK_LIMIT + 16;

/** The tensors behind the JSON of a request, taken in the order of its inputs. */
export class BinaryTail {
  private taken = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @throws InputError where fewer bytes are left. */
  take(size: number, where: string): Buffer {
    const left = this.bytes.length - this.taken;
    if (size > left) throw new InputError(`${where}: "binary_data_size" is ${size}, but only ${left} bytes are left of the body`);
    this.taken += size;
    return this.bytes.subarray(this.taken - size, this.taken);
  }

  /** @throws InputError where bytes are left that no input has claimed. */
  checkUsedUp(): void {
    const left = this.bytes.length - this.taken;
    if (left > 0) throw new InputError(`the body has ${left} bytes more than the inputs' "binary_data_size" add up to`);
  }
}

/** A request whose JSON was read. */
export interface OipDocument {
  readonly value: unknown;
  /** As JSON with long integers as strings; see `JsonBody`. */
  readonly exactValue: () => unknown;
  readonly binary?: BinaryTail;
  /** The numbers of a `data` that was scanned, as elements of `type`; undefined where `data` is an ordinary value. */
  scannedTensor(data: unknown, type: string): PlainTensor | undefined;
  /** Whether all that was scanned has been asked for, once. */
  allTaken(): boolean;
}

/** Reads all of the JSON. @throws InputError */
export function parseOip(signature: ModelSignature, json: Buffer, binary?: BinaryTail): OipDocument {
  const body: JsonBody = parseJsonBody(json, { depth: MAX_DEPTH, values: maxJsonValues(signature) });
  return { ...body, binary, scannedTensor: () => undefined, allTaken: () => true };
}

const DATA_KEY = Buffer.from('"data"');
const COLON = 0x3a;
const OPEN = 0x5b;
/** Stands for scanned data in what JSON.parse reads; no caller can know it. */
const MARK = randomUUID();

/** A `data` array within the body. */
interface Lifted {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the JSON without its `data` arrays, which then are scanned as numbers of the type that their input turns out to have.
 * Undefined where they cannot be told apart from the rest at a glance. An `InputError` or an array that was not taken means that
 * this reading was wrong, not the request.
 */
export function scanOip(signature: ModelSignature, json: Buffer): OipDocument | undefined {
  if (endOfObject(json) < 0) return undefined;
  const lifted = liftData(json, signature.inputs.length);
  if (lifted.length === 0) return undefined;
  const rest = withMarks(json, lifted);
  if (!isAscii(rest)) return undefined;
  const { value, exactValue } = parseJsonBody(rest, { depth: MAX_DEPTH, values: maxJsonValues(signature) });
  const waiting = new Map(lifted.map((place, index) => [mark(index), place]));
  return {
    value,
    exactValue,
    scannedTensor(data, type) {
      const place = typeof data === 'string' ? waiting.get(data) : undefined;
      if (place === undefined) return undefined;
      waiting.delete(data as string);
      const tensor = scanArray(type, json, place.start, place.end);
      if (tensor === undefined) throw new InputError(`not all of the data of type ${quoted(type)} are plain numbers`);
      return tensor;
    },
    allTaken: () => waiting.size === 0,
  };
}

/** Nothing where there are more arrays than inputs: each search for an end may go through all of the body. */
function liftData(json: Buffer, most: number): Lifted[] {
  const found: Lifted[] = [];
  for (let key = json.indexOf(DATA_KEY); key >= 0; key = json.indexOf(DATA_KEY, key)) {
    key += DATA_KEY.length;
    const start = arrayAfter(json, key);
    if (start < 0) continue;
    const end = found.length < most ? endOfArray(json, start) : -1;
    if (end < 0) return [];
    found.push({ start, end });
    key = end;
  }
  return found;
}

/** Where an array opens behind a key, or -1. */
function arrayAfter(json: Buffer, at: number): number {
  let next = afterSpace(json, at);
  if (json[next] !== COLON) return -1;
  next = afterSpace(json, next + 1);
  return json[next] === OPEN ? next : -1;
}

/** Where as many brackets close at once as open at once; the scanner then says whether that is the end. */
function endOfArray(json: Buffer, start: number): number {
  let depth = 0;
  while (json[start + depth] === OPEN && depth <= UNKNOWN_RANK_LIMIT) depth++;
  const close = json.indexOf(']'.repeat(depth), start);
  return close < 0 ? -1 : close + depth;
}

function withMarks(json: Buffer, lifted: readonly Lifted[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  lifted.forEach(({ start, end }, index) => {
    parts.push(json.subarray(from, start), Buffer.from(`"${mark(index)}"`));
    from = end;
  });
  return Buffer.concat([...parts, json.subarray(from)]);
}

function mark(index: number): string {
  return `${MARK}:${index}`;
}

function afterSpace(json: Buffer, at: number): number {
  let next = at;
  while (json[next] === 0x20 || json[next] === 0x0a || json[next] === 0x0d || json[next] === 0x09) next++;
  return next;
}
