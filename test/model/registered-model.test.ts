import * as path from 'path';
import { App, TerraformStack, Token } from 'cdktf';
import { sha256Text } from '../../src/core/fingerprint';
import { register } from '../../src/model/model-registry';
import { ModelSource } from '../../src/model/model-source';
import { RegisteredModel, RegisteredModelProps } from '../../src/model/registered-model';
import { temporaryFile, temporaryFolder } from '../support/files';

const NO_LOCK = path.join(temporaryFolder(), 'models.lock.json');

const newStack = () => new TerraformStack(new App({ outdir: temporaryFolder() }), 'stack');

const model = (props: Partial<RegisteredModelProps> & Pick<RegisteredModelProps, 'source'>, stack = newStack(), id = 'Model') =>
  new RegisteredModel(stack, id, { lockFile: NO_LOCK, ...props });

describe('RegisteredModel without a lock file', () => {
  test('takes its name from the file, version 1 and the digest of the bytes', () => {
    const digits = model({ source: ModelSource.fromFile(temporaryFile('digits.onnx', 'bytes')) });
    expect([digits.modelName, digits.modelVersion, digits.modelId]).toEqual(['digits', 1, 'digits:1']);
    expect(digits.modelDigest).toBe(sha256Text('bytes'));
  });

  test.each([
    ['{"x": [9007199254740993]}', '{"x": [9007199254740993]}'],
    ['[{"x":[1]},{"x":[2]}]', '{"x":[1]}'],
  ])('takes its sample from a file that holds %s', (text, sample) => {
    const sampleInput = temporaryFile('sample.json', text);
    const digits = model({ source: ModelSource.fromFile(temporaryFile('digits.onnx', 'bytes')), sampleInput });

    expect(digits._sampleInput).toBe(sample);
    expect(digits.modelDigest).toBe(sha256Text('bytes'));
  });

  test.each(['not JSON', '[]'])('refuses a sample file that holds %s', text => {
    const sampleInput = temporaryFile('sample.json', text);

    expect(() => model({ source: ModelSource.fromFile(temporaryFile('digits.onnx', 'bytes')), sampleInput })).toThrow(
      'MODEL_SAMPLE_UNREADABLE',
    );
  });

  test('keeps the folder structure of a model of several files', () => {
    const folder = temporaryFolder({ 'bert/model.onnx': 'm', 'bert/vocab/words.txt': 'w' });
    const bert = model({ source: ModelSource.fromDirectory(path.join(folder, 'bert')) });
    expect(bert.modelName).toBe('bert');
    expect(bert._files.map(file => file.path)).toEqual(['model.onnx', 'vocab/words.txt']);
  });

  test('registers only the child paths of a folder, under another digest', () => {
    const folder = temporaryFolder({ 'model.onnx': 'm', 'notes.md': 'n', 'vocab/words.txt': 'w' });
    const all = model({ source: ModelSource.fromDirectory(folder), modelName: 'm' });
    const some = model({ source: ModelSource.fromDirectory(folder, { childPaths: ['model.onnx', 'vocab'] }), modelName: 'm' });
    expect(some._files.map(file => file.path)).toEqual(['model.onnx', 'vocab/words.txt']);
    expect(some.modelDigest).not.toBe(all.modelDigest);
  });

  test('a file that .dockerignore excludes does not change the digest', () => {
    const of = (files: Record<string, string>) =>
      model({ source: ModelSource.fromDirectory(temporaryFolder(files)), modelName: 'm' });
    const rules = { '.dockerignore': '*.log', 'model.onnx': 'm' };
    expect(of({ ...rules, 'a.log': '1' }).modelDigest).toBe(of({ ...rules, 'b.log': '2' }).modelDigest);
  });
});

