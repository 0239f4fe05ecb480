import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { describeFile, FileEntry, listFiles } from '../core/file-tree';
import { CONTAINER, ENV } from '../core/server-contract';
import { BuildContext } from './build-context';
import { Instructions, Layer, Step } from './dockerfile';
import { dockerStepRefused, inferenceFileNotFound, scriptNotFound, wrongScriptKind } from './inference-errors';
import { ScriptInferenceOptions } from './inference-options';

/** A script in the context, and how it is found in the image. */
export interface AddedScript {
  readonly layer: Layer;
  readonly environment: Readonly<Record<string, string>>;
}

/** Adds the entry script, alone or with its folder, and the Swagger document. */
export function addScript(
  scope: IConstruct,
  context: BuildContext,
  options: ScriptInferenceOptions,
  endings: readonly string[],
): AddedScript {
  const { entryScript, sourceDirectory, schemaFile } = options;
  if (!endings.includes(path.extname(entryScript))) throw wrongScriptKind(scope, entryScript, endings);
  context.addFiles('app', scriptFiles(scope, options));
  if (schemaFile !== undefined) {
    context.addFiles('app', [describeFile(existing(scope, 'schemaFile', schemaFile), 'swagger.json')]);
  }
  const script = sourceDirectory === undefined ? path.basename(entryScript) : posix(entryScript);
  return {
    layer: { from: 'app', to: CONTAINER.appRoot },
    environment: { [ENV.entryScript]: script, [ENV.appRoot]: CONTAINER.appRoot },
  };
}

function scriptFiles(scope: IConstruct, { entryScript, sourceDirectory }: ScriptInferenceOptions): FileEntry[] {
  if (sourceDirectory === undefined) {
    return [describeFile(existing(scope, 'entryScript', entryScript), path.basename(entryScript))];
  }
  const files = listFiles(existing(scope, 'sourceDirectory', sourceDirectory)).filter(file => !isCompiled(file));
  if (!files.some(file => file.path === posix(entryScript))) throw scriptNotFound(scope, entryScript, sourceDirectory);
  return files;
}

/** Python's own cache differs from run to run, and would change the image with it. */
const isCompiled = (file: FileEntry) => /(^|\/)__pycache__\//.test(file.path);

const posix = (file: string) => path.posix.normalize(file.split(path.sep).join('/'));

/** The path, where there is something. Throws `INFERENCE_FILE_NOT_FOUND`. */
export function existing(scope: IConstruct, what: string, file: string): string {
  if (!fs.existsSync(file)) throw inferenceFileNotFound(scope, what, file);
  return file;
}

/** The base image, from the registry that is named for it. */
export function baseImageOf({ baseImage, baseImageRegistry }: ScriptInferenceOptions, fallback: string): string {
  const image = baseImage ?? fallback;
  return baseImageRegistry === undefined ? image : `${baseImageRegistry.replace(/\/+$/, '')}/${image}`;
}

/** The user's own Dockerfile instructions, run as root. Throws `INFERENCE_DOCKER_STEP_REFUSED`. */
export function extraSteps(scope: IConstruct, options: ScriptInferenceOptions): Step[] {
  const { extraDockerfileSteps: file, extraDockerfileLines: own = [] } = options;
  const text = file === undefined ? '' : fs.readFileSync(existing(scope, 'extraDockerfileSteps', file), 'utf8');
  const lines = [...text.split(/\r?\n/), ...own].filter(line => line.trim() !== '');
  let continues = false;
  for (const line of lines) {
    if (!continues) checkInstruction(scope, line);
    continues = line.trimStart().startsWith('#') ? continues : /\\\s*$/.test(line);
  }
  return lines.length === 0 ? [] : [{ lines: ['USER root', ...lines] }];
}

const USER_ROOT: Instructions = { lines: ['USER root'] };

/** A base image may have another user, who may install nothing. */
export const asRoot = (isOwnBase: boolean): Instructions[] => (isOwnBase ? [USER_ROOT] : []);

function checkInstruction(scope: IConstruct, line: string): void {
  const [, name, rest] = /^\s*(\w+)\s*(.*)$/.exec(line) ?? [];
  switch (name?.toUpperCase()) {
    case 'FROM':
      throw dockerStepRefused(scope, line, 'it would begin another image and lose everything before it');
    case 'CMD':
    case 'ENTRYPOINT':
      throw dockerStepRefused(scope, line, 'the image starts the scoring server');
    case 'COPY':
    case 'ADD':
      if (/^(--\S+\s+)*--from=|^(--\S+\s+)*https?:\/\//.test(rest)) return;
      throw dockerStepRefused(
        scope,
        line,
        'the build context holds no files of yours but those of sourceDirectory, which come later',
      );
  }
}
