import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { TerraformStack, TerraformVariable, Testing } from 'cdktf';
import * as fc from 'fast-check';
import { ValidationError } from '../../src/core/errors';
import { condaEnvironment } from '../../src/image/conda-file';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceConfig } from '../../src/image/inference-config';
import { InferenceImage, InferenceImageProps } from '../../src/image/inference-image';
import { PythonInferenceOptions, PythonRuntime } from '../../src/image/inference-options';
import { temporaryFile, temporaryFolder } from '../support/files';
import { someModel } from '../support/models';
import { synthesize, Synthesized } from '../support/synth';

const SCRIPT = 'def init(): pass\ndef run(raw_data): return raw_data\n';

interface Packed {
  readonly result: Synthesized;
  readonly dockerfile: string;
  readonly context: string;
}

function pack(
  inferenceConfig: InferenceConfig,
  props: (stack: TerraformStack) => Partial<InferenceImageProps> = () => ({}),
): Packed {
  const result = synthesize(stack => {
    new InferenceImage(stack, 'Image', { models: [someModel(stack)], inferenceConfig, ...props(stack) });
  });
  const [built] = Object.values(result.resources('docker_image')).filter(({ build }) => build !== undefined);
  const context = path.join(result.stackdir, built.build.context);
  return { result, context, dockerfile: fs.readFileSync(path.join(context, 'Dockerfile'), 'utf8') };
}

const python = (options: Partial<PythonInferenceOptions> = {}) =>
  InferenceConfig.python({ entryScript: temporaryFile('score.py', SCRIPT), ...options });

const packPython = (options: Partial<PythonInferenceOptions> = {}) => pack(python(options));

const conda = (text: string) => packPython({ condaFile: temporaryFile('environment.yml', text) });

const requirements = ({ context }: Packed) => fs.readFileSync(path.join(context, 'requirements/requirements.txt'), 'utf8');

/** True where `read` gives something, or says what is wrong in the words that are meant for it. */
function isResultOrFault(read: () => unknown): boolean {
  try {
    return read() !== undefined;
  } catch (error) {
    return ValidationError.is(error);
  }
}

/** Folders that are copied, in their order, and `pip` or `npm` where they are run. */
const order = ({ dockerfile }: Packed) =>
  dockerfile
    .split('\n')
    .flatMap(line =>
      line.startsWith('COPY [') ? [(JSON.parse(line.slice(5)) as string[])[0]] : (/pip install|npm ci/.exec(line) ?? []),
    );

