import { parse as parseCsv } from 'csv-parse/sync';
import * as fs from 'fs';
import { parse as parseLossless, stringify as stringifyLossless } from 'lossless-json';
import { inputUnreadable, noInputs } from './errors';

/** A request body: JSON text as it goes over the wire, or a value that becomes it. */
export type RequestInput = string | object;

/**
 * Request bodies from a file: a JSON array of bodies, one JSON body, one JSON body a line, or a CSV file with one column of
 * bodies (the tabular dataset of Azure ML v1's `Model.profile`), with or without a header.
 *
 * @throws ProfileError NO_INPUTS, INPUT_UNREADABLE
 */
export function readInputs(file: string): string[] {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw inputUnreadable(file, (error as Error).message);
  }
  return parseInputs(text, file);
}

/** The same, from text; `where` names it in errors. */
export function parseInputs(text: string, where = 'the input'): string[] {
  const content = text.replace(/^\uFEFF/, '').trim();
  if (content === '') throw noInputs(where);
  const bodies = fromJson(content) ?? fromJsonLines(content) ?? fromCsv(content, where);
  if (bodies.length === 0) throw noInputs(where);
  return bodies;
}

/** The text that is sent for an input. */
export const requestBody = (input: RequestInput): string => (typeof input === 'string' ? input : JSON.stringify(input));

function fromJson(content: string): string[] | undefined {
  const parsed = parse(content);
  if (parsed === undefined) return undefined;
  return Array.isArray(parsed) ? parsed.map(toBody) : [toBody(parsed)];
}

function fromJsonLines(content: string): string[] | undefined {
  const values = content
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
    .map(parse);
  return values.includes(undefined) ? undefined : values.map(toBody);
}

function fromCsv(content: string, where: string): string[] {
  const records = csvRecords(content, where);
  const wide = records.findIndex(record => record.length > 1);
  if (wide >= 0) {
    throw inputUnreadable(where, `record ${wide + 1} has ${records[wide].length} columns; one column of bodies is allowed`);
  }
  const cells = records.map(([cell]) => cell);
  // a header is not JSON, a body is
  const bodies = parse(cells[0]) === undefined ? cells.slice(1) : cells;
  const broken = bodies.findIndex(body => parse(body) === undefined);
  if (broken >= 0) throw inputUnreadable(where, `body ${broken + 1} is not JSON: ${bodies[broken].slice(0, 60)}`);
  return bodies;
}

function csvRecords(content: string, where: string): string[][] {
  try {
    return parseCsv(content, { relaxColumnCount: true, skipEmptyLines: true });
  } catch (error) {
    throw inputUnreadable(where, `it is neither JSON nor CSV (${(error as Error).message})`);
  }
}

// lossless: JSON.parse would change an integer beyond 2^53 on its way to the service
const toBody = (value: unknown): string => (typeof value === 'string' ? value : stringifyLossless(value)!);

function parse(text: string): unknown {
  try {
    return parseLossless(text);
  } catch {
    return undefined;
  }
}
