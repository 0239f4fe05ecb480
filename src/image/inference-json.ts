import * as fs from 'fs';
import * as path from 'path';
import { Annotations } from 'cdktf';
import { IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { CondaEnvironment, condaEnvironment } from './conda-file';
import {
  inferenceJsonConflict,
  inferenceJsonIgnored,
  inferenceJsonInvalid,
  inferenceFileNotFound,
  registryPasswordInFile,
} from './inference-errors';
import { PythonInferenceOptions, PythonRuntime } from './inference-options';
import { isObject, JsonReader } from './json-reader';
import { BoundInferenceConfig, PackRequest } from './packing';
import { packPython } from './python-packing';

/** What an environment adds to the options of a script. */
interface EnvironmentPart {
  readonly options: Partial<PythonInferenceOptions>;
  readonly conda?: unknown;
  readonly ignored: readonly string[];
}

/** Where a file is that the JSON file names. */
type Locate = (file: string | undefined) => string | undefined;

/** Packs what an `inferenceconfig.json` of Azure ML v1 describes. */
export function packJsonFile(request: PackRequest, file: string): BoundInferenceConfig {
  const { options, conda } = readInferenceJson(request.scope, file);
  return packPython(request, options, conda);
}

/** The file's description, where it has one; what is wrong with the file is said when it is packed. */
export function describedBy(file: string): string | undefined {
  try {
    const { description } = JSON.parse(fs.readFileSync(file, 'utf8')) as { description?: unknown };
    return typeof description === 'string' ? description : undefined;
  } catch {
    return undefined;
  }
}

/** The options of `InferenceConfig.python` that the file stands for. All its faults are thrown together. */
export function readInferenceJson(
  scope: IConstruct,
  file: string,
): { readonly options: PythonInferenceOptions; readonly conda?: CondaEnvironment } {
  const faults: ValidationError[] = [];
  const json = new JsonReader(scope, file, parseObject(scope, file), faults);
  const entryScript = json.text('entryScript');
  const folder = path.dirname(file);
  const source = json.text('sourceDirectory');
  const sourceDirectory = source === undefined ? undefined : path.resolve(folder, source);
  const locate = locator(folder, sourceDirectory);
  const environment = json.object('environment');
  const part = environment === undefined ? flatForm(json, locate) : environmentForm(environment, locate);
  faults.push(...conflicts(scope, file, json, environment !== undefined), ...passwordFaults(scope, file, json, environment));
  const description = json.text('description');
  // in the flat form every key was asked for; with an environment those that it excludes were refused above
  if (environment !== undefined) FLAT_ONLY.forEach(key => json.any(key));
  json.refuseOthers();
  if (entryScript === undefined) faults.push(inferenceJsonInvalid(scope, file, 'entryScript is missing'));
  throwAll(faults);
  if (part.ignored.length > 0) Annotations.of(scope).addInfo(inferenceJsonIgnored(file, part.ignored));
  return {
    options: {
      ...part.options,
      description,
      sourceDirectory,
      entryScript: sourceDirectory === undefined ? path.resolve(folder, entryScript ?? '') : (entryScript ?? ''),
    },
    conda: part.conda === undefined ? undefined : condaEnvironment(scope, file, part.conda),
  };
}

/** Keys of the form of 2019, which an environment excludes. */
const FLAT_ONLY = [
  'runtime',
  'condaFile',
  'extraDockerfileSteps',
  'schemaFile',
  'enableGpu',
  'cudaVersion',
  'baseImage',
  'baseImageRegistry',
];

const NO_GPU = 'GPUs are a matter of the base image here';
const NO_GPU_FIX = 'leave it out; give a baseImage with the CUDA libraries, and gpuCores to AksWebservice';

function flatForm(json: JsonReader, locate: Locate): EnvironmentPart {
  json.refuse('enableGpu', NO_GPU, NO_GPU_FIX);
  json.refuse('cudaVersion', NO_GPU, NO_GPU_FIX);
  return {
    options: {
      runtime: runtimeOf(json),
      condaFile: locate(json.text('condaFile')),
      extraDockerfileSteps: locate(json.text('extraDockerfileSteps')),
      schemaFile: locate(json.text('schemaFile')),
      baseImage: json.text('baseImage'),
      baseImageRegistry: registryOf(json),
    },
    ignored: [],
  };
}

function environmentForm(json: JsonReader, locate: Locate): EnvironmentPart {
  if (!json.keys.some(key => ['python', 'docker', 'spark', 'environmentVariables'].includes(key))) {
    json.refuse(
      'name',
      'it names an environment that is kept in an Azure Machine Learning workspace',
      'download it (az ml environment download) and write its python and docker parts here',
    );
  }
  for (const key of ['name', 'version']) json.any(key);
  const ignored = json.ignored('inferencingStackVersion');
  for (const section of ['databricks', 'r']) {
    json.refuse(section, 'a web service has no such part', 'leave it out');
  }
  const python = pythonPart(json.object('python'), locate);
  const docker = dockerPart(json.object('docker'));
  const environment = json.texts('environmentVariables');
  sparkPart(json.object('spark'));
  json.refuseOthers();
  return {
    options: { ...python.options, ...docker.options, environment },
    conda: python.conda,
    ignored: [...ignored, ...docker.ignored],
  };
}

function pythonPart(json: JsonReader | undefined, locate: Locate): Omit<EnvironmentPart, 'ignored'> {
  if (json === undefined) return { options: {} };
  const interpreter = json.text('interpreterPath');
  const isUserManaged = json.flag('userManagedDependencies') === true;
  const conda = json.any('condaDependencies');
  const condaFile = json.text('condaDependenciesFile');
  json.refuse(
    'baseCondaEnvironment',
    'the packages go into the base environment of the image',
    'leave it out; give interpreterPath for another',
  );
  json.refuseOthers();
  return {
    // "python" is what v1 wrote where nothing was said
    options: {
      interpreterPath: interpreter === 'python' ? undefined : interpreter,
      condaFile: isUserManaged || conda !== undefined ? undefined : locate(condaFile),
    },
    conda: isUserManaged ? undefined : conda,
  };
}

function dockerPart(json: JsonReader | undefined): Omit<EnvironmentPart, 'conda'> {
  if (json === undefined) return { options: {}, ignored: [] };
  const fix = 'build it as an image of its own and give that as baseImage, or use extraDockerfileSteps';
  json.refuse('baseDockerfile', 'a Dockerfile cannot be the base of another', fix);
  json.refuse('buildContext', 'a build context cannot be the base of another', fix);
  json.refuse('gpuSupport', NO_GPU, NO_GPU_FIX);
  json.refuse(
    'arguments',
    'docker run is not called by hand here',
    'use containerSecurity, environment or sizing of the service',
  );
  const baseImage = json.text('baseImage');
  const baseImageRegistry = registryOf(json);
  // v1 wrote them into every file, and used them in training runs only
  const ignored = json.ignored('enabled', 'sharedVolumes', 'shmSize', 'platform');
  json.refuseOthers();
  return { options: { baseImage, baseImageRegistry }, ignored };
}

function sparkPart(json: JsonReader | undefined): void {
  if (json === undefined) return;
  const fix = 'add the jar files to the base image, or give them to the SparkSession of the script';
  json.refuse('packages', 'Maven packages are not installed', fix);
  json.refuse('repositories', 'Maven packages are not installed', fix);
  json.any('precachePackages');
  json.refuseOthers();
}

function runtimeOf(json: JsonReader): PythonRuntime | undefined {
  const runtime = json.text('runtime');
  if (runtime === 'spark-py') return PythonRuntime.SPARK_PY;
  if (runtime === undefined || runtime === 'python' || runtime === 'python-slim') return undefined;
  json.refuse('runtime', `"${runtime}" is not known`, 'give "python" or "spark-py"');
  return undefined;
}

/** The address; user name and password are looked at on their own. */
function registryOf(json: JsonReader): string | undefined {
  const registry = json.object('baseImageRegistry');
  const address = registry?.text('address');
  for (const key of ['username', 'password', 'registryIdentity']) registry?.any(key);
  registry?.refuseOthers();
  return address;
}

function passwordFaults(scope: IConstruct, file: string, json: JsonReader, environment?: JsonReader): ValidationError[] {
  const registries = [
    json.any('baseImageRegistry'),
    (environment?.any('docker') as { baseImageRegistry?: unknown })?.baseImageRegistry,
  ];
  const hasLogin = registries.filter(isObject).some(({ username, password }) => Boolean(username) || Boolean(password));
  return hasLogin ? [registryPasswordInFile(scope, file)] : [];
}

function conflicts(scope: IConstruct, file: string, json: JsonReader, hasEnvironment: boolean): ValidationError[] {
  const both = json.keys.filter(key => FLAT_ONLY.includes(key));
  return hasEnvironment && both.length > 0 ? [inferenceJsonConflict(scope, file, 'environment', both)] : [];
}

/** Below the source folder as in v1, else beside the JSON file. */
function locator(folder: string, sourceDirectory: string | undefined): Locate {
  return file => {
    if (file === undefined) return undefined;
    const below = sourceDirectory === undefined ? undefined : path.resolve(sourceDirectory, file);
    return below !== undefined && fs.existsSync(below) ? below : path.resolve(folder, file);
  };
}

function parseObject(scope: IConstruct, file: string): { readonly [key: string]: unknown } {
  if (!fs.existsSync(file)) throw inferenceFileNotFound(scope, 'the inference config', file);
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw inferenceJsonInvalid(scope, file, `is no JSON: ${(error as Error).message}`);
  }
  if (!isObject(content)) throw inferenceJsonInvalid(scope, file, 'is no JSON object');
  return content;
}
