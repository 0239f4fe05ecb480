import * as fs from 'fs';
import * as path from 'path';
import { Fault } from '../core/errors';

/** What `models.lock.json` says of one version of a model. */
export interface RegisteredVersion {
  readonly name: string;
  /** Counted from 1; rises when the bytes change. */
  readonly version: number;
  /** Lower-case hex: of the file's bytes, or of the folder's list of files. */
  readonly sha256: string;
  readonly sizeInBytes: number;
  /** The files of a folder, sorted by path; absent where the model is one file. */
  readonly files?: readonly RegisteredFile[];
  readonly description?: string;
  /** Such as `Onnx` or `ScikitLearn`. */
  readonly framework?: string;
  /** May change at any time. */
  readonly tags: Readonly<Record<string, string>>;
  /** Never change once set; new ones may be added. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly signature?: RegisteredSignature;
  /** A file of request bodies, relative to the lock file. */
  readonly sampleInput?: string;
  readonly run?: RegisteredRun;
  /** ISO 8601, UTC. */
  readonly registeredTime: string;
}

export interface RegisteredFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeInBytes: number;
  /** Counts in the folder's digest, as it does in the image. @default false */
  readonly executable?: boolean;
}

/** What the model takes and gives, where it says so itself. */
export interface RegisteredSignature {
  readonly inputs: readonly RegisteredTensor[];
  readonly outputs: readonly RegisteredTensor[];
  /** Outputs that are no tensors and are not served. */
  readonly skippedOutputs?: readonly string[];
}

export interface RegisteredTensor {
  readonly name: string;
  /** ONNX's word: `float32`, `int64`, `string`, … */
  readonly type: string;
  /** A number is fixed; a name is free, `''` free and unnamed; `[]` a scalar or of unknown rank. */
  readonly shape: ReadonlyArray<number | string>;
}

/** The training run that the bytes came from. */
export interface RegisteredRun {
  readonly runId: string;
  readonly experimentName?: string;
}

/** A lock file in memory: sorted by name, then version. */
export interface Registry {
  readonly schemaVersion: 1;
  readonly models: readonly RegisteredVersion[];
}

/** The codes that a `RegistryError` carries; listed in `docs/errors.md`. */
export type RegistryErrorCode =
  | 'REGISTRY_UNREADABLE'
  | 'REGISTRY_GARBLED'
  | 'REGISTRY_SCHEMA_UNKNOWN'
  | 'REGISTRY_BUSY'
  | 'MODEL_NAME_INVALID'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_EMPTY'
  | 'MODEL_LABEL_INVALID'
  | 'MODEL_PROPERTY_CHANGED';

/** A lock file or a registration that cannot be right. Constructs wrap it with their path. */
export class RegistryError extends Error {
  constructor(
    public readonly code: RegistryErrorCode,
    public readonly fault: Fault,
  ) {
    super(`${fault.problem} [${code}]\n  fix: ${fault.fix}`);
    this.name = 'RegistryError';
  }
}

const EMPTY: Registry = { schemaVersion: 1, models: [] };
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** Azure ML's rule for a model's name: 1 to 255 letters, digits, `-`, `_`, `.`; the first a letter or digit, so never `..`. */
export function isModelName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Reads a lock file; one that does not exist is an empty registry.
 *
 * @throws RegistryError where the file cannot be read, is not what `register` writes, or is of another schema
 */
export function readRegistry(file: string): Registry {
  const text = readText(file);
  if (text === undefined) return EMPTY;
  const content = parse(file, text);
  if (content.schemaVersion !== 1) throw unknownSchema(file, content.schemaVersion);
  if (!Array.isArray(content.models)) throw garbled(file, '"models" is not a list');
  const models = content.models.map((entry: unknown, index) => checkEntry(file, entry, index));
  refuseDuplicates(file, models);
  return { schemaVersion: 1, models: sortModels(models) };
}

/** Writes the registry whole or not at all; the same registry always gives the same bytes. */
export function writeRegistry(file: string, registry: Registry): void {
  const written = `${file}.${process.pid}.tmp`;
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  try {
    fs.writeFileSync(written, formatRegistry(registry));
    fs.renameSync(written, file);
  } catch (error) {
    fs.rmSync(written, { force: true });
    throw unreadable(file, error, 'written');
  }
}

/** One property a line in a fixed order, so that two branches that register different models merge by themselves. */
export function formatRegistry(registry: Registry): string {
  const models = sortModels(registry.models).map(inOrder);
  const text = JSON.stringify({ schemaVersion: registry.schemaVersion, models }, undefined, 2);
  // a shape reads, and differs, as one thing
  const shapesOnOneLine = text.replace(/"shape": \[[^\]]*\]/g, shape =>
    shape.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
  );
  return `${shapesOnOneLine}\n`;
}

/** Runs `change` while no other process changes the same file; two that register at once both get in. */
export function withRegistryLock<T>(file: string, change: () => T, patienceMs = PATIENCE_MS): T {
  const guard = `${file}.lock`;
  acquire(file, guard, patienceMs);
  try {
    return change();
  } finally {
    fs.rmSync(guard, { force: true });
  }
}

const STALE_MS = 30_000;
const PATIENCE_MS = 10_000;

