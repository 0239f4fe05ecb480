import { Command } from 'commander';
import { existsSync } from 'fs';
import * as path from 'path';
import type { ModelContent, RegisteredSignature, RegistrationResult } from '../model/model-registry';
import { CommandFailure, usageFailure } from './failure';
import { Terminal } from './terminal';
import { collect, collectPairs } from './values';

/** The options of `register`, as commander reads them. */
export interface RegisterOptions {
  readonly name: string;
  readonly tag?: Record<string, string>;
  readonly property?: Record<string, string>;
  readonly description?: string;
  readonly framework?: string;
  readonly childPath?: string[];
  readonly sampleInput?: string;
  /** False: the model is not loaded. */
  readonly signature: boolean;
  readonly lockFile: string;
}

const HELP = `
The version rises when the bytes change; the same bytes keep their version, and only their metadata is brought up to date.
Commit the lock file: stacks read it at synth and refuse a registered version whose bytes differ.

Example:
  $ model-serving register models/digits.onnx --name digits --tag area=vision --property accuracy=0.984
  digits:1 (sha256 941a7c8f076f)`;

export function registerCommand(terminal: Terminal): Command {
  return new Command('register')
    .description('give a trained model a name and a version in models.lock.json')
    .argument('<model>', 'the trained model: a file, or a folder of files')
    .requiredOption('--name <name>', 'name: 1 to 255 letters, digits, - _ .')
    .option('--tag <key=value>', 'a tag, may change later; repeatable', collectPairs)
    .option('--property <key=value>', 'a property, never changes once set; repeatable', collectPairs)
    .option('--description <text>', 'what the model does')
    .option('--framework <name>', 'such as Onnx, ScikitLearn, PyTorch (default: Onnx for .onnx files)')
    .option('--child-path <path>', 'of a folder, only this file or folder below it; repeatable', collect)
    .option('--sample-input <file>', 'a file of request bodies that fit the model')
    .option('--no-signature', 'do not load the model to read its inputs and outputs')
    .option('--lock-file <file>', 'the lock file', 'models.lock.json')
    .addHelpText('after', HELP)
    .action((model: string, options: RegisterOptions) => run(terminal, model, options));
}

async function run(terminal: Terminal, model: string, options: RegisterOptions): Promise<void> {
  const result = await registerModel(model, options);
  const { name, version, sha256 } = result.model;
  terminal.result(`${name}:${version} (sha256 ${sha256.slice(0, 12)})`, { ...result, lockFile: options.lockFile });
  terminal.note(describeOutcome(result, options.lockFile));
  terminal.note(
    `next: commit ${options.lockFile}, then measure it: model-serving profile ${model} --input <samples.json> --rate 50 --p95 40ms --target aci`,
  );
}

/** What the command does, for other programs of this package. */
export async function registerModel(model: string, options: RegisterOptions): Promise<RegistrationResult> {
  const { describeContent, register } = await import('../model/model-registry');
  const onnx = onnxFileOf(model, describeContent(model, options.childPath));
  return register(options.lockFile, {
    name: options.name,
    source: model,
    childPaths: options.childPath,
    tags: options.tag,
    properties: options.property,
    description: options.description,
    framework: options.framework ?? (onnx ? 'Onnx' : undefined),
    signature: onnx && options.signature ? await readSignatureOf(onnx) : undefined,
    sampleInput: options.sampleInput && relativeTo(options.lockFile, options.sampleInput),
  });
}

/** The one .onnx file to read a signature from; a folder with several unnamed ones has none. */
function onnxFileOf(model: string, content: ModelContent): string | undefined {
  if (content.files === undefined) return model.endsWith('.onnx') ? model : undefined;
  const found = content.files.map(file => file.path).filter(file => file.endsWith('.onnx'));
  const chosen = found.length === 1 ? found[0] : found.find(file => path.posix.basename(file) === 'model.onnx');
  return chosen && path.join(model, chosen);
}

async function readSignatureOf(file: string): Promise<RegisteredSignature> {
  const { ModelError, readSignature } = await import('../scoring/onnx-signature');
  try {
    return await readSignature(file);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new CommandFailure(
      'MODEL_UNREADABLE',
      error.message,
      'export the model again, or register it unread with --no-signature',
    );
  }
}

/** With `/`, so that the lock file is the same on every system. */
function relativeTo(lockFile: string, file: string): string {
  if (!existsSync(file)) throw usageFailure(`there is no file "${file}"`, 'give --sample-input a file that exists');
  return path
    .relative(path.dirname(path.resolve(lockFile)), path.resolve(file))
    .split(path.sep)
    .join('/');
}

function describeOutcome({ outcome, model }: RegistrationResult, lockFile: string): string {
  const id = `${model.name}:${model.version}`;
  if (outcome === 'registered') return `registered as ${id} in ${lockFile}`;
  return outcome === 'updated'
    ? `known bytes: brought ${id} up to date in ${lockFile}`
    : `known bytes: ${id} is unchanged in ${lockFile}`;
}