describe('InferenceConfig.python', () => {
  test('installs packages below server, models and script, and runs as a user without rights', () => {
    const packed = packPython();
    expect(order(packed)).toEqual(['requirements', 'pip install', 'server', 'azureml-models', 'app']);
    expect(packed.dockerfile).toMatch(/\nUSER 10001:10001\nEXPOSE 5001\nCMD \["node","scoring-server.js"\]\n$/);
  });

  test('brings Node.js into a slim Python image', () => {
    const { dockerfile } = packPython();
    expect(dockerfile).toContain('FROM node:24-bookworm-slim AS node\nFROM python:3.11-slim-bookworm\n');
    expect(dockerfile).toContain('COPY --from=node /usr/local/bin/node /usr/local/bin/node\n');
    expect(packPython({ nodeImage: 'mirror/node:24' }).dockerfile).toContain('FROM mirror/node:24 AS node\n');
  });

  test('tells the server its script and where it lies', () => {
    const { dockerfile, context } = packPython({ environment: { LEVEL: 'debug' } });
    expect(dockerfile).toContain('ENV AZUREML_ENTRY_SCRIPT="score.py"');
    expect(dockerfile).toContain('ENV AML_APP_ROOT="/var/azureml-app/azureml-app"');
    expect(dockerfile).toContain('ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models/digits/1"');
    expect(dockerfile).toContain('ENV LEVEL="debug"');
    expect(fs.readFileSync(path.join(context, 'app/score.py'), 'utf8')).toBe(SCRIPT);
  });

  test('takes a source folder whole, but for its .dockerignore and caches', () => {
    const folder = temporaryFolder({
      'x/score.py': SCRIPT,
      'helper.py': '',
      'data.csv': '',
      '.dockerignore': '*.csv',
      'x/__pycache__/score.pyc': '',
    });
    const { context, dockerfile } = packPython({ entryScript: 'x/score.py', sourceDirectory: folder });
    expect(fs.readdirSync(path.join(context, 'app'), { recursive: true }).sort()).toEqual(['helper.py', 'x', 'x/score.py']);
    expect(dockerfile).toContain('ENV AZUREML_ENTRY_SCRIPT="x/score.py"');
  });

  test('needs the network to build, Docker’s own or the one that is named', () => {
    expect(packPython().result.resource('docker_image').build.network_mode).toBeUndefined();
    const onHost = pack(python(), () => ({ imageBuild: ImageBuild.docker({ buildNetworkMode: 'host' }) }));
    expect(onHost.result.resource('docker_image').build.network_mode).toBe('host');
    const onnx = pack(InferenceConfig.onnx(), () => ({ imageBuild: ImageBuild.docker({ buildNetworkMode: 'host' }) }));
    expect(onnx.result.resource('docker_image').build.network_mode).toBe('none');
  });

  test('serves models of any kind, or none', () => {
    const { dockerfile, result } = pack(python(), () => ({ models: [] }));
    expect(dockerfile).not.toContain('azureml-models');
    expect(dockerfile).not.toContain('AZUREML_MODEL_DIR');
    expect(result.resource('docker_image').build.label).not.toHaveProperty('org.opencontainers.image.title');
    expect(() => pack(InferenceConfig.onnx(), () => ({ models: [] }))).toThrow(/IMAGE_WITHOUT_MODELS/);
  });

  test('puts the schema where the server looks for a Swagger document of the user’s', () => {
    const { context } = packPython({ schemaFile: temporaryFile('schema.json', '{"swagger":"2.0"}') });
    expect(fs.readFileSync(path.join(context, 'app/swagger.json'), 'utf8')).toBe('{"swagger":"2.0"}');
  });

  test('pulls the base image from the registry that is named for it, and installs as root', () => {
    const { dockerfile } = packPython({ baseImage: 'scoring/base:7', baseImageRegistry: 'contoso.azurecr.io/' });
    expect(dockerfile).toContain('FROM contoso.azurecr.io/scoring/base:7\n');
    expect(dockerfile.indexOf('USER root')).toBeLessThan(dockerfile.indexOf('pip install'));
  });

  test('pulls images of named registries before the build, which has no login, and keeps them', () => {
    const images = (options: Partial<PythonInferenceOptions>) =>
      Object.entries(packPython(options).result.resources('docker_image'));
    const [[, built], ...pulled] = images({
      baseImage: 'scoring/base:7',
      baseImageRegistry: 'contoso.azurecr.io',
      nodeImage: 'localhost:5000/node',
      extraDockerfileLines: ['COPY --from=localhost/tools /a /a', 'COPY --from=contoso.azurecr.io/scoring/base:7 /b /b'],
    });
    expect(pulled.map(([, image]) => image)).toEqual(
      ['localhost:5000/node', 'contoso.azurecr.io/scoring/base:7', 'localhost/tools'].map(name => ({
        name,
        platform: 'linux/amd64',
        keep_locally: true,
      })),
    );
    expect(built.depends_on).toEqual(pulled.map(([id]) => `docker_image.${id}`));
    expect(images({ baseImage: 'scoring/base:7' })).toHaveLength(1);
  });

  test('for spark-py adds Java and PySpark, unless the script names its own', () => {
    const packed = packPython({ runtime: PythonRuntime.SPARK_PY });
    expect(packed.dockerfile).toContain('default-jre-headless');
    expect(requirements(packed)).toBe('pyspark\nnumpy\n');
    const own = temporaryFile('requirements.txt', 'PySpark==3.5.1\n');
    expect(requirements(packPython({ runtime: PythonRuntime.SPARK_PY, requirementsFile: own }))).toBe('PySpark==3.5.1\n');
  });

  test('for spark-py prepares Spark for the user of the container, with the interpreter that is named', () => {
    const { dockerfile } = packPython({ runtime: PythonRuntime.SPARK_PY, interpreterPath: '/opt/venv/bin/python' });
    expect(dockerfile).toMatch(/\nUSER root\nRUN \/opt\/venv\/bin\/python .*\/prepare_spark\.py 10001\n/);
    expect(dockerfile.indexOf('COPY ["server"')).toBeLessThan(dockerfile.indexOf('prepare_spark.py'));
    expect(dockerfile).toContain('ENV SPARK_LOCAL_IP="127.0.0.1"');
    const environment = { SPARK_LOCAL_IP: '10.0.0.1' };
    expect(packPython({ runtime: PythonRuntime.SPARK_PY, environment }).dockerfile).toContain('ENV SPARK_LOCAL_IP="10.0.0.1"');
    expect(packPython().dockerfile).not.toMatch(/spark/i);
  });

  test('uses another interpreter where one is named', () => {
    const { dockerfile } = packPython({ interpreterPath: '/opt/venv/bin/python' });
    expect(dockerfile).toContain('&& /opt/venv/bin/python -m pip install');
    expect(dockerfile).toContain('ENV MODEL_SERVING_PYTHON="/opt/venv/bin/python"');
  });

  test('refuses a base image that is no name, and values that only Terraform knows', () => {
    for (const baseImage of ['', 'python 3', 'python\nRUN x'])
      expect(() => packPython({ baseImage })).toThrow(/IMAGE_BASE_INVALID/);
    expect(() => packPython({ nodeImage: '' })).toThrow(/IMAGE_BASE_INVALID/);
    const unknown = (config: (value: string) => InferenceConfig) => () =>
      synthesize(stack => {
        const value = new TerraformVariable(stack, 'value', { type: 'string' }).stringValue;
        new InferenceImage(stack, 'Image', { models: [someModel(stack)], inferenceConfig: config(value) });
      });
    expect(unknown(baseImage => InferenceConfig.onnx({ baseImage }))).toThrow(/IMAGE_VALUE_UNKNOWN_AT_SYNTH/);
    expect(unknown(value => python({ environment: { LEVEL: value } }))).toThrow(/IMAGE_VALUE_UNKNOWN_AT_SYNTH/);
    expect(unknown(value => python({ extraDockerfileLines: [`RUN ${value}`] }))).toThrow(/IMAGE_VALUE_UNKNOWN_AT_SYNTH/);
  });

  test('sets the variables of the server itself', () => {
    for (const config of [
      python({ environment: { AZUREML_MODEL_DIR: '/' } }),
      InferenceConfig.onnx({ environment: { AML_APP_ROOT: '/' } }),
    ]) {
      expect(() => pack(config)).toThrow(/INFERENCE_VARIABLE_RESERVED/);
    }
  });

  test.each<[string, () => unknown]>([
    ['INFERENCE_SCRIPT_KIND', () => packPython({ entryScript: temporaryFile('score.js', '') })],
    ['INFERENCE_FILE_NOT_FOUND', () => packPython({ entryScript: 'no/score.py' })],
    ['INFERENCE_FILE_NOT_FOUND', () => packPython({ requirementsFile: 'no/requirements.txt' })],
    ['INFERENCE_FILE_NOT_FOUND', () => packPython({ condaFile: 'no/environment.yml' })],
    ['INFERENCE_SCRIPT_NOT_FOUND', () => packPython({ entryScript: 'score.py', sourceDirectory: temporaryFolder() })],
    [
      'INFERENCE_SCRIPT_NOT_FOUND',
      () => packPython({ entryScript: '../score.py', sourceDirectory: temporaryFolder({ 'a.py': '' }) }),
    ],
  ])('refuses what is not there or of the wrong kind: %s', (code, packIt) => {
    expect(packIt).toThrow(code);
  });
});

