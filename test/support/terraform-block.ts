/** A block of a provider's schema, as `terraform providers schema -json` prints it. */
export interface Block {
  readonly attributes?: Record<string, Attribute>;
  readonly block_types?: Record<string, NestedBlock>;
}

export interface Attribute {
  readonly type: Type;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly deprecated?: boolean;
}

export interface NestedBlock {
  readonly nesting_mode: 'single' | 'list' | 'set' | 'map' | 'group';
  readonly block: Block;
  readonly min_items?: number;
  readonly max_items?: number;
}

/** cty's JSON form of a type. */
export type Type =
  | 'string'
  | 'number'
  | 'bool'
  | 'dynamic'
  | readonly ['list' | 'set' | 'map', Type]
  | readonly ['object', Readonly<Record<string, Type>>];

/** Where in the configuration a value stands, for the messages. */
export interface Where {
  /** `azurerm_container_group.Service_1234`. */
  readonly address: string;
  /** `container[0].ports[0]`; empty at the top. */
  readonly path: string;
}

/** What is wrong with a block's arguments and nested blocks, one sentence each; empty where nothing is. */
export function blockFaults(values: Record<string, unknown>, schema: Block, where: Where): string[] {
  const { dynamic, ...given } = values;
  const generated = isObject(dynamic) ? dynamic : {};
  return [
    ...Object.entries(given).flatMap(([key, value]) => argumentFaults(key, value, schema, where)),
    ...Object.entries(generated).flatMap(([key, value]) => dynamicFaults(key, value, schema, where)),
    ...missingAttributes(given, schema, where),
    ...blockCounts(given, generated, schema, where),
  ];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Terraform reads null as not given. */
const isAbsent = (value: unknown): boolean => value === undefined || value === null;

/** True for `${…}` and nothing around it: it may become a value of any type. */
function isWholeExpression(value: unknown): boolean {
  return typeof value === 'string' && /^\$\{[^]*\}$/.test(value);
}

function argumentFaults(key: string, value: unknown, schema: Block, where: Where): string[] {
  const attribute = schema.attributes?.[key];
  if (attribute !== undefined) return attributeFaults(value, attribute, key, below(where, key), where);
  const nested = schema.block_types?.[key];
  if (nested !== undefined) return nestedFaults(value, nested, below(where, key));
  return [fault(where, `has no argument or block ${key}${suggestion(key, schema)}`)];
}

function attributeFaults(value: unknown, attribute: Attribute, key: string, at: Where, parent: Where): string[] {
  if (isAbsent(value)) return [];
  const settable = attribute.required === true || attribute.optional === true;
  // the plugin SDK marks a resource's id optional and then refuses it
  if (!settable || (parent.path === '' && key === 'id' && attribute.computed)) return [fault(at, 'is set by the provider only')];
  if (attribute.deprecated === true) return [fault(at, 'is deprecated'), ...typeFaults(value, attribute.type, at)];
  return typeFaults(value, attribute.type, at);
}

/** Terraform converts among primitives, so `8080` may stand for a string; it never makes a list of an object. */
function typeFaults(value: unknown, type: Type, at: Where): string[] {
  if (value === null || type === 'dynamic' || isWholeExpression(value)) return [];
  if (typeof type === 'string') return primitiveFaults(value, type, at);
  const [kind, inner] = type;
  if (kind === 'object') return objectFaults(value, inner, at);
  if (kind === 'map') {
    if (!isObject(value)) return [fault(at, `must be a map, not ${describe(value)}`)];
    return Object.entries(value).flatMap(([key, entry]) => typeFaults(entry, inner, below(at, key)));
  }
  if (!Array.isArray(value)) return [fault(at, `must be a ${kind}, not ${describe(value)}`)];
  return value.flatMap((entry, index) => typeFaults(entry, inner, item(at, index)));
}

function primitiveFaults(value: unknown, type: 'string' | 'number' | 'bool', at: Where): string[] {
  if (isObject(value) || Array.isArray(value)) return [fault(at, `must be a ${type}, not ${describe(value)}`)];
  if (typeof value === 'string' && value.includes('${'))
    return type === 'string' ? [] : [fault(at, `must be a ${type}, not a template`)];
  if (type === 'number' && (typeof value === 'boolean' || String(value).trim() === '' || Number.isNaN(Number(value)))) {
    return [fault(at, `must be a number, not ${describe(value)}`)];
  }
  if (type === 'bool' && !['true', 'false'].includes(String(value))) return [fault(at, `must be a bool, not ${describe(value)}`)];
  return [];
}

/** In JSON an attribute of object type needs every key, null where it says nothing; a block does not. */
function objectFaults(value: unknown, keys: Readonly<Record<string, Type>>, at: Where): string[] {
  if (!isObject(value)) return [fault(at, `must be an object, not ${describe(value)}`)];
  const missing = Object.keys(keys).filter(key => !(key in value));
  const unknown = Object.keys(value).filter(key => !(key in keys));
  return [
    ...missing.map(key => fault(at, `is an attribute of object type and lacks the key ${key} (null will do)`)),
    ...unknown.map(key => fault(at, `has no key ${key}`)),
    ...Object.entries(value).flatMap(([key, entry]) => (key in keys ? typeFaults(entry, keys[key], below(at, key)) : [])),
  ];
}

function nestedFaults(value: unknown, nested: NestedBlock, at: Where): string[] {
  if (isAbsent(value)) return [];
  if (nested.nesting_mode === 'map' && isObject(value)) {
    return Object.entries(value).flatMap(([label, entry]) => bodyFaults(entry, nested.block, below(at, label)));
  }
  if (Array.isArray(value)) return value.flatMap((entry, index) => bodyFaults(entry, nested.block, item(at, index)));
  return bodyFaults(value, nested.block, at);
}

function bodyFaults(value: unknown, block: Block, at: Where): string[] {
  return isObject(value)
    ? blockFaults(value, block, at)
    : [fault(at, `is a block and must be an object, not ${describe(value)}`)];
}

/** `dynamic "key" { for_each, content }`: its content is one block of that kind, its number is known to Terraform only. */
function dynamicFaults(key: string, value: unknown, schema: Block, where: Where): string[] {
  const nested = schema.block_types?.[key];
  if (nested === undefined) return [fault(where, `has no block ${key} to be dynamic${suggestion(key, schema)}`)];
  return [value].flat().flatMap(entry => {
    const at = below(where, `dynamic.${key}`);
    if (!isObject(entry) || !('for_each' in entry)) return [fault(at, 'needs for_each')];
    return bodyFaults(entry.content, nested.block, at);
  });
}

function missingAttributes(given: Record<string, unknown>, schema: Block, where: Where): string[] {
  return Object.entries(schema.attributes ?? {})
    .filter(([key, attribute]) => attribute.required === true && isAbsent(given[key]))
    .map(([key]) => fault(where, `lacks the required argument ${key}`));
}

function blockCounts(given: Record<string, unknown>, generated: Record<string, unknown>, schema: Block, where: Where): string[] {
  return Object.entries(schema.block_types ?? {}).flatMap(([key, nested]) => {
    if (key in generated || nested.nesting_mode === 'map') return [];
    const value = given[key] ?? [];
    const count = Array.isArray(value) ? value.length : 1;
    const most = nested.nesting_mode === 'single' || nested.nesting_mode === 'group' ? 1 : (nested.max_items ?? Infinity);
    if (count < (nested.min_items ?? 0))
      return [fault(where, `lacks the required block ${key} (${count} of at least ${nested.min_items})`)];
    return count > most ? [fault(where, `has ${count} blocks ${key}, at most ${most} allowed`)] : [];
  });
}

const below = (where: Where, key: string): Where => ({ ...where, path: where.path === '' ? key : `${where.path}.${key}` });
const item = (where: Where, index: number): Where => ({ ...where, path: `${where.path}[${index}]` });
const fault = (where: Where, text: string): string => `${where.address}${where.path === '' ? '' : `: ${where.path}`} ${text}`;

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return `${typeof value} ${JSON.stringify(value)}`;
}

/** Catches `camelCase` from a hand-written override, the usual slip. */
function suggestion(key: string, schema: Block): string {
  const snake = key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
  const known = { ...schema.attributes, ...schema.block_types };
  return snake !== key && snake in known ? `; it is called ${snake}` : '';
}
