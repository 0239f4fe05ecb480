import { JsonObject } from '../swagger/json';

/** What a declared sample says about values like it. */
export type SampleSchema =
  | { readonly kind: 'any' }
  | { readonly kind: 'scalar'; readonly type: ScalarType; readonly format?: string }
  | { readonly kind: 'array'; readonly items: SampleSchema }
  | { readonly kind: 'object'; readonly properties: ReadonlyMap<string, SampleSchema>; readonly required: ReadonlySet<string> }
  /** Kinds that one type cannot hold; Swagger 2.0 has no words for it. */
  | { readonly kind: 'mixed'; readonly of: readonly SampleSchema[] };

type ScalarType = 'boolean' | 'integer' | 'number' | 'string';
type Scalar = Extract<SampleSchema, { kind: 'scalar' }>;
type ObjectSchema = Extract<SampleSchema, { kind: 'object' }>;

const ANY: SampleSchema = { kind: 'any' };
const DOUBLE: Scalar = { kind: 'scalar', type: 'number', format: 'double' };
const INT64: Scalar = { kind: 'scalar', type: 'integer', format: 'int64' };

/** InferenceSchema's names for the elements of typed arrays. */
const TYPED_ARRAYS: Readonly<Record<string, Scalar>> = {
  Int8Array: integer('int8'),
  Int16Array: integer('int16'),
  Int32Array: integer('int32'),
  BigInt64Array: INT64,
  Uint8Array: integer('uint8'),
  Uint8ClampedArray: integer('uint8'),
  Buffer: integer('uint8'),
  Uint16Array: integer('uint16'),
  Uint32Array: integer('uint32'),
  BigUint64Array: integer('uint64'),
  Float16Array: { kind: 'scalar', type: 'number', format: 'float' },
  Float32Array: { kind: 'scalar', type: 'number', format: 'float' },
  Float64Array: DOUBLE,
};

/**
 * The schema of values like the sample. A whole number means integers, any other number doubles; every key of an object is
 * required; `null` promises nothing.
 *
 * @throws Error naming the place in the sample that has no JSON form.
 */
export function inferSchema(sample: unknown, path: string): SampleSchema {
  if (sample === null) return ANY;
  if (typeof sample === 'boolean') return { kind: 'scalar', type: 'boolean' };
  if (typeof sample === 'string') return { kind: 'scalar', type: 'string' };
  if (typeof sample === 'bigint') return INT64;
  if (typeof sample === 'number') return Number.isInteger(sample) ? INT64 : DOUBLE;
  if (typeof sample !== 'object') throw new Error(`${path} is ${typeof sample}, which has no JSON form`);
  if (sample instanceof Date) return { kind: 'scalar', type: 'string', format: 'date-time' };
  if (sample instanceof Map) return inferSchema(Object.fromEntries(sample), path);
  if (sample instanceof Set) return inferSchema([...sample], path);
  if (ArrayBuffer.isView(sample)) return { kind: 'array', items: TYPED_ARRAYS[sample.constructor.name] ?? ANY };
  if (Array.isArray(sample)) {
    const items = sample.map((element, index) => inferSchema(element, `${path}[${index}]`));
    return { kind: 'array', items: items.length === 0 ? ANY : items.reduce(merge) };
  }
  const properties = new Map(Object.entries(sample).map(([key, value]) => [key, inferSchema(value, `${path}.${key}`)]));
  return { kind: 'object', properties, required: new Set(properties.keys()) };
}

/** The schema of values that are like either. */
function merge(a: SampleSchema, b: SampleSchema): SampleSchema {
  if (a.kind === 'any' || b.kind === 'any') return ANY;
  if (a.kind === 'scalar' && b.kind === 'scalar' && areAlike(a, b)) return a.format === b.format ? a : DOUBLE;
  if (a.kind === 'array' && b.kind === 'array') return { kind: 'array', items: merge(a.items, b.items) };
  if (a.kind === 'object' && b.kind === 'object') return mergeObjects(a, b);
  if (b.kind === 'mixed') return b.of.reduce(merge, a);
  const kinds = a.kind === 'mixed' ? a.of : [a];
  const alike = kinds.findIndex(kind => areAlike(kind, b));
  if (alike < 0) return { kind: 'mixed', of: [...kinds, b] };
  return { kind: 'mixed', of: kinds.map((kind, index) => (index === alike ? merge(kind, b) : kind)) };
}