describe('a requirements file', () => {
  test('is read with the files that it includes, without comments', () => {
    const folder = temporaryFolder({
      'requirements.txt': '# first\nnumpy==1.26.4  # pinned\n-r more/base.txt\npandas>=2 \\\n  ,<3\n',
      'more/base.txt': '-r ../requirements.txt\nscikit-learn\n--extra-index-url https://index.example/simple#fragment\n',
    });
    expect(requirements(packPython({ requirementsFile: path.join(folder, 'requirements.txt') }))).toBe(
      'numpy==1.26.4\nscikit-learn\n--extra-index-url https://index.example/simple#fragment\npandas>=2    ,<3\n',
    );
  });

  test('loses what the server of the image replaces, and says so', () => {
    const packed = packPython({ requirementsFile: temporaryFile('r.txt', 'azureml_defaults>=1.0.45\nazureml-core\n') });
    expect(requirements(packed)).toBe('azureml-core\n');
    expect(packed.result.annotations('info')).toEqual([
      expect.stringMatching(/\[INFERENCE_REQUIREMENT_REPLACED\] azureml-defaults is left out/),
    ]);
  });

  test.each([
    '-e .',
    './wheels/a.whl',
    'a-1.0-py3-none-any.whl',
    'mine @ file:///tmp/mine',
    '-c constraints.txt',
    '--find-links=wheels',
  ])('may not name a file of this machine: %s', line => {
    expect(() => packPython({ requirementsFile: temporaryFile('r.txt', line) })).toThrow(/INFERENCE_REQUIREMENT_LOCAL/);
  });

  test.each([
    'mine @ https://example.com/mine.zip',
    'git+https://example.com/mine.git@v1',
    '-e git+https://example.com/a.git#egg=a',
  ])('may name a URL: %s', line => {
    expect(requirements(packPython({ requirementsFile: temporaryFile('r.txt', line) }))).toBe(`${line}\n`);
  });
});

