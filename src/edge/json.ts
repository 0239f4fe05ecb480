import { Token } from 'cdktf';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isToken(value);

/** True for a value that Terraform will know, whatever its type. */
export const isToken = (value: unknown): boolean => Token.isUnresolved(value);

/** True where a token hides anywhere inside. */
export function holdsToken(value: unknown): boolean {
  if (isToken(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => isToken(key) || holdsToken(item));
}

/** Objects are merged at every level, everything else of `over` replaces what is below. */
export function mergeDeep(below: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(over)) {
    const present = merged[key];
    merged[key] = isObject(present) && isObject(value) ? mergeDeep(present, value) : value;
  }
  return merged;
}

/** Text that is the same for equal content: keys sorted at every level, two spaces. */
export function stableJson(value: unknown): string {
  return JSON.stringify(sorted(value), undefined, 2);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.filter(key => value[key] !== undefined).map(key => [key, sorted(value[key])]));
}
