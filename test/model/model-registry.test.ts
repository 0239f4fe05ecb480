import { App, TerraformStack } from 'cdktf';
import { execFile } from 'child_process';
import fc from 'fast-check';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { promisify } from 'util';
import {
  describeContent,
  findByDigest,
  findVersion,
  formatRegistry,
  latest,
  readRegistry,
  register,
  Registration,
  RegistryError,
  RegisteredVersion,
  Registry,
  withRegistryLock,
} from '../../src/model/model-registry';
import { ModelSource } from '../../src/model/model-source';

let folder: string;
let lockFile: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'registry-'));
  lockFile = path.join(folder, 'models.lock.json');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A model file with these bytes. */
function model(bytes: string, name = 'model.onnx'): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

const add = (bytes: string, more: Partial<Registration> = {}) =>
  register(lockFile, { name: 'digits', source: model(bytes), ...more });

/** The code of the RegistryError that `action` throws. */
function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RegistryError) return error.code;
    throw error;
  }
  return 'nothing thrown';
}

describe('register', () => {
  test('starts at version 1', () => {
    const { outcome, model } = add('first');

    expect(outcome).toBe('registered');
    expect(model).toMatchObject({ name: 'digits', version: 1, sizeInBytes: 5 });
    expect(model.sha256).toBe('a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e');
  });

  test('raises the version when the bytes change', () => {
    add('first');
    expect(add('second').model.version).toBe(2);
    expect(add('third').model.version).toBe(3);
  });

  test('gives the same bytes the version that they have, even when a later one exists', () => {
    add('first');
    add('second');

    expect(add('first').model.version).toBe(1);
    expect(readRegistry(lockFile).models).toHaveLength(2);
  });

  test('counts each name by itself', () => {
    add('first');
    add('second');
    expect(add('first', { name: 'letters' }).model.version).toBe(1);
  });

  test('writes nothing when nothing changed', () => {
    add('first', { tags: { area: 'mnist', owner: 'a' } });
    const before = fs.statSync(lockFile, { bigint: true });

    expect(add('first', { tags: { owner: 'a' } }).outcome).toBe('unchanged');
    expect(fs.statSync(lockFile, { bigint: true }).ino).toBe(before.ino);
    expect(fs.statSync(lockFile, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  });

  test('changes tags and description of known bytes and keeps what is not named', () => {
    add('first', { tags: { stage: 'dev', area: 'mnist' }, description: 'old' });
    const { outcome, model } = add('first', { tags: { stage: 'prod' }, description: 'new' });

    expect(outcome).toBe('updated');
    expect(model).toMatchObject({ version: 1, tags: { stage: 'prod', area: 'mnist' }, description: 'new' });
  });

  test('keeps the registration time of known bytes', () => {
    add('first', { registeredTime: new Date('2026-01-02T03:04:05.678Z') });
    expect(add('first', { description: 'later' }).model.registeredTime).toBe('2026-01-02T03:04:05Z');
  });

  test('adds properties and refuses to change one', () => {
    add('first', { properties: { accuracy: '0.98' } });
    expect(add('first', { properties: { recall: '0.97' } }).model.properties).toEqual({ accuracy: '0.98', recall: '0.97' });

    expect(codeOf(() => add('first', { properties: { accuracy: '0.99' } }))).toBe('MODEL_PROPERTY_CHANGED');
    expect(readRegistry(lockFile).models[0].properties).toEqual({ accuracy: '0.98', recall: '0.97' });
  });

  test('lets new bytes have other properties', () => {
    add('first', { properties: { accuracy: '0.98' } });
    expect(add('second', { properties: { accuracy: '0.99' } }).model).toMatchObject({
      version: 2,
      properties: { accuracy: '0.99' },
    });
  });

  test.each(['', 'two words', 'a/b', '../up', '.', '..', '.hidden', '-dash', 'ü', 'a'.repeat(256)])(
    'refuses the name %j',
    name => {
      expect(codeOf(() => add('first', { name }))).toBe('MODEL_NAME_INVALID');
      expect(fs.existsSync(lockFile)).toBe(false);
    },
  );

  test.each(['a', 'sklearn_mnist', 'resnet-50.v2', '0', 'a'.repeat(255)])('allows the name %j', name => {
    expect(add('first', { name }).model.name).toBe(name);
  });

  test('refuses a blank tag key and a tag that is no string', () => {
    expect(codeOf(() => add('first', { tags: { ' ': 'x' } }))).toBe('MODEL_LABEL_INVALID');
    expect(codeOf(() => add('first', { tags: { n: 1 as unknown as string } }))).toBe('MODEL_LABEL_INVALID');
  });

  test('refuses a source that is missing or empty', () => {
    expect(codeOf(() => add('', {}))).toBe('MODEL_EMPTY');
    expect(codeOf(() => add('x', { source: path.join(folder, 'none') }))).toBe('MODEL_NOT_FOUND');
  });

  test('leaves the lock file as it was when it refuses, and no scratch file behind', () => {
    add('first', { properties: { a: '1' } });
    const before = fs.readFileSync(lockFile, 'utf8');

    codeOf(() => add('first', { properties: { a: '2' } }));

    expect(fs.readFileSync(lockFile, 'utf8')).toBe(before);
    expect(fs.readdirSync(folder).sort()).toEqual(['model.onnx', 'models.lock.json']);
  });

  test('lets processes that register at the same time all get in', async () => {
    const script = path.join(folder, 'register.cjs');
    const { build } = await import('esbuild');
    await build({
      stdin: {
        contents: `import { register } from './src/model/model-registry';
          register(process.argv[2], { name: process.argv[3], source: process.argv[4] });`,
        resolveDir: path.join(__dirname, '../..'),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      outfile: script,
    });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const source = model('bytes');

    await Promise.all(names.map(name => promisify(execFile)(process.execPath, [script, lockFile, name, source])));

    expect(readRegistry(lockFile).models.map(entry => entry.name)).toEqual(names);
  });
});

describe('a folder', () => {
  const source = () => path.join(folder, 'multi');

  test('is registered with its files, sorted, without what its .dockerignore excludes', () => {
    model('b', 'multi/b.txt');
    model('a', 'multi/sub/a.txt');
    model('junk', 'multi/junk.log');
    model('*.log', 'multi/.dockerignore');

    const { files, sizeInBytes } = register(lockFile, { name: 'multi', source: source() }).model;

    expect(files?.map(file => file.path)).toEqual(['b.txt', 'sub/a.txt']);
    expect(sizeInBytes).toBe(2);
  });

  test('changes its digest when a file is renamed, not when it is touched', () => {
    const file = model('a', 'multi/a.txt');
    const before = describeContent(source()).sha256;
    fs.utimesSync(file, 0, 0);
    expect(describeContent(source()).sha256).toBe(before);

    fs.renameSync(file, path.join(source(), 'b.txt'));
    expect(describeContent(source()).sha256).not.toBe(before);
  });

  test('may be narrowed to child paths', () => {
    model('a', 'multi/keep/a.txt');
    model('b', 'multi/keeper.txt');

    expect(describeContent(source(), ['./keep/']).files?.map(file => file.path)).toEqual(['keep/a.txt']);
    expect(codeOf(() => describeContent(source(), ['gone']))).toBe('MODEL_NOT_FOUND');
  });

  test('has the digest that the construct computes', () => {
    model('a', 'multi/keep/a.txt');
    fs.chmodSync(model('#!/bin/sh', 'multi/run.sh'), 0o755);
    const stack = new TerraformStack(new App(), 'stack');

    expect(describeContent(source()).sha256).toBe(ModelSource.fromDirectory(source())._bind(stack).digest);
    expect(describeContent(source(), ['keep']).sha256).toBe(
      ModelSource.fromDirectory(source(), { childPaths: ['keep'] })._bind(stack).digest,
    );
  });

  test('that holds nothing is refused, and so are child paths of a file', () => {
    fs.mkdirSync(source());
    expect(codeOf(() => describeContent(source()))).toBe('MODEL_EMPTY');
    expect(codeOf(() => describeContent(model('x'), ['a']))).toBe('MODEL_NOT_FOUND');
  });
});

describe('the lock file', () => {
  test('that does not exist is an empty registry', () => {
    expect(readRegistry(lockFile)).toEqual({ schemaVersion: 1, models: [] });
  });

  test.each([
    ['', 'REGISTRY_GARBLED'],
    ['{"schemaVersion": 1, "models": [', 'REGISTRY_GARBLED'],
    ['[]', 'REGISTRY_GARBLED'],
    ['{"schemaVersion": 1}', 'REGISTRY_GARBLED'],
    ['{"schemaVersion": 1, "models": [null]}', 'REGISTRY_GARBLED'],
    ['{"schemaVersion": 1, "models": [{"name": "a", "version": "1"}]}', 'REGISTRY_GARBLED'],
    ['{"schemaVersion": 2, "models": []}', 'REGISTRY_SCHEMA_UNKNOWN'],
    ['{"models": []}', 'REGISTRY_SCHEMA_UNKNOWN'],
  ])('with the content %j is refused', (content, code) => {
    fs.writeFileSync(lockFile, content);

    expect(codeOf(() => readRegistry(lockFile))).toBe(code);
    expect(codeOf(() => add('first'))).toBe(code);
    expect(fs.readFileSync(lockFile, 'utf8')).toBe(content);
  });

  test.each([
    ['name', 'a/b'],
    ['version', 0],
    ['version', 1.5],
    ['sha256', 'ABC'],
    ['sizeInBytes', -1],
    ['tags', { a: 1 }],
    ['properties', ['a']],
    ['files', [{ path: 'a' }]],
    ['registeredTime', undefined],
  ])('with an entry whose %s is %j names the entry and the property', (property, value) => {
    fs.writeFileSync(lockFile, JSON.stringify({ schemaVersion: 1, models: [{ ...entry('digits', 1), [property]: value }] }));
    expect(() => readRegistry(lockFile)).toThrow(RegExp(`models\\[0\\].*${property}`, 's'));
  });

  test('with merge conflict markers says so', () => {
    add('first');
    fs.writeFileSync(lockFile, `<<<<<<< HEAD\n${fs.readFileSync(lockFile, 'utf8')}`);
    expect(() => readRegistry(lockFile)).toThrow(/unresolved merge conflict/);
  });

  test('with one version twice is refused', () => {
    const twice = { schemaVersion: 1, models: [entry('digits', 2, 'a'), entry('digits', 2, 'b')] };
    fs.writeFileSync(lockFile, JSON.stringify(twice));
    expect(() => readRegistry(lockFile)).toThrow(/digits:2 twice/);
  });

  test('that is a folder is refused', () => {
    fs.mkdirSync(lockFile);
    expect(codeOf(() => readRegistry(lockFile))).toBe('REGISTRY_UNREADABLE');
  });

  test('has the same bytes whatever the order of registration', () => {
    const entries = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'B', 'b', 'a-b'), version: fc.integer({ min: 1, max: 12 }) }),
      {
        selector: ({ name, version }) => `${name}:${version}`,
        minLength: 2,
      },
    );
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), (chosen, seeds) => {
        const models = chosen.map(({ name, version }) => entry(name, version));
        const shuffled = models.map(value => ({ value, key: seeds.next().value })).sort((a, b) => a.key - b.key);
        const other: Registry = { schemaVersion: 1, models: shuffled.map(({ value }) => value) };
        expect(formatRegistry(other)).toBe(formatRegistry({ schemaVersion: 1, models }));
      }),
    );
  });

  test('reads back what was written', () => {
    const signature = { inputs: [{ name: 'image', type: 'float32', shape: ['N', 64] }], outputs: [] };
    const { model } = add('first', {
      signature,
      properties: { a: 'b' },
      run: { runId: 'r1' },
      sampleInput: 'samples.json',
      framework: 'Onnx',
    });
    expect(readRegistry(lockFile).models).toEqual([model]);
  });

  test('keeps what a later release of the same schema added to an entry', () => {
    fs.writeFileSync(lockFile, JSON.stringify({ schemaVersion: 1, models: [{ ...entry('digits', 1), fromTheFuture: true }] }));
    add('new bytes');
    expect(JSON.parse(fs.readFileSync(lockFile, 'utf8')).models[0]).toHaveProperty('fromTheFuture', true);
  });

  test('gains only added lines when a model is registered', () => {
    add('first');
    const before = fs.readFileSync(lockFile, 'utf8').split('\n');
    add('other', { name: 'aardvark' });
    const after = fs.readFileSync(lockFile, 'utf8').split('\n');
    const kept = before.slice(3); // all below the line that opens the list

    expect(after.slice(-kept.length)).toEqual(kept);
    expect(after[after.length - 1]).toBe('');
  });

  test('left guarded by a killed process does not block for ever', () => {
    const guard = `${lockFile}.lock`;
    fs.writeFileSync(guard, '');
    fs.utimesSync(guard, 0, 0);

    expect(add('first').model.version).toBe(1);
    expect(fs.existsSync(guard)).toBe(false);
  });
});