describe('a hash in a requirements file', () => {
  test('is refused, as pip would then want one for the server, too', () => {
    const file = temporaryFile('r.txt', 'numpy==1.26.4 \\\n  --hash=sha256:00\n');
    expect(() => packPython({ requirementsFile: file })).toThrow(/"numpy==1\.26\.4".*INFERENCE_REQUIREMENT_HASH/);
  });
});

describe('a conda file', () => {
  const V1 =
    'name: project_environment\ndependencies:\n  - python=3.10\n  - pip\n  - pip:\n    - azureml-defaults\n    - numpy==1.26.4\n';

  test('chooses the Python image and gives its pip part to pip', () => {
    const packed = conda(V1);
    expect(packed.dockerfile).toContain('FROM python:3.10-slim-bookworm\n');
    expect(requirements(packed)).toBe('numpy==1.26.4\n');
    expect(packed.dockerfile).not.toContain('micromamba');
  });

  test('checks the Python of a base image that is given', () => {
    const { dockerfile } = packPython({ condaFile: temporaryFile('e.yml', V1), baseImage: 'contoso/base' });
    expect(dockerfile).toContain(
      "sys.exit(0 if v == (3, 10) else 'The conda file asks for Python 3.10, but the base image has %d.%d.' % v)",
    );
  });

  test('has other packages installed by the conda of the base image, or says that there is none', () => {
    const file = temporaryFile('e.yml', 'channels: [conda-forge]\ndependencies: [python=3.11, libblas, pip: [numpy]]\n');
    const { dockerfile, context } = packPython({ condaFile: file, baseImage: 'mambaorg/micromamba:2' });
    expect(dockerfile).toMatch(/--name base --file [^]*environment\.yml[^]*\/opt\/conda\/bin\/python3 -m pip install/);
    expect(dockerfile).toContain('has neither micromamba, mamba nor conda');
    expect(dockerfile).toContain('ENV MODEL_SERVING_PYTHON="/opt/conda/bin/python3"');
    expect(JSON.parse(fs.readFileSync(path.join(context, 'requirements/environment.yml'), 'utf8'))).toEqual({
      channels: ['conda-forge'],
      dependencies: ['python=3.11', 'pip', 'libblas'],
    });
    expect(() => packPython({ condaFile: file })).toThrow(/libblas.*INFERENCE_CONDA_WITHOUT_CONDA/);
  });

  test.each([
    ['micromamba', '2.0.5', 'install --yes'],
    ['mamba', '2.0.5', 'install --yes'],
    ['mamba', 'mamba 1.5.8\nconda 23.11.0', 'env update'],
    ['conda', 'conda 24.1.2', 'env update'],
  ])('by %s that says it is %j: %s', (program, version, action) => {
    const file = temporaryFile('e.yml', 'dependencies: [libblas]');
    const { dockerfile } = packPython({ condaFile: file, baseImage: 'contoso/base', interpreterPath: '/bin/sh' });
    const [, command] = /^RUN (.*command -v micromamba[^]*?[^\\])$/m.exec(dockerfile) ?? [];
    const script = `#!/bin/sh\ntest "$1" = --version && printf '${version}' || echo "$@"\n`;
    const bin = path.dirname(temporaryFile(program, script));
    fs.chmodSync(path.join(bin, program), 0o755);
    const output = execFileSync('/bin/sh', ['-c', command], { env: { PATH: bin }, encoding: 'utf8' });
    expect(output.split('\n')[0]).toMatch(new RegExp(`^${action} --name base --file \\S+/environment\\.yml$`));
  });

  test.each(['python', 'python=3.12', 'python==3.9.18', 'python=3.11.*', 'python=3.11.4=h955ad1f_0', 'conda-forge::python=3.11'])(
    'understands "%s"',
    entry => {
      expect(() => conda(`dependencies: ["${entry}"]`)).not.toThrow();
    },
  );

  test.each(['python=3.6.2', 'python=3.14', 'python>=3.9,<3.12', 'python=3'])(
    'refuses "%s", which the server does not run on',
    entry => {
      expect(() => conda(`dependencies: ["${entry}"]`)).toThrow(/INFERENCE_PYTHON_VERSION/);
    },
  );

  test('is understood or refused with a sentence, whatever it holds', () => {
    const stack = new TerraformStack(Testing.app(), 'stack');
    const value = fc.oneof(fc.jsonValue(), fc.string(), fc.constant({ pip: ['numpy', 5] }), fc.constant('python=3.11'));
    const content = fc.oneof(
      value,
      fc.record({ dependencies: fc.oneof(value, fc.array(value)), channels: value }, { requiredKeys: [] }),
    );
    fc.assert(fc.property(content, any => isResultOrFault(() => condaEnvironment(stack, 'environment.yml', any))));
  });

  test.each([
    ['nothing', ''],
    ['a list', '- numpy'],
    ['broken YAML', 'dependencies: [numpy'],
    ['dependencies that are no list', 'dependencies: numpy'],
    ['a pip part that is no list', 'dependencies:\n- pip: numpy'],
    ['another installer', 'dependencies:\n- npm: [left-pad]'],
    ['a number for a package', 'dependencies: [3.11]'],
    ['channels that are no list', 'channels: conda-forge'],
    ['an unknown key', 'variables: { A: b }'],
  ])('may not be %s', (_, text) => {
    expect(() => conda(text)).toThrow(/INFERENCE_CONDA_INVALID/);
  });
});

