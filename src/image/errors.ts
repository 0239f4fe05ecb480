import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

/** Azure ML v1's limit: models per container. */
export const MAX_MODELS = 1000;

export const noModels = (scope: IConstruct) =>
  new ValidationError(scope, 'IMAGE_WITHOUT_MODELS', {
    problem: 'models is empty, so the image would have nothing to score',
    fix: 'give at least one RegisteredModel, or a script: InferenceConfig.python or .javascript',
  });

export const tooManyModels = (scope: IConstruct, count: number) =>
  new ValidationError(scope, 'IMAGE_TOO_MANY_MODELS', {
    problem: `${count} models are given; one image takes at most ${MAX_MODELS}`,
    fix: 'spread the models over several images',
  });

export const duplicateModel = (scope: IConstruct, model: string) =>
  new ValidationError(scope, 'IMAGE_DUPLICATE_MODEL', {
    problem: `${model} is given twice, and both would lie in the same folder`,
    fix: 'give each model once, or another modelVersion',
  });

export const modelIsNotOnnx = (scope: IConstruct, model: string, files: readonly string[]) =>
  new ValidationError(scope, 'IMAGE_MODEL_NOT_ONNX', {
    problem: `${model} cannot be served without code: of its files (${files.slice(0, 5).join(', ')}) exactly one, or model.onnx, must end in .onnx`,
    fix: 'convert it to ONNX, or name the main file model.onnx',
  });

export const invalidBaseImage = (scope: IConstruct, image: string) =>
  new ValidationError(scope, 'IMAGE_BASE_INVALID', {
    problem: `"${image}" is no name of an image to build on`,
    fix: 'give <registry>/<repository>:<tag> or …@sha256:<digest>, without spaces',
  });

/** The Dockerfile is written at synth, when Terraform has not computed anything yet. */
export const imageValueUnknown = (scope: IConstruct) =>
  new ValidationError(scope, 'IMAGE_VALUE_UNKNOWN_AT_SYNTH', {
    problem: 'a base image, environment variable or Dockerfile step of the inference config is known to Terraform only',
    fix: "give plain strings; variables whose values Terraform computes belong into the service's environment",
  });

export const invalidPrebuiltReference = (scope: IConstruct, reference: string) =>
  new ValidationError(scope, 'IMAGE_REFERENCE_NOT_A_DIGEST', {
    problem: `the image "${reference}" is not named by digest, so it could change under a running service`,
    fix: 'give <registry>/<repository>@sha256:<64 hex digits>; docker image inspect --format "{{.RepoDigests}}" prints it',
  });

export const invalidRepositoryName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'IMAGE_REPOSITORY_INVALID', {
    problem: `the repository "${name}" is not allowed: lower-case letters and digits, parted by one of . _ - or /, at most 200 characters`,
    fix: 'choose another repositoryName',
  });

export const imageNotPushed = (scope: IConstruct) =>
  new ValidationError(scope, 'IMAGE_NOT_PUSHED', {
    problem: 'a service outside this machine needs the image in a registry, but it is only built locally',
    fix: 'give the InferenceImage a workspace or a registry',
  });

export const pushTokenOutsideAzure = (scope: IConstruct, loginServer: string) =>
  new ValidationError(scope, 'IMAGE_PUSH_TOKEN_OUTSIDE_AZURE', {
    problem: `a registry token is asked for, but ${loginServer} is not known as an Azure registry`,
    fix: 'use PushLogin.dockerProvider(), or bring the registry in with its registryId',
  });

export const runtimeNotInstalled = (scope: IConstruct, missing: string) =>
  new ValidationError(scope, 'IMAGE_RUNTIME_NOT_INSTALLED', {
    problem: `${missing} is missing, and the image needs its Linux binaries`,
    fix: 'npm install onnxruntime-node --ignore-scripts (the script would only fetch CUDA libraries), or use ImageBuild.prebuilt',
  });

export const serverNotBundled = (scope: IConstruct, file: string) =>
  new ValidationError(scope, 'IMAGE_SERVER_NOT_BUNDLED', {
    problem: `the scoring server ${file} is missing from this copy of the package`,
    fix: 'in a checkout: npm run build; elsewhere: install the package again',
  });
