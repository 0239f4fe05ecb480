/** Named columns and their rows. */
export interface FeatureTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What has more columns is no table that anybody would open. */
const MAX_COLUMNS = 512;

type Row = Map<string, unknown>;

/**
 * Makes a table of a request's or an answer's JSON, one row an example: rows as objects, rows as lists, or one list for each
 * named input, whose inner elements are numbered (`pixels_0`, `pixels_1`, …). Undefined for what has no such form.
 */
export function featureTable(value: unknown): FeatureTable | undefined {
  const rows = rowsOf(value);
  if (rows === undefined || rows.length === 0) return undefined;
  const columns = [...rows[0].keys()];
  const uniform = rows.every(row => row.size === columns.length && columns.every(column => row.has(column)));
  if (!uniform || columns.length === 0 || columns.length > MAX_COLUMNS) return undefined;
  return { columns, rows: rows.map(row => columns.map(column => row.get(column))) };
}

function rowsOf(value: unknown): Row[] | undefined {
  if (Array.isArray(value)) return value.map(example => rowOf('', example));
  if (!isObject(value)) return undefined;
  const inputs = Object.entries(value);
  if (inputs.length === 1 && Array.isArray(inputs[0][1]) && isObject(inputs[0][1][0])) return rowsOf(inputs[0][1]);
  const examples = inputs.map(([name, list]) => (Array.isArray(list) ? list.map(example => rowOf(name, example)) : undefined));
  const count = examples[0]?.length;
  if (!examples.every(list => list !== undefined && list.length === count)) return undefined;
  return Array.from({ length: count ?? 0 }, (_, i) => new Map(examples.flatMap(list => [...(list as Row[])[i]])));
}

/** One example's values under their columns' names; nesting is joined with underscores. */
function rowOf(name: string, example: unknown): Row {
  const row: Row = new Map();
  flatten(name, example, row);
  return row;
}

function flatten(name: string, value: unknown, row: Row): void {
  // one more than are allowed shows that there are too many
  if (row.size > MAX_COLUMNS) return;
  const inner = Array.isArray(value) ? value.entries() : isObject(value) ? Object.entries(value) : undefined;
  if (inner === undefined) row.set(name || 'value', value);
  else for (const [key, element] of inner) flatten(name === '' ? String(key) : `${name}_${key}`, element, row);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
