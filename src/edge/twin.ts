import { isToken } from './json';
import { ManifestFailure, twinPropertyInvalid, twinTooLarge } from './errors';

/**
 * What IoT Hub takes as a twin's desired properties.
 * Source: "Understand and use device twins in IoT Hub", properties format and twin size (2026-11).
 */
export const TWIN_LIMITS = {
  /** Bytes of keys and values together. */
  total: 32 * 1024,
  keyBytes: 1024,
  textBytes: 4096,
  depth: 10,
  minInteger: -4503599627370496,
  maxInteger: 4503599627370495,
} as const;

/** Faults of a twin's desired properties, as IoT Hub would find them when a device is told. */
export function twinFaults(module: string, properties: Readonly<Record<string, unknown>>): ManifestFailure[] {
  const bytes = sizeOf(properties);
  const faults = Object.entries(properties).flatMap(([name, value]) => propertyFaults(`${module}.${name}`, name, value, 1));
  return bytes > TWIN_LIMITS.total ? [...faults, twinTooLarge(module, bytes, TWIN_LIMITS.total)] : faults;
}

/** Bytes as IoT Hub counts them: keys and text in UTF-8, 8 for a number, 4 for a boolean. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (value === null || typeof value !== 'object') return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + sizeOf(item), 0);
  return Object.entries(value).reduce((sum, [key, item]) => sum + Buffer.byteLength(key) + sizeOf(item), 0);
}

function propertyFaults(place: string, name: string, value: unknown, depth: number): ManifestFailure[] {
  const faults: ManifestFailure[] = [];

  if (name === '' || /[.$\s\u0000-\u001f\u007f-\u009f]/.test(name)) {
    faults.push(twinPropertyInvalid(place, `the name "${name}" holds a character that is not allowed`));
  }
  if (Buffer.byteLength(name) > TWIN_LIMITS.keyBytes) faults.push(twinPropertyInvalid(place, 'the name is longer than 1 KB'));
  return [...faults, ...valueFaults(place, value, depth)];
}

function valueFaults(place: string, value: unknown, depth: number): ManifestFailure[] {
  const fault = (problem: string) => [twinPropertyInvalid(place, problem)];
  if (typeof value === 'string')
    return Buffer.byteLength(value) > TWIN_LIMITS.textBytes ? fault('the text is longer than 4 KB') : [];
  if (typeof value === 'number') return numberIsLegal(value) ? [] : fault(`the number ${value} is out of range`);
  if (typeof value === 'boolean') return [];
  if (value === null || value === undefined) return fault('there is no value, which IoT Hub takes for a deletion');
  if (typeof value !== 'object' || isToken(value)) return fault(`a ${typeof value} is no JSON value`);
  if (depth >= TWIN_LIMITS.depth) return fault(`it is nested deeper than ${TWIN_LIMITS.depth} levels`);
  if (Array.isArray(value)) return value.flatMap((item, index) => valueFaults(`${place}[${index}]`, item, depth + 1));
  return Object.entries(value).flatMap(([key, item]) => propertyFaults(`${place}.${key}`, key, item, depth + 1));
}

function numberIsLegal(value: number): boolean {
  if (!Number.isFinite(value)) return false;
  return !Number.isInteger(value) || (value >= TWIN_LIMITS.minInteger && value <= TWIN_LIMITS.maxInteger);
}
