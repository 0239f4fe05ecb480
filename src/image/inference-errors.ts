import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

export const inferenceFileNotFound = (scope: IConstruct, what: string, file: string) =>
  new ValidationError(scope, 'INFERENCE_FILE_NOT_FOUND', {
    problem: `${what} "${file}" does not exist`,
    fix: 'give a path relative to the folder that synth runs in, or an absolute one',
  });

export const scriptNotFound = (scope: IConstruct, script: string, folder: string) =>
  new ValidationError(scope, 'INFERENCE_SCRIPT_NOT_FOUND', {
    problem: `the entry script "${script}" is not below ${folder}, or its .dockerignore excludes it`,
    fix: 'give entryScript relative to sourceDirectory',
  });

export const wrongScriptKind = (scope: IConstruct, script: string, endings: readonly string[]) =>
  new ValidationError(scope, 'INFERENCE_SCRIPT_KIND', {
    problem: `the entry script "${script}" does not end in ${endings.join(', ')}`,
    fix: 'use InferenceConfig.python for .py and InferenceConfig.javascript for JavaScript and TypeScript',
  });

export const condaFileInvalid = (scope: IConstruct, file: string, problem: string) =>
  new ValidationError(scope, 'INFERENCE_CONDA_INVALID', {
    problem: `${file} is no conda environment file: ${problem}`,
    fix: 'write "dependencies:" as a list of packages, in which "- pip:" is a list again; "channels:" and "name:" may stand beside it',
  });

export const condaWithoutConda = (scope: IConstruct, packages: readonly string[]) =>
  new ValidationError(scope, 'INFERENCE_CONDA_WITHOUT_CONDA', {
    problem: `the conda packages ${packages.join(', ')} are asked for, but the base image has no conda`,
    fix: 'move them into the pip part where pip has them, or give a baseImage with micromamba, mamba or conda, such as mambaorg/micromamba:2-debian12-slim',
  });

export const pythonVersionUnsupported = (scope: IConstruct, given: string, allowed: readonly string[]) =>
  new ValidationError(scope, 'INFERENCE_PYTHON_VERSION', {
    problem: `"${given}" is asked for; the scoring server runs on Python ${allowed.join(', ')}`,
    fix: `write python=${allowed[allowed.length - 1]}, and packages in versions that run on it`,
  });

export const requirementIsLocal = (scope: IConstruct, source: string, line: string) =>
  new ValidationError(scope, 'INFERENCE_REQUIREMENT_LOCAL', {
    problem: `${source} asks for "${line}", which is a file of this machine and not in the image`,
    fix: 'name a package of an index or a URL; modules of your own belong into sourceDirectory',
  });

export const dockerStepRefused = (scope: IConstruct, line: string, reason: string) =>
  new ValidationError(scope, 'INFERENCE_DOCKER_STEP_REFUSED', {
    problem: `the Dockerfile step "${line}" is not possible here: ${reason}`,
    fix: 'use RUN, ENV, ARG, LABEL, SHELL or COPY --from=<image>; for all else build an image of your own and give it as baseImage',
  });

export const imageVariableReserved = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'INFERENCE_VARIABLE_RESERVED', {
    problem: `environment sets ${name}, which the image or the service sets itself`,
    fix: 'leave it out; what the server is told are options of the config, and props of the service',
  });

export const requirementHasHash = (scope: IConstruct, source: string, line: string) =>
  new ValidationError(scope, 'INFERENCE_REQUIREMENT_HASH', {
    problem: `${source} gives a hash for "${line}"; pip then wants one for every package, those of the scoring server included`,
    fix: 'fix versions without hashes, or install the packages in an image of your own and give it as baseImage',
  });

export const packageLockMissing = (scope: IConstruct, folder: string) =>
  new ValidationError(scope, 'INFERENCE_PACKAGE_LOCK_MISSING', {
    problem: `${folder} has a package.json with dependencies, but neither package-lock.json nor node_modules`,
    fix: 'run npm install in it and commit package-lock.json, or bundle the script into one file',
  });

export const inferenceJsonInvalid = (scope: IConstruct, file: string, problem: string) =>
  new ValidationError(scope, 'INFERENCE_JSON_INVALID', {
    problem: `${file}: ${problem}`,
    fix: 'see docs/inference-config.md for the keys and their types',
  });

export const inferenceJsonUnknownKeys = (scope: IConstruct, file: string, keys: readonly string[], known: readonly string[]) =>
  new ValidationError(scope, 'INFERENCE_JSON_UNKNOWN_KEYS', {
    problem: `${file} has keys that nobody reads: ${keys.join(', ')}`,
    fix: `remove or correct them; known there are ${known.join(', ')}`,
  });

export const inferenceJsonUnsupported = (scope: IConstruct, file: string, key: string, reason: string, fix: string) =>
  new ValidationError(scope, 'INFERENCE_JSON_UNSUPPORTED', { problem: `${file} sets ${key}: ${reason}`, fix });

export const inferenceJsonConflict = (scope: IConstruct, file: string, one: string, others: readonly string[]) =>
  new ValidationError(scope, 'INFERENCE_JSON_CONFLICT', {
    problem: `${file} has ${one}, which excludes ${others.join(', ')}`,
    fix: 'say it in one place only',
  });

export const registryPasswordInFile = (scope: IConstruct, file: string) =>
  new ValidationError(scope, 'INFERENCE_REGISTRY_PASSWORD', {
    problem: `${file} holds a user name or password in baseImageRegistry, which would stand in version control`,
    fix: 'set both to null, and log in with the docker provider: registryAuth: [{ address, username, password }] with Terraform references',
  });

/** The image brings what these packages brought. */
export const requirementReplaced = (name: string) =>
  `[INFERENCE_REQUIREMENT_REPLACED] ${name} is left out: the image's own scoring server does what it did`;

/** Said of settings that a file of Azure ML v1 may have and that change nothing here. */
export const inferenceJsonIgnored = (file: string, keys: readonly string[]) =>
  `[INFERENCE_JSON_IGNORED] ${file}: ${keys.join(', ')} ${keys.length === 1 ? 'has' : 'have'} no effect on a web service`;
