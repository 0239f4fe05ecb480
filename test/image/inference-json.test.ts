import * as fs from 'fs';
import * as path from 'path';
import { TerraformStack, Testing } from 'cdktf';
import * as fc from 'fast-check';
import { ValidationError } from '../../src/core/errors';
import { InferenceConfig } from '../../src/image/inference-config';
import { readInferenceJson } from '../../src/image/inference-json';
import { InferenceImage } from '../../src/image/inference-image';
import { temporaryFile, temporaryFolder } from '../support/files';
import { someModel } from '../support/models';
import { Json, synthesize } from '../support/synth';

const FILES = {
  'score.py': '# beside the JSON file',
  'src/x/score.py': '# below the source folder',
  'src/env.yml': 'dependencies: [python=3.10, pip: [pandas]]',
  'env.yml': 'dependencies: [python=3.9, pip: [numpy]]',
  'steps.txt': 'RUN true',
  'schema.json': '{}',
};

function packJson(content: Json, files: Record<string, string> = {}) {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const folder = temporaryFolder({ ...FILES, ...files, 'inferenceconfig.json': text });
  const result = synthesize(stack => {
    new InferenceImage(stack, 'Image', {
      models: [someModel(stack)],
      inferenceConfig: InferenceConfig.fromJsonFile(path.join(folder, 'inferenceconfig.json')),
    });
  });
  const [built] = Object.values(result.resources('docker_image')).filter(({ build }) => build !== undefined);
  const context = path.join(result.stackdir, built.build.context);
  const read = (file: string) => fs.readFileSync(path.join(context, file), 'utf8');
  return { result, read, dockerfile: read('Dockerfile') };
}

const environment = (content: Json) => packJson({ entryScript: 'score.py', environment: content });

describe('InferenceConfig.fromJsonFile, flat form', () => {
  test('reads what a file of 2019 says', () => {
    const { dockerfile, read, result } = packJson({
      entryScript: 'x/score.py',
      sourceDirectory: './src',
      runtime: 'python',
      condaFile: 'env.yml',
      extraDockerfileSteps: 'steps.txt',
      schemaFile: 'schema.json',
      enableGpu: false,
      cudaVersion: null,
      description: 'Recognizes digits',
      baseImage: null,
      baseImageRegistry: { address: null, username: null, password: null },
    });
    expect(dockerfile).toContain('FROM python:3.10-slim-bookworm');
    expect(dockerfile).toContain('ENV AZUREML_ENTRY_SCRIPT="x/score.py"');
    expect(dockerfile).toContain('RUN true');
    expect(read('app/x/score.py')).toBe('# below the source folder');
    expect(read('app/swagger.json')).toBe('{}');
    expect(read('requirements/requirements.txt')).toBe('pandas\n');
    expect(result.resource('docker_image').build.label['org.opencontainers.image.description']).toBe('Recognizes digits');
  });

  test('finds files beside itself where there is no source folder', () => {
    const { dockerfile, read } = packJson({ entryScript: 'score.py', condaFile: 'env.yml', runtime: 'spark-py' });
    expect(read('app/score.py')).toBe('# beside the JSON file');
    expect(read('requirements/requirements.txt')).toBe('numpy\npyspark\n');
    expect(dockerfile).toContain('default-jre-headless');
  });

  test('takes a base image with the address of its registry', () => {
    const { dockerfile } = packJson({
      entryScript: 'score.py',
      baseImage: 'base:1',
      baseImageRegistry: { address: 'contoso.azurecr.io', username: null, password: null },
    });
    expect(dockerfile).toContain('FROM contoso.azurecr.io/base:1\n');
  });
});

describe('InferenceConfig.fromJsonFile, environment form', () => {
  test('reads packages, variables and base image', () => {
    const { dockerfile, read } = environment({
      name: 'digits',
      version: '3',
      environmentVariables: { LEVEL: 'debug' },
      python: {
        interpreterPath: '/opt/conda/bin/python',
        userManagedDependencies: false,
        condaDependencies: { name: 'e', channels: ['conda-forge'], dependencies: ['python=3.11', { pip: ['scipy'] }] },
        baseCondaEnvironment: null,
      },
      docker: { baseImage: 'contoso/base', baseDockerfile: null, gpuSupport: false, arguments: [] },
      spark: { repositories: [], packages: [], precachePackages: true },
      inferencingStackVersion: null,
    });
    expect(dockerfile).toContain('FROM contoso/base\n');
    expect(dockerfile).toContain('ENV LEVEL="debug"');
    expect(dockerfile).toContain('/opt/conda/bin/python -m pip install');
    expect(read('requirements/requirements.txt')).toBe('scipy\n');
  });

  test('reads a conda file, unless the dependencies are the user’s own business', () => {
    expect(environment({ python: { condaDependenciesFile: 'env.yml' } }).read('requirements/requirements.txt')).toBe('numpy\n');
    const own = environment({ python: { userManagedDependencies: true, condaDependenciesFile: 'env.yml' } });
    expect(own.read('requirements/requirements.txt')).toBe('');
  });

  test('says which settings have no effect', () => {
    const { result } = environment({ docker: { enabled: true, shmSize: '2g' }, inferencingStackVersion: 'latest' });
    expect(result.annotations('info')).toEqual([
      expect.stringMatching(
        /INFERENCE_JSON_IGNORED.*environment\.inferencingStackVersion, environment\.docker\.enabled, environment\.docker\.shmSize have/,
      ),
    ]);
  });
});

