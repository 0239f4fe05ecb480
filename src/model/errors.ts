import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

const short = (digest: string) => `${digest.slice(0, 12)}…`;

export const modelSourceNotFound = (scope: IConstruct, source: string) =>
  new ValidationError(scope, 'MODEL_SOURCE_NOT_FOUND', {
    problem: `the model source ${source} does not exist`,
    fix: 'give a path that exists, absolute or relative to the folder that synth runs in',
  });

export const modelSourceNotFile = (scope: IConstruct, source: string) =>
  new ValidationError(scope, 'MODEL_SOURCE_NOT_FILE', {
    problem: `the model source ${source} is a folder`,
    fix: 'use ModelSource.fromDirectory for a model of several files',
  });

export const modelSourceNotDirectory = (scope: IConstruct, source: string) =>
  new ValidationError(scope, 'MODEL_SOURCE_NOT_DIRECTORY', {
    problem: `the model source ${source} is a file`,
    fix: 'use ModelSource.fromFile for a model of one file',
  });

export const modelSourceEmpty = (scope: IConstruct, source: string) =>
  new ValidationError(scope, 'MODEL_SOURCE_EMPTY', {
    problem: `the model source ${source} is empty, or its .dockerignore lets no file through`,
    fix: 'put the model there, or loosen the .dockerignore',
  });

export const childPathNotFound = (scope: IConstruct, source: string, child: string) =>
  new ValidationError(scope, 'MODEL_CHILD_PATH_NOT_FOUND', {
    problem: `childPaths names ${child}, but the model folder ${source} has no such file or folder`,
    fix: 'name files or folders below the model folder, with / between the parts',
  });

export const modelPathIsToken = (scope: IConstruct, value: string) =>
  new ValidationError(scope, 'MODEL_PATH_UNKNOWN_AT_SYNTH', {
    problem: `the model path ${value} is known only when Terraform runs, but its bytes are fingerprinted at synth`,
    fix: 'give a plain string',
  });

export const invalidModelName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'MODEL_NAME_INVALID', {
    problem: `the model name "${name}" is not allowed: 1 to 255 letters, digits, -, _ and ., the first a letter or digit`,
    fix: 'choose another modelName',
  });

export const invalidModelVersion = (scope: IConstruct, version: number) =>
  new ValidationError(scope, 'MODEL_VERSION_INVALID', {
    problem: `the model version ${version} is not a whole number from 1`,
    fix: 'leave modelVersion out to take the one in models.lock.json, or give a whole number from 1',
  });

/** A (name, version) that is registered already may not change its bytes. */
export const modelBytesChanged = (scope: IConstruct, name: string, version: number, locked: string, found: string) =>
  new ValidationError(scope, 'MODEL_BYTES_CHANGED', {
    problem: `${name}:${version} is registered with sha256 ${short(locked)}, but the source has ${short(found)}`,
    fix: `register the new bytes as a new version: npx model-serving register <file> --name ${name}`,
  });

/** Two constructs in one app may not mean different bytes by the same (name, version). */
export const modelVersionConflict = (scope: IConstruct, name: string, version: number, other: string) =>
  new ValidationError(scope, 'MODEL_VERSION_CONFLICT', {
    problem: `${name}:${version} is already registered in this app, with other bytes, by ${other}`,
    fix: 'give one of them another modelName or modelVersion',
  });

export const lockFileUnreadable = (scope: IConstruct, file: string, reason: string) =>
  new ValidationError(scope, 'MODEL_LOCK_UNREADABLE', {
    problem: `the lock file ${file} cannot be read: ${reason}`,
    fix: 'restore it from version control; it is written by npx model-serving register',
  });

export const unreadableSample = (scope: IConstruct, file: string, reason: string) =>
  new ValidationError(scope, 'MODEL_SAMPLE_UNREADABLE', {
    problem: `the sampleInput ${file} cannot be used: ${reason}`,
    fix: 'name a JSON file that holds one request body, or an array of request bodies',
  });

export const modelWithoutBytes = (scope: IConstruct, model: string) =>
  new ValidationError(scope, 'MODEL_WITHOUT_BYTES', {
    problem: `${model} was imported by its attributes, so its bytes are not at hand to be built into an image`,
    fix: 'use new RegisteredModel with a source, or ImageBuild.prebuilt with an image that contains the model',
  });
