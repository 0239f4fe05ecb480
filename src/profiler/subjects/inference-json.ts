import * as fs from 'fs';
import * as path from 'path';
import { optionInvalid } from '../errors';

/** What a local run takes from an `inferenceconfig.json` of Azure ML v1. */
export interface InferenceJson {
  readonly appRoot: string;
  /** Relative to `appRoot`. */
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Reads script, folder and variables. Packages and base image are not looked at: here the script runs with what the given Python
 * has, and whether the file can become an image is said where that is built.
 *
 * @throws ProfileError OPTION_INVALID
 */
export function readInferenceJson(file: string): InferenceJson {
  const config = parseObject(file);
  const { entryScript, sourceDirectory, environment } = config;
  if (typeof entryScript !== 'string' || entryScript === '') throw invalid(file, 'has no entryScript');
  if (sourceDirectory !== undefined && sourceDirectory !== null && typeof sourceDirectory !== 'string')
    throw invalid(file, 'has a sourceDirectory that is no text');
  const folder = path.dirname(path.resolve(file));
  const env = textsOf(isObject(environment) ? environment.environmentVariables : undefined);
  if (sourceDirectory) return { appRoot: path.resolve(folder, sourceDirectory), script: path.normalize(entryScript), env };
  const script = path.resolve(folder, entryScript);
  return { appRoot: path.dirname(script), script: path.basename(script), env };
}

function parseObject(file: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(file, `cannot be read: ${(error as Error).message}`);
  }
  if (!isObject(content)) throw invalid(file, 'is no JSON object');
  return content;
}

const invalid = (file: string, reason: string) =>
  optionInvalid('inferenceConfig', `${file}, which ${reason}`, 'an inferenceconfig.json that names an entryScript');

const textsOf = (value: unknown): Record<string, string> =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
    : {};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