describe('extra Dockerfile steps', () => {
  test('run as root between packages and server, those of the file first', () => {
    const file = temporaryFile('steps', 'RUN apt-get update \\\n && apt-get install --yes libgomp1\n');
    const { dockerfile } = packPython({ extraDockerfileSteps: file, extraDockerfileLines: ['ENV OMP_NUM_THREADS=1'] });
    const steps = 'USER root\nRUN apt-get update \\\n && apt-get install --yes libgomp1\nENV OMP_NUM_THREADS=1\nCOPY ["server"';
    expect(dockerfile).toContain(steps);
    expect(dockerfile.indexOf('pip install')).toBeLessThan(dockerfile.indexOf(steps));
  });

  test.each(['FROM ubuntu', 'COPY a b', 'ADD . /', 'CMD ["bash"]', 'entrypoint ["bash"]'])('may not be "%s"', line => {
    expect(() => packPython({ extraDockerfileLines: [line] })).toThrow(/INFERENCE_DOCKER_STEP_REFUSED/);
  });

  test.each([
    'COPY --from=busybox /bin/busybox /bin/busybox',
    'ADD https://example.com/a /a',
    '# FROM here on',
    'RUN a \\\n  from b',
  ])('may be "%s"', line => {
    expect(packPython({ extraDockerfileLines: line.split('\n') }).dockerfile).toContain(line);
  });
});

