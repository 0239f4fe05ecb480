import { isUtf8 } from 'buffer';
import { RoundedInteger } from './element-codec';
import { decodeTensor, DimensionSizes, encodeTensor, InputError, PlainTensor } from './json-tensor';
import { maxJsonDepth, ModelSignature, TensorSignature } from './signature';

/** Bodies below this size cannot nest deep enough to matter; above, the depth is counted before JSON.parse builds it. */
const COUNT_DEPTH_FROM_BYTES = 256 * 1024;

/**
 * Reads `{"<input>": nested array, …}`, or `{"data": …}` for a model with one input, against the model's signature.
 *
 * 64-bit integers are exact to their last digit, as numbers or as decimal strings.
 * @throws InputError where the body is no such JSON; its message names the input and the element.
 */
export function decodeRequest(signature: ModelSignature, body: Buffer): Map<string, PlainTensor> {
  const text = utf8(body);
  const maxDepth = maxJsonDepth(signature);
  if (body.length >= COUNT_DEPTH_FROM_BYTES && nestsDeeperThan(body, maxDepth)) {
    throw new InputError(`the body nests deeper than ${maxDepth} levels, which no input of this model has`);
  }
  const values = namedInputs(signature, parse(text));
  const exactValues = lazily(() => namedInputs(signature, parse(quoteLongIntegers(text))));
  const sizes: DimensionSizes = new Map();
  return new Map(signature.inputs.map(input => [input.name, decodeExactly(input, values, exactValues, sizes)]));
}

/** Writes `{"<output>": nested array, …}`. */
export function encodeResponse(outputs: ReadonlyArray<readonly [string, PlainTensor]>): string {
  return `{${outputs.map(([name, tensor]) => `${JSON.stringify(name)}:${encodeTensor(tensor)}`).join(',')}}`;
}

type NamedValues = ReadonlyMap<string, unknown>;

function decodeExactly(
  input: TensorSignature,
  values: NamedValues,
  exactValues: () => NamedValues,
  sizes: DimensionSizes,
): PlainTensor {
  try {
    return decodeTensor(input, values.get(input.name), sizes);
  } catch (error) {
    if (!(error instanceof RoundedInteger)) throw error;
  }
  try {
    return decodeTensor(input, exactValues().get(input.name), sizes);
  } catch (error) {
    // what is still a rounded number was written with an exponent or a fraction
    if (!(error instanceof RoundedInteger)) throw error;
    throw new InputError(`input ${JSON.stringify(input.name)}: integers beyond 2^53 must be written with all their digits`);
  }
}

function utf8(body: Buffer): string {
  if (body.length === 0) throw new InputError('the body is empty; it must be a JSON object of inputs');
  if (!isUtf8(body)) throw new InputError('the body is not UTF-8');
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', marked ? 3 : 0);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`the body is not JSON: ${(error as Error).message}`);
  }
}

/** The value of each input, under its name; nothing is ever looked up in the parsed object by a name that it does not own. */
function namedInputs(signature: ModelSignature, body: unknown): NamedValues {
  const names = signature.inputs.map(input => input.name);
  const wanted = `a JSON object with ${names.length === 1 ? 'the input' : 'the inputs'} ${quoted(names)}`;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new InputError(`expected ${wanted}`);
  const entries = Object.entries(body);
  if (names.length === 1 && names[0] !== 'data' && entries.length === 1 && entries[0][0] === 'data') {
    return new Map([[names[0], entries[0][1]]]);
  }
  const values = new Map(entries);
  const unknown = [...values.keys()].filter(name => !names.includes(name));
  const missing = names.filter(name => !values.has(name));
  const faults = [
    ...(unknown.length > 0 ? [`unknown: ${quoted(unknown.slice(0, 5))}`] : []),
    ...(missing.length > 0 ? [`missing: ${quoted(missing)}`] : []),
  ];
  if (faults.length > 0) throw new InputError(`expected ${wanted}; ${faults.join('; ')}`);
  return values;
}

function quoted(names: readonly string[]): string {
  return names.map(name => JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)).join(', ');
}

/** Puts quotes around integers that a double may round, outside of strings, so that their digits survive JSON.parse. */
function quoteLongIntegers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, token => (token[0] === '"' ? token : `"${token}"`));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Whether arrays and objects nest deeper than `limit`; counts brackets outside of strings, builds nothing. */
function nestsDeeperThan(json: Buffer, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) {
      i = endOfString(json, i);
      if (i < 0) return false; // no end: JSON.parse says so
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > limit) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

function endOfString(json: Buffer, start: number): number {
  for (let end = json.indexOf(QUOTE, start + 1); end >= 0; end = json.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
