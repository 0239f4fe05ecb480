import * as fs from 'fs';
import * as path from 'path';
import type { ModelSignature } from '../../scoring/onnx-signature';
import type { PlainTensor } from '../../scoring/tensor/plain-tensor';
import { Entry, Unreadable } from './entry';
import { naturally } from './natural-order';
import { tensorEntry } from './tensor-entry';
import { readTensorProto } from './tensor-proto';

const INPUT_FILE = /^input_(\d+)\.pb$/;

/** Folders of ONNX test data: `folder` itself, or those in it, as `test_data_set_0` with its `input_0.pb`; in order. */
export function testDataSets(folder: string): string[] {
  if (isTestData(folder)) return [folder];
  const inside = fs.readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory());
  return inside
    .map(({ name }) => name)
    .sort(naturally)
    .map(name => path.join(folder, name))
    .filter(isTestData);
}

/**
 * One request out of a test data set: its tensors by the model's names in order, else by the names that they carry.
 *
 * @throws Unreadable
 */
export function testDataEntry(folder: string, signature?: ModelSignature): Entry {
  const files = fs
    .readdirSync(folder)
    .filter(name => INPUT_FILE.test(name))
    .sort(naturally);
  return tensorEntry(files.map(name => namedTensor(path.join(folder, name), signature)));
}

/** A tensor file and the input it is for: that of its number, `input_<n>.pb`, else the one whose name it carries. */
export function namedTensor(file: string, signature?: ModelSignature): readonly [string, PlainTensor] {
  const where = path.join(path.basename(path.dirname(file)), path.basename(file));
  const { name, tensor } = within(where, () => readTensorProto(fs.readFileSync(file)));
  const number = INPUT_FILE.exec(path.basename(file))?.[1];
  const numbered = number === undefined ? undefined : signature?.inputs[Number(number)]?.name;
  const only = signature?.inputs.length === 1 ? signature.inputs[0].name : undefined;
  const known = signature?.inputs.some(input => input.name === name) ? name : undefined;
  const chosen = known ?? numbered ?? only ?? name;
  if (chosen !== '') return [chosen, tensor];
  throw new Unreadable(`${where} names no input of the model`);
}

function within<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Unreadable(`${where}: ${(error as Error).message}`);
  }
}

const isTestData = (folder: string): boolean => fs.readdirSync(folder).some(name => INPUT_FILE.test(name));
