import * as fs from 'fs';
import { chooseBelow, FileEntry, listFiles } from '../core/file-tree';
import { sha256File, sha256Tree } from '../core/fingerprint';
import {
  isModelName,
  readRegistry,
  RegisteredFile,
  RegisteredRun,
  RegisteredSignature,
  RegisteredVersion,
  Registry,
  RegistryError,
  withRegistryLock,
  writeRegistry,
} from './registry-file';

export * from './registry-file';

/** The lock file's name where none is given. */
export const DEFAULT_LOCK_FILE = 'models.lock.json';

/** A model to register: where its bytes are, and what is known of them. */
export interface Registration {
  readonly name: string;
  /** File or folder. */
  readonly source: string;
  /** Of a folder: only these files and folders below it, as v1's `child_paths`. @default - all of it */
  readonly childPaths?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly framework?: string;
  readonly signature?: RegisteredSignature;
  readonly sampleInput?: string;
  readonly run?: RegisteredRun;
  /** @default - now */
  readonly registeredTime?: Date;
}

/** `registered`: a new version. `updated`: known bytes, other metadata. `unchanged`: nothing was written. */
export type RegistrationOutcome = 'registered' | 'updated' | 'unchanged';

export interface RegistrationResult {
  readonly outcome: RegistrationOutcome;
  readonly model: RegisteredVersion;
}

/** What identifies a model's bytes. */
export interface ModelContent {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeInBytes: number;
  /** The files of a folder, sorted by path. */
  readonly files?: readonly RegisteredFile[];
}

/**
 * Gives the bytes a version in the lock file: the next one where they are new under this name, else the one they have.
 *
 * For known bytes the metadata is brought up to date by v1's rules: tags, description and the like may change (what is
 * not given stays), properties may only be added.
 *
 * @throws RegistryError where the name or a tag is not allowed, the source is missing or empty, a set property would
 *   change, or the lock file is not what `register` writes
 */
export function register(lockFile: string, registration: Registration): RegistrationResult {
  checkName(registration.name);
  checkLabels('tag', registration.tags);
  checkLabels('property', registration.properties);
  const content = describeContent(registration.source, registration.childPaths); // may take long: before the lock
  return withRegistryLock(lockFile, () => {
    const registry = readRegistry(lockFile);
    const known = findByDigest(registry, registration.name, content.sha256);
    const model = known ? updated(known, registration) : created(registry, registration, content);
    if (known && JSON.stringify(model) === JSON.stringify(known)) return { outcome: 'unchanged', model: known };
    writeRegistry(lockFile, { ...registry, models: [...registry.models.filter(other => other !== known), model] });
    return { outcome: known ? 'updated' : 'registered', model };
  });
}

/** The newest version under `name` with these bytes. */
export function findByDigest(registry: Registry, name: string, sha256: string): RegisteredVersion | undefined {
  return registry.models.filter(model => model.name === name && model.sha256 === sha256).pop();
}

export function findVersion(registry: Registry, name: string, version: number): RegisteredVersion | undefined {
  return registry.models.find(model => model.name === name && model.version === version);
}

/** The version of `name` with the highest number. */
export function latest(registry: Registry, name: string): RegisteredVersion | undefined {
  return registry.models.filter(model => model.name === name).pop();
}

/**
 * Digest, size and files of a model, the digest as `RegisteredModel` computes it: a file's is that of its bytes; a
 * folder's, that of its sorted list of files without what its `.dockerignore` excludes.
 *
 * @throws RegistryError where there is nothing at `source`, or nothing in it
 */
export function describeContent(source: string, childPaths?: readonly string[]): ModelContent {
  const stat = fs.statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw notFound(source);
  if (stat.isDirectory()) return describeFolder(source, childPaths);
  if (childPaths !== undefined) throw childPathsOfFile(source);
  if (stat.size === 0) throw empty(source, 'has no bytes');
  return { sha256: sha256File(source), sizeInBytes: stat.size };
}

function describeFolder(folder: string, childPaths: readonly string[] | undefined): ModelContent {
  const all = listFiles(folder);
  const { chosen, missing } = childPaths === undefined ? { chosen: all, missing: undefined } : chooseBelow(all, childPaths);
  if (missing !== undefined) throw childNotFound(folder, missing);
  if (chosen.length === 0) throw empty(folder, 'holds no file that its .dockerignore lets through');
  const files = chosen.map(describeEntry);
  return { sha256: sha256Tree(files), sizeInBytes: files.reduce((sum, file) => sum + file.sizeInBytes, 0), files };
}