function mergeObjects(a: ObjectSchema, b: ObjectSchema): ObjectSchema {
  const properties = new Map(a.properties);
  for (const [key, schema] of b.properties) {
    const known = properties.get(key);
    properties.set(key, known === undefined ? schema : merge(known, schema));
  }
  return { kind: 'object', properties, required: new Set([...a.required].filter(key => b.required.has(key))) };
}

/** Whether one type holds both. */
function areAlike(a: SampleSchema, b: SampleSchema): boolean {
  if (a.kind !== 'scalar' || b.kind !== 'scalar') return a.kind === b.kind;
  return (a.type === b.type && a.format === b.format) || (isNumeric(a) && isNumeric(b));
}

/** The first way in which `value` is not like the sample, for the caller; undefined where there is none. Keys beyond it are fine. */
export function faultOf(schema: SampleSchema, value: unknown, path: string): string | undefined {
  if (schema.kind === 'any') return undefined;
  if (schema.kind === 'scalar') return fits(schema, value) ? undefined : wrong(path, describe(schema), value);
  if (schema.kind === 'array') {
    if (!Array.isArray(value)) return wrong(path, 'an array', value);
    for (let i = 0; i < value.length; i++) {
      // scalars first: most elements are, and need no path
      if (schema.items.kind === 'scalar' && fits(schema.items, value[i])) continue;
      const fault = faultOf(schema.items, value[i], `${path}[${i}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (schema.kind === 'mixed') {
    const fitting = schema.of.some(kind => faultOf(kind, value, path) === undefined);
    return fitting ? undefined : wrong(path, schema.of.map(describe).join(' or '), value);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object', value);
  for (const [key, property] of schema.properties) {
    const own = Object.hasOwn(value, key);
    if (!own && schema.required.has(key)) return `${path}.${key} is missing`;
    const fault = own ? faultOf(property, (value as Record<string, unknown>)[key], `${path}.${key}`) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function fits({ type }: Scalar, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function describe(schema: SampleSchema): string {
  if (schema.kind === 'scalar') {
    const format = schema.format === undefined ? '' : ` (${schema.format})`;
    return schema.type === 'integer' ? `an integer${format}` : `a ${schema.type}${format}`;
  }
  return schema.kind === 'array' ? 'an array' : schema.kind === 'object' ? 'an object' : 'any value';
}

function wrong(path: string, wanted: string, value: unknown): string {
  if (Array.isArray(value)) return `${path} must be ${wanted}, not an array`;
  if (typeof value === 'object' && value !== null) return `${path} must be ${wanted}, not an object`;
  const text = JSON.stringify(value);
  return `${path} must be ${wanted}, not ${text.length > 40 ? `${text.slice(0, 40)}…` : text}`;
}

/** In the documents' words; undefined for Swagger 2.0 where that has none. */
export function swaggerSchema(schema: SampleSchema, version: string): JsonObject | undefined {
  if (schema.kind === 'any') return {};
  if (schema.kind === 'scalar') return { type: schema.type, ...(schema.format === undefined ? {} : { format: schema.format }) };
  if (schema.kind === 'array') {
    const items = swaggerSchema(schema.items, version);
    return items && { type: 'array', items };
  }
  if (schema.kind === 'mixed') {
    if (version === '2') return undefined;
    return { anyOf: schema.of.map(kind => swaggerSchema(kind, version) ?? {}) };
  }
  const properties: Array<[string, JsonObject]> = [];
  for (const [key, property] of schema.properties) {
    const written = swaggerSchema(property, version);
    if (written === undefined) return undefined;
    properties.push([key, written]);
  }
  return {
    type: 'object',
    ...(schema.required.size > 0 ? { required: [...schema.required] } : {}),
    properties: Object.fromEntries(properties),
  };
}

function integer(format: string): Scalar {
  return { kind: 'scalar', type: 'integer', format };
}

function isNumeric({ type }: Scalar): boolean {
  return type === 'integer' || type === 'number';
}