describe('finding', () => {
  const registry: Registry = {
    schemaVersion: 1,
    models: [entry('a', 1, 'x'), entry('a', 2, 'y'), entry('a', 10, 'x'), entry('b', 3, 'x')],
  };

  test('by digest takes the newest version of that name', () => {
    expect(findByDigest(registry, 'a', digest('x'))?.version).toBe(10);
    expect(findByDigest(registry, 'b', digest('y'))).toBeUndefined();
  });

  test('by version is exact', () => {
    expect(findVersion(registry, 'a', 2)?.sha256).toBe(digest('y'));
    expect(findVersion(registry, 'a', 3)).toBeUndefined();
  });

  test('the latest goes by number, not by text', () => {
    expect(latest(registry, 'a')?.version).toBe(10);
    expect(latest(registry, 'c')).toBeUndefined();
  });
});

function digest(seed: string): string {
  return Buffer.from(seed.padEnd(32, '.')).toString('hex');
}

function entry(name: string, version: number, seed = `${name}${version}`): RegisteredVersion {
  return { name, version, sha256: digest(seed), sizeInBytes: 1, tags: {}, registeredTime: '2026-01-01T00:00:00Z' };
}

describe('two writers at once', () => {
  test('the second waits, and says who to look for when the first does not end', () => {
    withRegistryLock(lockFile, () => {
      expect(() => withRegistryLock(lockFile, () => undefined, 50)).toThrow(
        expect.objectContaining({ code: 'REGISTRY_BUSY', message: expect.stringContaining(`${lockFile}.lock`) }),
      );
    });
    expect(withRegistryLock(lockFile, () => 'free again')).toBe('free again');
  });
});