function acquire(file: string, guard: string, patienceMs: number): void {
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  const until = Date.now() + patienceMs;
  while (!tryCreate(file, guard)) {
    if (isStale(guard)) fs.rmSync(guard, { force: true });
    else if (Date.now() > until) throw busy(file, guard, patienceMs);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}

function tryCreate(file: string, guard: string): boolean {
  try {
    fs.closeSync(fs.openSync(guard, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unreadable(file, error, 'written');
  }
}

/** Left by a process that was killed: nobody holds it this long. */
function isStale(guard: string): boolean {
  const stat = fs.statSync(guard, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > STALE_MS;
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, error, 'read');
  }
}

function parse(file: string, text: string): { readonly schemaVersion?: unknown; readonly models?: unknown } {
  if (/^(<<<<<<<|>>>>>>>) /m.test(text)) throw conflict(file);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw garbled(file, `it is not JSON: ${(error as Error).message}`);
  }
  if (!isRecord(content)) throw garbled(file, 'it is not a JSON object');
  return content;
}

function checkEntry(file: string, entry: unknown, index: number): RegisteredVersion {
  const fail = (what: string) =>
    garbled(file, `models[${index}]${isRecord(entry) && typeof entry.name === 'string' ? ` ("${entry.name}")` : ''} ${what}`);
  if (!isRecord(entry)) throw fail('is not an object');
  if (typeof entry.name !== 'string' || !isModelName(entry.name)) throw fail('has no valid "name"');
  if (!isCount(entry.version) || entry.version < 1) throw fail('has no whole "version" of 1 or more');
  if (!isDigest(entry.sha256)) throw fail('has no "sha256" of 64 hex digits');
  if (!isCount(entry.sizeInBytes)) throw fail('has no whole "sizeInBytes"');
  if (typeof entry.registeredTime !== 'string') throw fail('has no "registeredTime"');
  if (!isStringMap(entry.tags)) throw fail('has "tags" that are not strings');
  if (entry.properties !== undefined && !isStringMap(entry.properties)) throw fail('has "properties" that are not strings');
  if (entry.files !== undefined && !(Array.isArray(entry.files) && entry.files.every(isFileEntry)))
    throw fail('has a garbled "files" list');
  return entry as unknown as RegisteredVersion;
}

function refuseDuplicates(file: string, models: readonly RegisteredVersion[]): void {
  const seen = new Set<string>();
  for (const { name, version } of models) {
    const id = `${name}:${version}`;
    if (seen.has(id)) {
      throw new RegistryError('REGISTRY_GARBLED', {
        problem: `${file} holds ${id} twice`,
        fix: 'two branches registered at once: delete the entry that came later and register its file again',
      });
    }
    seen.add(id);
  }
}

function sortModels(models: readonly RegisteredVersion[]): RegisteredVersion[] {
  // by code unit, not by the locale of the machine
  return [...models].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version - b.version));
}

/** Every property in the order that a reader wants it; a property from a newer release of the same schema is kept, at the end. */
function inOrder(model: RegisteredVersion): object {
  const {
    name,
    version,
    sha256,
    sizeInBytes,
    description,
    framework,
    tags,
    properties,
    signature,
    sampleInput,
    run,
    registeredTime,
    files,
    ...rest
  } = model;
  return {
    name,
    version,
    sha256,
    sizeInBytes,
    description,
    framework,
    tags: sortKeys(tags),
    properties: properties && sortKeys(properties),
    signature,
    sampleInput,
    run,
    registeredTime,
    files,
    ...rest,
  };
}

function sortKeys(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isStringMap = (value: unknown): boolean => isRecord(value) && Object.values(value).every(item => typeof item === 'string');
const isFileEntry = (value: unknown): boolean =>
  isRecord(value) && typeof value.path === 'string' && isDigest(value.sha256) && isCount(value.sizeInBytes);

const garbled = (file: string, what: string) =>
  new RegistryError('REGISTRY_GARBLED', {
    problem: `${file} is not a lock file of models: ${what}`,
    fix: 'restore the file from version control, then register what is missing again',
  });

const conflict = (file: string) =>
  new RegistryError('REGISTRY_GARBLED', {
    problem: `${file} holds an unresolved merge conflict`,
    fix: 'keep the entries of one side, then register the models of the other side again',
  });

const unknownSchema = (file: string, found: unknown) =>
  new RegistryError('REGISTRY_SCHEMA_UNKNOWN', {
    problem: `${file} has schemaVersion ${JSON.stringify(found) ?? 'missing'}, and this release reads 1`,
    fix: 'use the release of cdktf-model-serving that wrote the file, or a later one',
  });

const unreadable = (file: string, error: unknown, verb: 'read' | 'written') =>
  new RegistryError('REGISTRY_UNREADABLE', {
    problem: `${file} cannot be ${verb}: ${(error as Error).message}`,
    fix: 'check the path and its permissions, or name another with --lock-file',
  });

const busy = (file: string, guard: string, patienceMs: number) =>
  new RegistryError('REGISTRY_BUSY', {
    problem: `another process has been changing ${file} for ${patienceMs / 1000} s`,
    fix: `wait for it to end; if there is none, delete ${guard}`,
  });
