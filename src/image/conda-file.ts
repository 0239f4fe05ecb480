import * as fs from 'fs';
import { IConstruct } from 'constructs';
import type { parse } from 'yaml';
import { condaFileInvalid, inferenceFileNotFound, pythonVersionUnsupported } from './inference-errors';

/** What a conda environment asks for. */
export interface CondaEnvironment {
  /** File or key that says so, for errors. */
  readonly source: string;
  /** `3.11`, where a version is named. */
  readonly python?: string;
  readonly channels: readonly string[];
  /** Packages that only conda can install; Python and pip are not among them. */
  readonly packages: readonly string[];
  /** Lines of the pip part. */
  readonly pip: readonly string[];
}

/** Versions that the server's Python side runs on. */
const PYTHON_VERSIONS = ['3.9', '3.10', '3.11', '3.12', '3.13'];

/** Reads an environment file. Throws `INFERENCE_FILE_NOT_FOUND`, `INFERENCE_CONDA_INVALID`, `INFERENCE_PYTHON_VERSION`. */
export function readCondaFile(scope: IConstruct, file: string): CondaEnvironment {
  if (!fs.existsSync(file)) throw inferenceFileNotFound(scope, 'condaFile', file);
  // loaded for those who have such a file: it takes 30 ms
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const yaml = require('yaml') as { readonly parse: typeof parse };
  let content: unknown;
  try {
    content = yaml.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw condaFileInvalid(scope, file, (error as Error).message.split('\n')[0]);
  }
  return condaEnvironment(scope, file, content);
}

/** The same from what was read already. */
export function condaEnvironment(scope: IConstruct, source: string, content: unknown): CondaEnvironment {
  const refuse = (problem: string) => condaFileInvalid(scope, source, problem);
  if (!isObject(content)) throw refuse('it holds no keys');
  const unknown = Object.keys(content).filter(key => !['name', 'prefix', 'channels', 'dependencies'].includes(key));
  if (unknown.length > 0) throw refuse(`nobody reads ${unknown.join(', ')}; environment variables belong into "environment"`);
  const { dependencies = [], channels = [] } = content;
  if (!Array.isArray(dependencies)) throw refuse('"dependencies" is no list');
  if (!isStrings(channels)) throw refuse('"channels" is no list of names');
  const pip = dependencies.filter(isObject).flatMap(entry => pipPart(entry, refuse));
  const packages = dependencies.filter(entry => !isObject(entry));
  if (!isStrings(packages)) throw refuse('an entry of "dependencies" is neither a package nor a pip part');
  const isPackage = (wanted: string) => (entry: string) => nameOf(entry) === wanted;
  return {
    source,
    python: packages.filter(isPackage('python')).map(entry => pythonVersion(scope, entry))[0],
    channels,
    packages: packages.filter(entry => !isPackage('python')(entry) && !isPackage('pip')(entry)),
    pip,
  };
}

type PlainObject = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is PlainObject => typeof value === 'object' && value !== null && !Array.isArray(value);

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(entry => typeof entry === 'string' && entry.trim() !== '');

function pipPart(entry: PlainObject, refuse: (problem: string) => Error): string[] {
  const { pip, ...others } = entry;
  const keys = Object.keys(others);
  if (keys.length > 0) throw refuse(`"${keys[0]}:" is no installer that is known; only "- pip:" is`);
  if (!isStrings(pip)) throw refuse('the pip part is no list of packages');
  return pip;
}

/** `conda-forge::scikit-learn>=1.4` is scikit-learn. */
function nameOf(entry: string): string {
  return (/^(?:[\w./-]+::)?([\w.-]+)/.exec(entry.trim())?.[1] ?? '').toLowerCase();
}

/** `python`, `python=3.11`, `python==3.11.4`, `python=3.11.*` or with a build after another `=`; a range could mean several images. */
function pythonVersion(scope: IConstruct, entry: string): string | undefined {
  const text = entry.trim().replace(/^[\w./-]+::/, '');
  if (/^python$/i.test(text)) return undefined;
  const version = /^python\s*={1,2}\s*(\d+\.\d+)(?:\.[\d.*]+)?(?:=\S+)?$/i.exec(text)?.[1];
  if (version === undefined || !PYTHON_VERSIONS.includes(version)) throw pythonVersionUnsupported(scope, entry, PYTHON_VERSIONS);
  return version;
}