describe('InferenceConfig.fromJsonFile refuses', () => {
  test.each<[string, Json, RegExp]>([
    ['what is no JSON', '{', /is no JSON.*INFERENCE_JSON_INVALID/],
    ['what is no object', '[]', /INFERENCE_JSON_INVALID/],
    ['a file without entryScript', {}, /entryScript is missing.*INFERENCE_JSON_INVALID/],
    ['a value of another type', { entryScript: 5 }, /entryScript is 5, not a string.*INFERENCE_JSON_INVALID/],
    ['another runtime', { entryScript: 'score.py', runtime: 'r' }, /"r" is not known.*INFERENCE_JSON_UNSUPPORTED/],
    ['a script that is not Python', { entryScript: 'score.js' }, /INFERENCE_SCRIPT_KIND/],
  ])('%s', (_, content, message) => {
    expect(() => packJson(content)).toThrow(message);
  });

  test('unknown keys, by name and at every depth', () => {
    expect(() => packJson({ entryScript: 'score.py', enableAppInsights: true, conda: 'x' })).toThrow(
      /keys that nobody reads: enableAppInsights, conda \[INFERENCE_JSON_UNKNOWN_KEYS\]/,
    );
    expect(() => environment({ python: { pip: [] }, dokcer: {} })).toThrow(/environment\.python\.pip[^]*environment\.dokcer/);
    expect(() => packJson({ entryScript: 'score.py', baseImageRegistry: { url: 'x' } })).toThrow(/baseImageRegistry\.url/);
  });

  test.each<[string, Json]>([
    ['enableGpu', { enableGpu: true }],
    ['cudaVersion', { cudaVersion: '10.0' }],
    ['environment.name', { environment: { name: 'AzureML-sklearn', version: '1' } }],
    ['environment.python.baseCondaEnvironment', { environment: { python: { baseCondaEnvironment: 'base' } } }],
    ['environment.docker.baseDockerfile', { environment: { docker: { baseDockerfile: 'FROM x' } } }],
    ['environment.docker.buildContext', { environment: { docker: { buildContext: { location: '.' } } } }],
    ['environment.docker.gpuSupport', { environment: { docker: { gpuSupport: true } } }],
    ['environment.docker.arguments', { environment: { docker: { arguments: ['--privileged'] } } }],
    ['environment.spark.packages', { environment: { spark: { packages: [{ group: 'a', artifact: 'b', version: '1' }] } } }],
    ['environment.spark.repositories', { environment: { spark: { repositories: ['https://example.com'] } } }],
    ['environment.databricks', { environment: { databricks: { eggLibraries: ['a'] } } }],
    ['environment.r', { environment: { r: { rVersion: '3.6' } } }],
  ])('%s, and says why', (key, content) => {
    expect(() => packJson({ entryScript: 'score.py', ...content })).toThrow(
      new RegExp(`sets ${key.replace(/\./g, '\\.')}: .*\\[INFERENCE_JSON_UNSUPPORTED\\]`),
    );
  });

  test('an environment beside the flat keys that it stands for', () => {
    expect(() => packJson({ entryScript: 'score.py', condaFile: 'env.yml', environment: { python: {} } })).toThrow(
      /environment, which excludes condaFile.*INFERENCE_JSON_CONFLICT/,
    );
  });

  test('a password, in both forms', () => {
    const registry = { address: 'contoso.azurecr.io', username: 'ci', password: 'hunter2' };
    const flat = () => packJson({ entryScript: 'score.py', baseImage: 'a', baseImageRegistry: registry });
    expect(flat).toThrow(/INFERENCE_REGISTRY_PASSWORD/);
    expect(flat).not.toThrow(/hunter2/);
    expect(() => environment({ docker: { baseImage: 'a', baseImageRegistry: registry } })).toThrow(/INFERENCE_REGISTRY_PASSWORD/);
  });

  test('a file that is not there', () => {
    expect(() =>
      synthesize(stack => {
        new InferenceImage(stack, 'Image', {
          models: [],
          inferenceConfig: InferenceConfig.fromJsonFile('no/inferenceconfig.json'),
        });
      }),
    ).toThrow(/INFERENCE_FILE_NOT_FOUND/);
  });

  test('whatever a file may hold, with a sentence', () => {
    const stack = new TerraformStack(Testing.app(), 'stack');
    const file = temporaryFile('inferenceconfig.json', '');
    const section = (...keys: string[]) => fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()));
    const content = fc.record(
      {
        entryScript: fc.oneof(fc.constant('score.py'), fc.jsonValue()),
        sourceDirectory: fc.oneof(fc.string(), fc.jsonValue()),
        baseImageRegistry: section('address', 'username', 'password'),
        environment: fc.record(
          {
            python: section('condaDependencies', 'interpreterPath', 'userManagedDependencies', 'baseCondaEnvironment'),
            docker: section('baseImage', 'arguments', 'shmSize', 'baseImageRegistry'),
            environmentVariables: fc.jsonValue(),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(content, fc.jsonValue()), any => {
        fs.writeFileSync(file, JSON.stringify(any));
        try {
          return readInferenceJson(stack, file).options.entryScript !== '';
        } catch (error) {
          return ValidationError.is(error);
        }
      }),
    );
  });

  test('several faults at once', () => {
    expect(() => packJson({ enableGpu: true, unknown: 1 })).toThrow(/enableGpu[^]*unknown[^]*entryScript is missing/);
  });
});