describe('InferenceConfig.javascript', () => {
  const MANIFEST = '{"dependencies":{"left-pad":"1.3.0"}}';
  const packFolder = (files: Record<string, string>, options: { npmInstall?: boolean; onnxRuntime?: boolean } = {}) =>
    pack(
      InferenceConfig.javascript({
        entryScript: 'score.js',
        sourceDirectory: temporaryFolder({ 'score.js': 'exports.run = x => x;', ...files }),
        ...options,
      }),
    );

  test('copies a lone script and builds without a network', () => {
    const packed = pack(InferenceConfig.javascript({ entryScript: temporaryFile('score.mjs', '') }));
    expect(order(packed)).toEqual(['node_modules', 'server', 'azureml-models', 'app']);
    expect(packed.dockerfile).toContain('ENV AZUREML_ENTRY_SCRIPT="score.mjs"');
    expect(packed.result.resource('docker_image').build.network_mode).toBe('none');
  });

  test('puts ONNX Runtime where server and script both find it, or leaves it out', () => {
    expect(packFolder({}).dockerfile).toContain('COPY ["node_modules","/node_modules"]');
    expect(order(packFolder({}, { onnxRuntime: false }))).toEqual(['server', 'azureml-models', 'app']);
  });

  test('installs the packages of a lock file below everything else', () => {
    const packed = packFolder({ 'package.json': MANIFEST, 'package-lock.json': '{}' });
    expect(order(packed)).toEqual(['packages', 'npm ci', 'node_modules', 'server', 'azureml-models', 'app']);
    expect(packed.dockerfile).toContain('npm ci --omit=dev --ignore-scripts');
    expect(packed.result.resource('docker_image').build.network_mode).toBeUndefined();
  });

  test('takes packages that are installed as they are, and installs none where there are none', () => {
    const installed = packFolder({ 'package.json': MANIFEST, 'node_modules/left-pad/index.js': '' });
    expect(order(installed)).not.toContain('npm ci');
    expect(fs.existsSync(path.join(installed.context, 'app/node_modules/left-pad/index.js'))).toBe(true);
    expect(order(packFolder({ 'package.json': '{"type":"module"}' }))).not.toContain('npm ci');
    expect(order(packFolder({ 'package.json': MANIFEST }, { npmInstall: false }))).not.toContain('npm ci');
  });

  test('refuses dependencies without a lock file, and scripts of another kind', () => {
    expect(() => packFolder({ 'package.json': MANIFEST })).toThrow(/INFERENCE_PACKAGE_LOCK_MISSING/);
    expect(() => pack(InferenceConfig.javascript({ entryScript: temporaryFile('score.py', '') }))).toThrow(
      /INFERENCE_SCRIPT_KIND/,
    );
  });
});
