import { CsvError, parse as parseCsv } from 'csv-parse/sync';
import { isLosslessNumber, parse as parseLossless, stringify as stringifyLossless } from 'lossless-json';
import { badRow, Entry, Unreadable } from './entry';
import { timestampMs } from './timestamp';

const SHOWN_CHARACTERS = 60;

/**
 * Requests out of text: a JSON array of bodies, one JSON body, one JSON body a line, or CSV.
 *
 * A body may stand in an envelope that says more of it: `{"body": …, "weight": 3}`, or `{"timestamp": …, "body": …}` for a
 * recording. It is one only where all bodies of the file are such objects and nothing else is in them; `enveloped` false takes
 * all objects for bodies, for models that themselves have an input of the name `body`. CSV says the same with a column `weight`
 * or `timestamp` beside the bodies.
 *
 * @throws Unreadable
 */
export function textEntries(text: string, enveloped = true): Entry[] {
  const content = text.replace(/^\uFEFF/, '').trim();
  if (content === '') return [];
  const values = jsonValues(content);
  if (values === undefined) return csvEntries(content);
  return (enveloped && unwrapped(values)) || values.map(value => ({ body: toBody(value) }));
}

/** All bodies of a JSON text or of JSON lines; undefined where it is neither and may be CSV. */
function jsonValues(content: string): unknown[] | undefined {
  const whole = parseJson(content);
  if ('value' in whole) return Array.isArray(whole.value) ? (whole.value as unknown[]) : [whole.value];
  const lines = content.split(/\r?\n/);
  const values: unknown[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const parsed = parseJson(line);
    if ('value' in parsed) values.push(parsed.value);
    // a header or a quoted body: CSV
    else if (!/^[[{]/.test(content)) return undefined;
    else if (values.length === 0) throw new Unreadable(`it is not JSON: ${whole.fault}`);
    else throw new Unreadable(`line ${index + 1} is not JSON: ${parsed.fault}`);
  }
  return values;
}

type Member = 'weight' | 'timestamp';

function unwrapped(values: readonly unknown[]): Entry[] | undefined {
  const envelopes = values.filter(isEnvelope);
  if (envelopes.length < values.length) return undefined;
  const timed = envelopes.filter(envelope => 'timestamp' in envelope).length;
  if (timed > 0 && timed < values.length) return undefined;
  const entries = envelopes.map((envelope, index): Entry => {
    const body = toBody(envelope.body);
    if ('timestamp' in envelope) return { body, atMs: timestampMs(plain(envelope.timestamp), index + 1) };
    return 'weight' in envelope ? { body, weight: weightOf(plain(envelope.weight), index + 1) } : { body };
  });
  // nothing but bodies in objects of one member: those are inputs of that name
  return envelopes.some(envelope => Object.keys(envelope).length > 1) ? entries : undefined;
}

type Envelope = { readonly body: unknown } & Partial<Record<Member, unknown>>;

function isEnvelope(value: unknown): value is Envelope {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.includes('body') && (keys.length === 1 || (keys.length === 2 && keys.some(key => MEMBERS.includes(key))));
}

const MEMBERS: readonly string[] = ['weight', 'timestamp'] satisfies Member[];

function csvEntries(content: string): Entry[] {
  const records = csvRecords(content);
  if (records.length === 0) return [];
  const columns = columnsOf(records[0]);
  const wide = records.findIndex(record => record.length !== columns.count);
  if (wide >= 0) throw new Unreadable(`record ${wide + 1} ${csvWidthFault(records[wide].length, columns)}`);
  // a header is not JSON, a body is
  const headed = columns.other !== undefined || !('value' in parseJson(records[0][columns.body]));
  return (headed ? records.slice(1) : records).map((cells, index): Entry => {
    const row = index + 1;
    const body = cells[columns.body];
    const parsed = parseJson(body);
    if (!('value' in parsed)) throw badRow(row, `its body is not JSON: ${body.slice(0, SHOWN_CHARACTERS)}`);
    if (columns.other === undefined) return { body };
    const cell = cells[1 - columns.body];
    return columns.other === 'weight' ? { body, weight: weightOf(cell, row) } : { body, atMs: timestampMs(cell, row) };
  });
}

interface Columns {
  readonly count: number;
  readonly body: number;
  readonly other?: Member;
}

function columnsOf(header: readonly string[]): Columns {
  const names = header.map(name => name.trim().toLowerCase());
  const at = names.findIndex(name => MEMBERS.includes(name));
  if (names.length !== 2 || at < 0) return { count: 1, body: 0 };
  return { count: 2, body: 1 - at, other: names[at] as Member };
}

const csvWidthFault = (found: number, { count, other }: Columns): string =>
  other === undefined
    ? `has ${found} columns; one column of bodies is allowed, and a column named weight or timestamp beside it`
    : `has ${found} columns, but the header has ${count}`;

function csvRecords(content: string): string[][] {
  try {
    return parseCsv(content, { relaxColumnCount: true, skipEmptyLines: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new Unreadable(`it is neither JSON nor CSV (${error.message})`);
  }
}

function weightOf(value: unknown, row: number): number {
  const weight = typeof value === 'string' && value.trim() === '' ? NaN : Number(value);
  if (weight > 0 && Number.isFinite(weight)) return weight;
  throw badRow(row, `its weight is ${String(value).slice(0, SHOWN_CHARACTERS)}; it must be a number above 0`);
}

// lossless: JSON.parse would change an integer beyond 2^53 on its way to the service
const toBody = (value: unknown): string => (typeof value === 'string' ? value : stringifyLossless(value)!);

const plain = (value: unknown): unknown =>
  isLosslessNumber(value) ? value.value : typeof value === 'string' ? value : typeof value;

function parseJson(text: string): { readonly value: unknown } | { readonly fault: string } {
  try {
    return { value: parseLossless(text) };
  } catch (error) {
    return { fault: (error as Error).message.slice(0, 2 * SHOWN_CHARACTERS) };
  }
}
