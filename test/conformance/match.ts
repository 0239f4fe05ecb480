import { Expected, TextMatcher } from './row';
import { Answer } from './send';

/** Every way in which the answer is not the expected one, in words. */
export function mismatches(expected: Expected, answer: Answer): string[] {
  const text = answer.body.toString();
  const faults: string[] = [];
  if (answer.status !== expected.status) faults.push(`status ${answer.status}, expected ${expected.status}: ${text}`);
  if (expected.text !== undefined && !matches(expected.text, text))
    faults.push(`body ${show(text)}, expected ${show(expected.text)}`);
  if (expected.json !== undefined) faults.push(...jsonMismatches(expected.json, text, fits));
  if (expected.contains !== undefined) faults.push(...jsonMismatches(expected.contains, text, isPartOf));
  for (const [name, wanted] of Object.entries(expected.headers ?? {})) faults.push(...headerMismatches(name, wanted, answer));
  if (expected.pieces !== undefined && answer.pieces < expected.pieces) {
    faults.push(`the body came in ${answer.pieces} pieces, expected at least ${expected.pieces}`);
  }
  return faults;
}

function jsonMismatches(expected: unknown, text: string, fit: typeof fits): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return fit(expected, value) ? [] : [`body ${show(value)}, expected ${show(expected)}`];
  } catch {
    return [`body ${show(text)} is not JSON, expected ${show(expected)}`];
  }
}

function headerMismatches(name: string, wanted: TextMatcher | readonly string[] | null, { headers }: Answer): string[] {
  const values = headers.filter(([found]) => found.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const ok =
    wanted === null
      ? values.length === 0
      : typeof wanted === 'string' || wanted instanceof RegExp
        ? values.length > 0 && matches(wanted, values.join(', '))
        : fits(wanted, values);
  return ok ? [] : [`header ${name}: ${show(values)}, expected ${show(wanted)}`];
}

/** Deep equality, with patterns for texts. */
function fits(expected: unknown, value: unknown): boolean {
  return compare(expected, value, true);
}

/** The same, except that objects may have more members. */
function isPartOf(expected: unknown, value: unknown): boolean {
  return compare(expected, value, false);
}

function compare(expected: unknown, value: unknown, whole: boolean): boolean {
  if (expected instanceof RegExp) return typeof value === 'string' && expected.test(value);
  if (typeof expected !== 'object' || expected === null) return Object.is(expected, value);
  if (typeof value !== 'object' || value === null || Array.isArray(expected) !== Array.isArray(value)) return false;
  const [wanted, found] = [Object.entries(expected), new Map(Object.entries(value))];
  const sameSize = wanted.length === found.size || (!whole && !Array.isArray(expected));
  return sameSize && wanted.every(([key, inner]) => found.has(key) && compare(inner, found.get(key), whole));
}

function matches(expected: TextMatcher, text: string): boolean {
  return typeof expected === 'string' ? expected === text : expected.test(text);
}

const MOST_SHOWN = 1_000;

function show(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : JSON.stringify(value, (_, inner: unknown) => shown(inner));
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

function shown(value: unknown): unknown {
  return value instanceof RegExp ? String(value) : value;
}