describe('RegisteredModel with a lock file', () => {
  const registered = (...contents: string[]) => {
    const folder = temporaryFolder({ 'digits.onnx': '' });
    const lockFile = path.join(folder, 'models.lock.json');
    for (const content of contents) register(lockFile, { name: 'digits', source: temporaryFile('digits.onnx', content) });
    return lockFile;
  };
  const digits = (content: string) => ModelSource.fromFile(temporaryFile('digits.onnx', content));

  test('has the version that the lock file gives these bytes', () => {
    const lockFile = registered('first', 'second');
    expect(model({ source: digits('first'), lockFile }).modelVersion).toBe(1);
    expect(model({ source: digits('second'), lockFile }).modelVersion).toBe(2);
  });

  test('is refused with bytes that nobody registered', () => {
    const lockFile = registered('first', 'second');
    expect(() => model({ source: digits('third'), lockFile })).toThrow(
      /digits:2 is registered with sha256 \w{12}…, but the source has \w{12}….*MODEL_BYTES_CHANGED/,
    );
  });

  test('is refused with a registered version and other bytes, and taken with a new version', () => {
    const lockFile = registered('first');
    expect(() => model({ source: digits('other'), lockFile, modelVersion: 1 })).toThrow(/MODEL_BYTES_CHANGED/);
    expect(model({ source: digits('other'), lockFile, modelVersion: 7 }).modelVersion).toBe(7);
  });

  test('is refused where the lock file is garbled', () => {
    const lockFile = temporaryFile('models.lock.json', '<<<<<<< HEAD');
    expect(() => model({ source: digits('first'), lockFile })).toThrow(/MODEL_LOCK_UNREADABLE/);
  });
});

describe('RegisteredModel refuses', () => {
  const file = temporaryFile('digits.onnx', 'bytes');
  const folder = path.dirname(file);

  test.each([
    ['a source that is missing', { source: ModelSource.fromFile('/nowhere.onnx') }, 'MODEL_SOURCE_NOT_FOUND'],
    ['a folder given as a file', { source: ModelSource.fromFile(folder) }, 'MODEL_SOURCE_NOT_FILE'],
    ['a file given as a folder', { source: ModelSource.fromDirectory(file) }, 'MODEL_SOURCE_NOT_DIRECTORY'],
    ['an empty folder', { source: ModelSource.fromDirectory(temporaryFolder()) }, 'MODEL_SOURCE_EMPTY'],
    ['an empty file', { source: ModelSource.fromFile(temporaryFile('m.onnx', '')) }, 'MODEL_SOURCE_EMPTY'],
    [
      'a child path that is not there',
      { source: ModelSource.fromDirectory(folder, { childPaths: ['x'] }) },
      'MODEL_CHILD_PATH_NOT_FOUND',
    ],
    ['a path known only to Terraform', { source: ModelSource.fromFile(Token.asString({ a: 1 })) }, 'MODEL_PATH_UNKNOWN_AT_SYNTH'],
    ['a name with a slash', { source: ModelSource.fromFile(file), modelName: 'a/b' }, 'MODEL_NAME_INVALID'],
    [
      'a name known only to Terraform',
      { source: ModelSource.fromFile(file), modelName: Token.asString({ a: 1 }) },
      'MODEL_NAME_INVALID',
    ],
    ['version 0', { source: ModelSource.fromFile(file), modelVersion: 0 }, 'MODEL_VERSION_INVALID'],
    ['version 1.5', { source: ModelSource.fromFile(file), modelVersion: 1.5 }, 'MODEL_VERSION_INVALID'],
  ])('%s', (_, props, code) => {
    expect(() => model(props)).toThrow(new RegExp(`stack/Model: .*\\[${code}\\]`));
  });

  test('two faults are told at once', () => {
    expect(() => model({ source: ModelSource.fromFile(file), modelName: '', modelVersion: -1 })).toThrow(
      /MODEL_NAME_INVALID[^]*MODEL_VERSION_INVALID/,
    );
  });

  test('a second meaning of one name and version in an app', () => {
    const stack = newStack();
    model({ source: ModelSource.fromFile(file) }, stack, 'A');
    expect(() => model({ source: ModelSource.fromFile(file) }, stack, 'Same')).not.toThrow();
    const other = ModelSource.fromFile(temporaryFile('digits.onnx', 'other'));
    expect(() => model({ source: other }, stack, 'B')).toThrow(/stack\/Same.*MODEL_VERSION_CONFLICT/);
  });
});

describe('an imported model', () => {
  test('says what it was given', () => {
    const imported = RegisteredModel.fromRegisteredModelAttributes(newStack(), 'Model', {
      modelName: 'digits',
      modelVersion: 3,
      modelDigest: sha256Text('bytes'),
    });
    expect([imported.modelId, imported.modelDigest, imported._files]).toEqual(['digits:3', sha256Text('bytes'), undefined]);
  });
});
