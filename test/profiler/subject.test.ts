import * as fc from 'fast-check';
import * as fs from 'fs';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { sha256File } from '../../src/core/fingerprint';
import { PLAIN } from '../../src/profiler/server-settings';
import { openSubject, Subject } from '../../src/profiler/subject';
import { readInferenceJson } from '../../src/profiler/subjects/inference-json';
import { temporaryFile, temporaryFolder } from '../support/files';
import { DIGITS } from './support/programs';

const serverBundle = path.join(__dirname, '../../node_modules/.cache/server.js');
const SCRIPT = 'exports.run = x => x;';
const launched = (subject: Subject) => subject.launch(PLAIN, { maxQueueWaitMs: 500, maxBodyBytes: 1000, port: 0 });

describe('openSubject of a model', () => {
  test('a file is known by its name and bytes, and can be looked into', async () => {
    const subject = await openSubject({ model: DIGITS, serverBundle });
    expect(subject).toMatchObject({ kind: 'onnx', name: 'digits', batches: true, onnxFile: DIGITS });
    expect(subject.described).toMatchObject({
      file: 'digits.onnx',
      sha256: sha256File(DIGITS),
      sizeInBytes: fs.statSync(DIGITS).size,
    });
    expect(subject.described.onnxRuntimeVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('is started with its settings, without keys, and with nothing that an entry script of this shell would add', async () => {
    const { command, args, env } = launched(
      await openSubject({ model: DIGITS, serverBundle, env: { EXTRA: 'x', [ENV.auth]: 'keys' } }),
    );
    expect([command, args]).toEqual([process.execPath, [serverBundle]]);
    expect(env).toMatchObject({ EXTRA: 'x', [ENV.auth]: 'none', [ENV.intraOpThreads]: '1' });
    for (const name of [ENV.entryScript, ENV.keysDirectory, ENV.appInsightsConnection, ENV.collectionEnabled]) {
      expect(Object.keys(env)).toContain(name);
      expect(env[name]).toBeUndefined();
    }
  });

  test('its weights in files beside it and the native libraries belong to what a first start reads', async () => {
    const model = temporaryFile('big.onnx', fs.readFileSync(DIGITS));
    const data = path.join(path.dirname(model), 'big.onnx.data');
    fs.writeFileSync(data, 'weights');
    fs.writeFileSync(path.join(path.dirname(model), 'notes.txt'), '');
    const { files } = await openSubject({ model, serverBundle });
    expect(files.filter(file => file.startsWith(path.dirname(model)))).toEqual([model, data]);
    expect(files.some(file => /libonnxruntime|onnxruntime\.dll/.test(file))).toBe(true);
  });

  test('several models are one subject without a signature of its own', async () => {
    const bytes = fs.readFileSync(DIGITS);
    const model = temporaryFolder({ 'a/1/model.onnx': bytes, 'b/2/model.onnx': bytes });
    const subject = await openSubject({ model, serverBundle });
    expect(subject.onnxFile).toBeUndefined();
    expect(subject.described.sizeInBytes).toBe(2 * bytes.length);
  });

  test('a folder without a model is refused in the words of the server', async () => {
    const model = temporaryFolder({ 'readme.txt': '' });
    await expect(openSubject({ model, serverBundle })).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      problem: expect.stringContaining('holds no .onnx file'),
    });
  });
});

describe('openSubject of a script', () => {
  test('is its own identity, and names its model where that is one file', async () => {
    const entryScript = temporaryFile('score.js', SCRIPT);
    const alone = await openSubject({ entryScript, serverBundle });
    const loading = await openSubject({ entryScript, model: DIGITS, serverBundle });
    expect(alone).toMatchObject({ kind: 'script', name: 'score', batches: false, entryScript: 'score.js' });
    expect(alone.described.sha256).toBe(sha256File(entryScript));
    expect(alone.modelSha256).toBeUndefined();
    expect(loading.described.sha256).toBe(sha256File(entryScript));
    expect(loading.modelSha256).toBe(sha256File(DIGITS));
    expect(loading.onnxFile).toBeUndefined();
  });

  test('is started in its folder by the Python that was named, with the threads that are being tried', async () => {
    const entryScript = temporaryFile('score.py', '');
    const { env } = launched(await openSubject({ entryScript, python: '/opt/venv/bin/python', serverBundle }));
    expect(env).toMatchObject({
      [ENV.appRoot]: path.dirname(entryScript),
      [ENV.entryScript]: 'score.py',
      [ENV.python]: '/opt/venv/bin/python',
      [ENV.modelDir]: '',
      [ENV.intraOpThreads]: '1',
    });
  });

  test.each([
    ['beside the file', { entryScript: 'src/score.js' }, 'src', 'score.js'],
    ['below its source folder', { entryScript: 'src/score.js', sourceDirectory: '.' }, '.', 'src/score.js'],
  ])('an inferenceconfig.json names it %s', async (_, config, folder, script) => {
    const environment = { environmentVariables: { LABELS: 'yes' } };
    const root = temporaryFolder({ 'src/score.js': SCRIPT, 'inferenceconfig.json': JSON.stringify({ ...config, environment }) });
    const { env } = launched(await openSubject({ inferenceConfig: path.join(root, 'inferenceconfig.json'), serverBundle }));
    expect(env).toMatchObject({
      [ENV.appRoot]: path.join(root, folder),
      [ENV.entryScript]: path.normalize(script),
      LABELS: 'yes',
    });
  });

  test.each([['no JSON'], ['[]'], ['{}'], ['{"entryScript": 1}'], ['{"entryScript": "score.js", "sourceDirectory": []}']])(
    'an inferenceconfig.json that is %s is refused by name',
    async content => {
      const inferenceConfig = temporaryFile('inferenceconfig.json', content);
      await expect(openSubject({ inferenceConfig, serverBundle })).rejects.toMatchObject({
        code: 'OPTION_INVALID',
        problem: expect.stringContaining(inferenceConfig),
      });
    },
  );
});

describe('readInferenceJson', () => {
  test('takes any JSON, or says what is wrong with it', () => {
    const file = temporaryFile('inferenceconfig.json', '');
    const part = fc.record(
      { entryScript: fc.jsonValue(), sourceDirectory: fc.jsonValue(), environment: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), part), json => {
        fs.writeFileSync(file, JSON.stringify(json));
        try {
          const { appRoot, script, env } = readInferenceJson(file);
          expect([appRoot, script, ...Object.values(env)].every(text => typeof text === 'string')).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'OPTION_INVALID' });
        }
      }),
    );
  });
});

describe('openSubject', () => {
  test.each([
    [{}, 'model is undefined'],
    [{ model: '/none.onnx' }, 'model is /none.onnx'],
    [{ entryScript: '/none.py' }, 'entryScript is /none.py'],
    [{ entryScript: __dirname }, 'entryScript is'],
    [{ entryScript: __filename, model: '/none' }, 'model is /none'],
    [{ image: 'reader', entryScript: 'score.py' }, 'entryScript is score.py'],
    [{ image: 'reader', model: DIGITS }, 'model is'],
  ])('refuses %j', async (options, problem) => {
    await expect(openSubject({ ...options, serverBundle })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      problem: expect.stringContaining(problem),
    });
  });

  test('an image needs an engine that answers', async () => {
    const { DOCKER_HOST } = process.env;
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1';
    try {
      await expect(openSubject({ image: 'reader', serverBundle })).rejects.toMatchObject({ code: 'DOCKER_UNAVAILABLE' });
    } finally {
      if (DOCKER_HOST === undefined) delete process.env.DOCKER_HOST;
      else process.env.DOCKER_HOST = DOCKER_HOST;
    }
  });
});
