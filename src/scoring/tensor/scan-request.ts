import { checkNamedDimensions, DimensionSizes, fits } from './dimensions';
import { elementCodec } from './element-codec';
import { NumberScanner } from './number-scanner';
import { InputError, PlainTensor } from './plain-tensor';
import { ModelSignature, TensorSignature } from './signature';

const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const scanner = new NumberScanner();

/** What the scanner needs of a signature, made once. */
interface Keys {
  readonly inputs: ReadonlyArray<{ readonly signature: TensorSignature; readonly keys: readonly Buffer[] }>;
}

const keysOf = new WeakMap<ModelSignature, Keys | 'no numbers'>();

/**
 * Reads a plain request of numbers in one pass over its bytes. Undefined for all others, wrong ones included: these are read by
 * way of JSON.parse, which also knows what to say.
 */
export function scanRequest(signature: ModelSignature, body: Buffer): Map<string, PlainTensor> | undefined {
  let keys = keysOf.get(signature);
  if (keys === undefined) keysOf.set(signature, (keys = keysFor(signature)));
  if (keys === 'no numbers') return undefined;
  const end = endOfObject(body);
  if (end < 0) return undefined;
  scanner.open(body);
  try {
    return readMembers(keys, body, end);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  } finally {
    scanner.close();
  }
}

/** The numbers of one array within a larger body that ends in `}`; undefined unless it is plain and ends at `end`. */
export function scanArray(type: string, body: Buffer, start: number, end: number): PlainTensor | undefined {
  scanner.open(body);
  try {
    return scanner.scan(start, type === 'float32') === end ? scanned(type) : undefined;
  } finally {
    scanner.close();
  }
}

/** Where the object's last brace is, or -1. */
export function endOfObject(body: Buffer): number {
  let last = body.length - 1;
  while (last > 0 && isSpace(body[last])) last--;
  return last > 0 && body[last] === CLOSE_OBJECT ? last : -1;
}

function readMembers({ inputs }: Keys, body: Buffer, end: number): Map<string, PlainTensor> | undefined {
  let at = scanner.afterSpace(0);
  if (body[at] !== OPEN_OBJECT) return undefined;
  const tensors = new Map<string, PlainTensor>();
  const sizes: DimensionSizes = new Map();
  for (;;) {
    at = scanner.afterSpace(at + 1);
    const member = memberAt(inputs, body, at);
    if (member === undefined || tensors.has(member.signature.name)) return undefined;
    const { signature, length } = member;
    at = scanner.afterSpace(at + length);
    if (body[at] !== COLON) return undefined;
    at = scanner.scan(scanner.afterSpace(at + 1), signature.type === 'float32');
    if (at < 0 || !fits(signature, scanner.dims)) return undefined;
    checkNamedDimensions(signature, scanner.dims, sizes);
    const tensor = scanned(signature.type);
    if (tensor === undefined) return undefined;
    tensors.set(signature.name, tensor);
    at = scanner.afterSpace(at);
    if (body[at] === COMMA) continue;
    return at === end && tensors.size === inputs.length ? tensors : undefined;
  }
}

function scanned(type: string): PlainTensor | undefined {
  const data = elementCodec(type)?.fromNumbers?.(scanner.values, scanner.count);
  return data && { type, data, dims: scanner.dims };
}

function memberAt(inputs: Keys['inputs'], body: Buffer, at: number): { signature: TensorSignature; length: number } | undefined {
  for (const { signature, keys } of inputs) {
    for (const key of keys) if (startsWith(body, at, key)) return { signature, length: key.length };
  }
  return undefined;
}

function startsWith(body: Buffer, at: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) if (body[at + i] !== key[i]) return false;
  return true;
}

function keysFor({ inputs }: ModelSignature): Keys | 'no numbers' {
  if (inputs.length === 0 || inputs.some(input => elementCodec(input.type)?.fromNumbers === undefined)) return 'no numbers';
  return {
    inputs: inputs.map(signature => ({
      signature,
      keys: (inputs.length === 1 ? [signature.name, 'data'] : [signature.name]).map(name => Buffer.from(JSON.stringify(name))),
    })),
  };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