function describeEntry(file: FileEntry): RegisteredFile {
  const entry = { path: file.path, sha256: sha256File(file.absolute), sizeInBytes: file.size };
  return file.executable ? { ...entry, executable: true } : entry;
}

function created(registry: Registry, registration: Registration, content: ModelContent): RegisteredVersion {
  const { name, tags, properties, description, framework, signature, sampleInput, run, registeredTime } = registration;
  return withoutUndefined({
    name,
    version: (latest(registry, name)?.version ?? 0) + 1,
    ...content,
    description,
    framework,
    tags: { ...tags },
    properties: properties && { ...properties },
    signature,
    sampleInput,
    run,
    registeredTime: toSeconds(registeredTime ?? new Date()),
  });
}

function updated(known: RegisteredVersion, registration: Registration): RegisteredVersion {
  const { description, framework, signature, sampleInput, run } = registration;
  return {
    ...known,
    ...withoutUndefined({ description, framework, signature, sampleInput, run }),
    tags: { ...known.tags, ...registration.tags },
    ...withoutUndefined({ properties: appendProperties(known, registration.properties) }),
  };
}

function appendProperties(known: RegisteredVersion, given: Readonly<Record<string, string>> | undefined) {
  for (const [key, value] of Object.entries(given ?? {})) {
    const before = known.properties?.[key];
    if (before !== undefined && before !== value) throw propertyChanged(known, key, before, value);
  }
  return known.properties || given ? { ...known.properties, ...given } : undefined;
}

function checkName(name: string): void {
  if (isModelName(name)) return;
  throw new RegistryError('MODEL_NAME_INVALID', {
    problem: `"${name}" is not a model name: 1 to 255 letters, digits, "-", "_" and "." are allowed, the first a letter or digit`,
    fix: `choose a name such as "${
      name
        .replace(/[^A-Za-z0-9._-]+/g, '-')
        .replace(/^[._-]+|-+$/g, '')
        .slice(0, 255) || 'my-model'
    }"`,
  });
}

function checkLabels(kind: 'tag' | 'property', labels: Readonly<Record<string, unknown>> = {}): void {
  for (const [key, value] of Object.entries(labels)) {
    if (key.trim() !== '' && typeof value === 'string') continue;
    throw new RegistryError('MODEL_LABEL_INVALID', {
      problem: `${kind} ${JSON.stringify(key)} is ${JSON.stringify(value)}: the key must not be blank and the value must be a string`,
      fix: `give each ${kind} as a key and a string`,
    });
  }
}

/** Keeps the key order of its argument and leaves out what was not given: JSON has no `undefined`. */
function withoutUndefined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}

const toSeconds = (time: Date): string => time.toISOString().replace(/\.\d+Z$/, 'Z');

const notFound = (source: string) =>
  new RegistryError('MODEL_NOT_FOUND', {
    problem: `there is no file or folder "${source}"`,
    fix: 'give the path of the trained model, relative to the current folder or absolute',
  });

const childNotFound = (folder: string, child: string) =>
  new RegistryError('MODEL_NOT_FOUND', {
    problem: `"${folder}" holds nothing at the child path "${child}"`,
    fix: 'give child paths relative to the folder, of files that its .dockerignore does not exclude',
  });

const childPathsOfFile = (source: string) =>
  new RegistryError('MODEL_NOT_FOUND', {
    problem: `child paths choose from a folder, and "${source}" is a file`,
    fix: 'give the folder, or leave the child paths out',
  });

const empty = (source: string, why: string) =>
  new RegistryError('MODEL_EMPTY', { problem: `"${source}" ${why}`, fix: 'give the trained model itself' });

const propertyChanged = (known: RegisteredVersion, key: string, before: string, value: string) =>
  new RegistryError('MODEL_PROPERTY_CHANGED', {
    problem: `property "${key}" of ${known.name}:${known.version} is "${before}" and cannot become "${value}": a property is set once`,
    fix: 'use a tag for what may change',
  });
