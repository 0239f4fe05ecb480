import * as fs from 'fs';
import * as path from 'path';
import type { ModelSignature } from '../scoring/onnx-signature';
import { inputUnreadable, noInputs, ProfileError } from './errors';
import type { InputSet, ProfileInput } from './input-set';
import { Entry } from './inputs/entry';
import { fileEntries, folderEntries } from './inputs/file-entries';
import { recording } from './inputs/recording';
import { textEntries } from './inputs/text-entries';

export { expectedInputs } from './inputs/expected-inputs';
export { syntheticInputs } from './inputs/synthetic';
export type { SyntheticOptions } from './inputs/synthetic';

/** A request body: JSON text as it goes over the wire, or a value that becomes it. */
export type RequestInput = string | object;

/**
 * What to send, from a file or folder:
 *
 * - JSON: an array of bodies, one body, or one body a line; each may stand in `{"body": …, "weight": 3}` to come three times as
 *   often as others, or in `{"timestamp": …, "body": …}` (milliseconds or ISO 8601) as part of a recording;
 * - CSV: one column of bodies, with or without a header (the tabular dataset of Azure ML v1's `Model.profile`), or two with a
 *   header, one of them `weight` or `timestamp`;
 * - `.npy`: sent in that form, row by row where `signature` says that the model takes rows;
 * - ONNX test data: a folder with `input_0.pb`…, or one of such folders; sent as JSON;
 * - images, sounds and other bytes: one body a file;
 * - a folder of such files, read in the order of their names.
 *
 * @param signature what the model takes, where that is known: it names tensors and tells rows from batches
 * @throws ProfileError NO_INPUTS, INPUT_UNREADABLE with the row and the reason
 */
export function readInputSet(file: string, signature?: ModelSignature): InputSet {
  return readable(file, () => {
    const isFolder = fs.statSync(file).isDirectory();
    const entries = isFolder ? folderEntries(file, signature) : fileEntries(file, signature);
    if (entries.length === 0) throw noInputs(file);
    return inputSet(path.basename(path.resolve(file)), entries);
  });
}

/** The bodies of a file of JSON or CSV, as text. @throws ProfileError NO_INPUTS, INPUT_UNREADABLE */
export function readInputs(file: string): string[] {
  return parseInputs(
    readable(file, () => fs.readFileSync(file, 'utf8')),
    file,
  );
}

/** The same, from text; `where` names it in errors. */
export function parseInputs(text: string, where = 'the input'): string[] {
  const entries = readable(where, () => textEntries(text));
  if (entries.length === 0) throw noInputs(where);
  return entries.map(({ body }) => String(body));
}

/** The text that is sent for an input. */
export const requestBody = (input: RequestInput): string => (typeof input === 'string' ? input : JSON.stringify(input));

/** How many bodies differ: where it is one or two, cost that depends on the input is not seen. */
export function distinctBodies(inputs: readonly ProfileInput[]): number {
  return new Set(inputs.map(({ body }) => (typeof body === 'string' ? body : body.toString('latin1')))).size;
}

function inputSet(name: string, entries: readonly Entry[]): InputSet {
  if (entries[0].atMs === undefined) return { inputs: entries, synthetic: false, source: `${name}, ${counted(entries.length)}` };
  const { inputs, trace } = recording(entries);
  const seconds = trace.atMs[trace.atMs.length - 1] / 1000;
  const source = `${name}, a recording of ${entries.length} requests in ${seconds.toFixed(1)} s, ${counted(inputs.length)}`;
  return { inputs, synthetic: false, source, trace };
}

const counted = (bodies: number): string => (bodies === 1 ? 'one body' : `${bodies} bodies`);

/** Whatever a file does to its readers, the caller gets a typed error with the file's name. */
function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProfileError ? error : inputUnreadable(file, (error as Error).message);
  }
}
