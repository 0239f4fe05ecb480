import { JsonReplacer, JsonWriter } from '../swagger/json';
import { ScriptOutputError } from './script-error';

/** Deeper than this the careful way is taken, which notices cycles. */
const MAX_PLAIN_DEPTH = 200;

/**
 * What a script returned, as JSON text: as `JSON.stringify` writes it, but bigints with all their digits, typed arrays and sets as
 * arrays, maps as objects, and nothing at all as `null`.
 *
 * @throws ScriptOutputError where it has no JSON form: a cycle, a function, a promise or an iterator.
 */
export function jsonText(value: unknown): string {
  if (value === undefined) return 'null';
  try {
    // a replacer makes JSON.stringify several times slower: only those pay who need it
    const text = isPlain(value, 0) ? JSON.stringify(value) : stringifyCarefully(value);
    if (text !== undefined) return text;
  } catch (error) {
    if (error instanceof ScriptOutputError) throw error;
    throw new ScriptOutputError(`The result of run cannot be written as JSON: ${(error as Error).message}`);
  }
  throw new ScriptOutputError(`The result of run cannot be written as JSON: it is a ${typeof value}.`);
}

/** Whether `JSON.stringify` does right by it. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'bigint';
  if (depth > MAX_PLAIN_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const element of value) {
      if (typeof element !== 'number' && typeof element !== 'string' && !isPlain(element, depth + 1)) return false;
    }
    return true;
  }
  if (isSpecial(value)) return false;
  for (const key of Object.keys(value)) {
    if (!isPlain((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  return true;
}

function isSpecial(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof Map ||
    value instanceof Set ||
    value instanceof Promise ||
    Symbol.asyncIterator in value
  );
}

function stringifyCarefully(value: unknown): string | undefined {
  const writer = new JsonWriter();
  const replacer: JsonReplacer = function (key, converted) {
    if (typeof converted === 'bigint') return writer.raw(converted.toString());
    // a Buffer's own toJSON has been called already
    const original = this[key];
    if (typeof original !== 'object' || original === null || !isSpecial(original)) return converted;
    // whole, as a replacer is called for every element of an array
    return isTypedArray(original) ? writer.raw(typedArrayText(original)) : jsonForm(original);
  };
  return writer.write(value, replacer);
}

function typedArrayText(array: Iterable<unknown>): string {
  const elements = Array.from(array);
  return typeof elements[0] === 'bigint' ? `[${elements.join(',')}]` : JSON.stringify(elements);
}

function jsonForm(value: object): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...(value as Set<unknown>)];
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  const what = value instanceof Promise ? 'a promise that is not awaited' : 'a stream or another value without a JSON form';
  throw new ScriptOutputError(`The result of run cannot be written as JSON: it holds ${what}.`);
}

function isTypedArray(value: object): value is Iterable<unknown> & object {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
