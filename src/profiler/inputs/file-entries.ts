import { isUtf8 } from 'buffer';
import * as fs from 'fs';
import * as path from 'path';
import type { ModelSignature } from '../../scoring/onnx-signature';
import { RAW_TYPE } from '../../scoring/wire/media-type';
import { startsAsNpy } from '../../scoring/wire/npy';
import { Entry, Unreadable } from './entry';
import { naturally } from './natural-order';
import { npyEntries } from './npy-entries';
import { rawType } from './raw-type';
import { namedTensor, testDataEntry, testDataSets } from './test-data';
import { tensorEntry } from './tensor-entry';
import { textEntries } from './text-entries';

/** The requests of a file, by its name or by what it starts with. */
export function fileEntries(file: string, signature?: ModelSignature): Entry[] {
  const extension = path.extname(file).toLowerCase();
  if (extension === '.pb') return [tensorEntry([namedTensor(file, signature)])];
  const content = fs.readFileSync(file);
  const contentType = rawType(file);
  if (contentType !== undefined) return content.length === 0 ? [] : [{ body: content, contentType }];
  if (startsAsNpy(content) || extension === '.npy') return npyEntries(content, signature);
  if (isZip(content)) throw new Unreadable('it is an archive; unpack it, or save each array of an .npz with numpy.save');
  if (!isUtf8(content)) return binary(content, extension);
  return textEntries(content.toString('utf8'), !signature?.inputs.some(({ name }) => name === 'body'));
}

/** The requests of a folder: ONNX test data, else one or more out of each of its files, in the order of their names. */
export function folderEntries(folder: string, signature?: ModelSignature): Entry[] {
  const sets = testDataSets(folder);
  if (sets.length > 0) return sets.map(set => testDataEntry(set, signature));
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.'))
    .sort((a, b) => naturally(a.name, b.name))
    .flatMap(entry => {
      if (!entry.isFile()) throw new Unreadable(`${entry.name} in it is no file of requests, nor a folder of ONNX test data`);
      return entriesWithin(path.join(folder, entry.name), signature);
    });
}

function entriesWithin(file: string, signature?: ModelSignature): Entry[] {
  try {
    const entries = fileEntries(file, signature);
    if (entries.some(({ atMs }) => atMs !== undefined)) throw new Unreadable('a recording is read on its own, not in a folder');
    return entries;
  } catch (error) {
    throw new Unreadable(`${path.basename(file)}: ${(error as Error).message}`);
  }
}

/** Bytes under a name that promises text are damaged text. */
function binary(content: Buffer, extension: string): Entry[] {
  if (/^\.(json|jsonl|ndjson|csv|txt)$/.test(extension)) throw new Unreadable('it is not UTF-8');
  return [{ body: content, contentType: RAW_TYPE }];
}

const isZip = (content: Buffer): boolean => content.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004';
