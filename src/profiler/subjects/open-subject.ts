import * as fs from 'fs';
import * as path from 'path';
import { optionInvalid } from '../errors';
import type { Subject } from '../subject';
import { imageSubject } from './image-subject';
import { readInferenceJson } from './inference-json';
import { onnxSubject } from './onnx-subject';
import { scriptSubject } from './script-subject';
import type { Variables } from './server-variables';

/** What to profile: an image, or a script with or without a model, or a model. */
export interface SubjectOptions {
  /** An .onnx file, a folder that holds one, a folder of `<name>/<version>` folders; with a script: what that loads. */
  readonly model?: string;
  /** An `inferenceconfig.json` of Azure ML v1, which names the script. */
  readonly inferenceConfig?: string;
  /** A `.py`, `.js`, `.cjs`, `.mjs`, `.ts`, `.cts` or `.mts` file with `init` and `run`. */
  readonly entryScript?: string;
  /** Reference of an image that the Docker engine of this machine has. */
  readonly image?: string;
  /**
   * The Python that runs a `.py` script.
   * @default 'python3'
   */
  readonly python?: string;
  /** The bundled scoring server, `programs/scoring-server.js`. */
  readonly serverBundle: string;
  /**
   * More environment of the server; settings that are being profiled go before.
   * @default - only this process's, and for an image only its own
   */
  readonly env?: Variables;
}

/**
 * Finds what is to be profiled and how it is started; starts nothing.
 *
 * @throws ProfileError OPTION_INVALID, MODEL_LOAD_FAILED where a folder holds no model, IMAGE_NOT_FOUND, DOCKER_UNAVAILABLE
 */
// eslint-disable-next-line @typescript-eslint/require-await -- what is wrong is a rejection, as everything else of a profile
export async function openSubject(options: SubjectOptions): Promise<Subject> {
  const { model, inferenceConfig, entryScript, image, serverBundle, env = {}, python = 'python3' } = options;
  checkTogether(options);
  if (image !== undefined) return imageSubject(image, env);
  if (inferenceConfig !== undefined) {
    const config = readInferenceJson(inferenceConfig);
    return scriptSubject({ ...config, model, python, env: { ...config.env, ...env } }, serverBundle);
  }
  if (entryScript !== undefined) {
    const { dir, base } = path.parse(path.resolve(entryScript));
    return scriptSubject({ appRoot: dir, script: base, model, python, env }, serverBundle);
  }
  if (model === undefined || !fs.existsSync(model))
    throw optionInvalid('model', model, 'the path of an .onnx file or its folder');
  return onnxSubject(model, serverBundle, env);
}

/** One thing is profiled. */
function checkTogether({ model, inferenceConfig, entryScript, image }: SubjectOptions): void {
  const given = Object.entries({ image, inferenceConfig, entryScript }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw optionInvalid(given[1][0], given[1][1], `either ${given.map(([name]) => name).join(' or ')}`);
  if (image !== undefined && model !== undefined)
    throw optionInvalid('model', model, 'an image without a model: it has its own inside');
}
