import * as fs from 'fs';
import * as path from 'path';
import { readRegistry } from '../../src/model/model-registry';
import { temporaryFolder } from '../support/files';
import { bundlePrograms, DIGITS, removePrograms, run, Run, SAMPLES } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

let folder: string;
let lockFile: string;
beforeEach(() => {
  folder = temporaryFolder();
  lockFile = path.join(folder, 'models.lock.json');
});

const register = (model: string, ...more: string[]): Promise<Run> =>
  run(['register', model, '--name', 'digits', '--lock-file', lockFile, ...more]);

/** A copy of the digits model with a byte more: another model that ONNX Runtime loads as well. */
function otherBytes(): string {
  const file = path.join(folder, 'other.onnx');
  // field 6 (doc_string) of ModelProto once more, empty: the last one counts
  fs.writeFileSync(file, Buffer.concat([fs.readFileSync(DIGITS), Buffer.from([0x32, 0x00])]));
  return file;
}

describe('model-serving register', () => {
  test('writes name, version, digest, size, tags, properties and the real signature', async () => {
    const { code, stdout } = await register(DIGITS, '--tag', 'area=vision', '--property', 'note=a=b', '--description', 'digits');

    expect(code).toBe(0);
    const [model] = readRegistry(lockFile).models;
    expect(stdout).toBe(`digits:1 (sha256 ${model.sha256.slice(0, 12)})\n`);
    expect(model).toMatchObject({
      name: 'digits',
      version: 1,
      sizeInBytes: fs.statSync(DIGITS).size,
      description: 'digits',
      framework: 'Onnx',
      tags: { area: 'vision' },
      properties: { note: 'a=b' },
      signature: {
        inputs: [{ name: 'image', type: 'float32', shape: ['N', 64] }],
        outputs: [
          { name: 'label', type: 'int64', shape: ['N'] },
          { name: 'probabilities', type: 'float32', shape: ['N', 10] },
        ],
      },
    });
  });

  test('gives the same bytes the same version, and other bytes the next', async () => {
    const first = await register(DIGITS);
    const again = await register(DIGITS);
    const changed = await register(otherBytes());

    expect(first.stdout).toMatch(/^digits:1 /);
    expect(again.stdout).toBe(first.stdout);
    expect(again.stderr).toContain('unchanged');
    expect(changed.stdout).toMatch(/^digits:2 /);
  });

  test('prints one JSON value with --json, wherever it stands, and nothing on stderr', async () => {
    const { stdout, stderr } = await run(['--json', 'register', DIGITS, '--name', 'digits', '--lock-file', lockFile]);
    const later = await register(DIGITS, '--json');

    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'registered', lockFile, model: { name: 'digits', version: 1 } });
    expect(JSON.parse(later.stdout)).toMatchObject({ outcome: 'unchanged' });
    expect(stderr).toBe('');
  });

  test('says what to do next in its last line', async () => {
    const { stderr } = await register(DIGITS);
    expect(stderr.trim().split('\n').pop()).toMatch(/^next: .*model-serving profile/);
  });

  test('stores a sample input relative to the lock file', async () => {
    await register(DIGITS, '--sample-input', SAMPLES);
    const { sampleInput } = readRegistry(lockFile).models[0];
    expect(fs.realpathSync(path.resolve(folder, sampleInput ?? ''))).toBe(fs.realpathSync(SAMPLES));
  });

  test('registers files of another kind without a signature, and folders with their files', async () => {
    fs.mkdirSync(path.join(folder, 'multi'));
    fs.writeFileSync(path.join(folder, 'multi', 'model.pkl'), 'weights');

    await run(['register', path.join(folder, 'multi/model.pkl'), '--name', 'file', '--lock-file', lockFile]);
    await run(['register', path.join(folder, 'multi'), '--name', 'folder', '--lock-file', lockFile]);

    const [file, multi] = readRegistry(lockFile).models;
    expect(file).not.toHaveProperty('signature');
    expect(multi.files?.map(entry => entry.path)).toEqual(['model.pkl']);
  });

  test('refuses an .onnx file that cannot be loaded, unless told not to load it', async () => {
    const broken = path.join(folder, 'broken.onnx');
    fs.writeFileSync(broken, 'no model');

    const { code, stderr } = await register(broken);
    expect(code).toBe(1);
    expect(stderr).toMatch(/broken\.onnx[\s\S]*--no-signature/);
    expect(fs.existsSync(lockFile)).toBe(false);

    expect((await register(broken, '--no-signature')).code).toBe(0);
  });

  test('leaves a garbled lock file alone and exits with 1', async () => {
    fs.writeFileSync(lockFile, '{ "schemaVersion": 1,');

    const { code, stdout } = await register(DIGITS, '--json');

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'REGISTRY_GARBLED' } });
    expect(fs.readFileSync(lockFile, 'utf8')).toBe('{ "schemaVersion": 1,');
  });

  test.each([
    ['no name', ['register', DIGITS], /--name/],
    ['a name that is not allowed', ['register', DIGITS, '--name', 'a b'], /"a b"[\s\S]*"a-b"/],
    ['a model that is not there', ['register', 'none.onnx', '--name', 'a'], /none\.onnx/],
    ['a tag without a value', ['register', DIGITS, '--name', 'a', '--tag', 'x'], /key=value/],
    ['an unknown option', ['register', DIGITS, '--name', 'a', '--colour', 'red'], /--colour/],
    ['an unknown command', ['regster'], /register/],
  ])('exits with 2 for %s and names the fix', async (_, args, message) => {
    const { code, stdout, stderr } = await run(
      [...args, '--lock-file', lockFile].slice(0, args[0] === 'regster' ? 1 : undefined),
    );

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ {2}fix: /m);
  });
});
