import * as fs from 'fs';
import * as path from 'path';
import { ENV } from '../../core/server-contract';
import type { InputSet } from '../../profiler/input-set';
import { BURST, LoadPattern } from '../../profiler/load-pattern';
import type { ProfileOptions } from '../../profiler/options';
import type { ProfileTarget } from '../../sizing/profile-result';
import { usageFailure } from '../failure';
import { isEntryScript, UncertainFactor } from '../values';

/** The options of `profile`, as commander reads them; times in milliseconds. */
export interface ProfileCommandOptions extends SubjectOptions, LatencyOptions, LoadOptions {
  readonly rate: number;
  readonly target: ProfileTarget;
  readonly maxCpu?: number;
  readonly maxMemory?: number;
  readonly replicasMax?: number;
  readonly balancer?: 'pooled' | 'random';
  readonly maxBatch?: number;
  readonly prices?: string;
  readonly speedFactor?: UncertainFactor;
  readonly quick?: boolean;
  readonly verify: boolean;
  readonly allowNoise?: boolean;
  readonly allowUnsteady?: boolean;
  readonly resume?: boolean;
  readonly raw?: string;
  readonly out: string;
  readonly report?: string;
  readonly handOff?: string;
  readonly assert?: readonly string[];
  readonly baseline?: string;
  readonly name?: string;
  readonly description?: string;
}

interface SubjectOptions {
  readonly model?: string;
  readonly entryScript?: string;
  readonly inferenceConfig?: string;
  readonly image?: string;
  readonly python?: string;
}

interface LatencyOptions {
  readonly p50?: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly 'p99.9'?: number;
}

interface LoadOptions {
  readonly input?: string;
  readonly pattern?: LoadPattern['kind'];
  readonly burstFactor?: number;
}

const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, 'p99.9': 0.999 } as const;

export type ProfiledSubject = Pick<ProfileOptions, 'model' | 'entryScript' | 'inferenceConfig' | 'image' | 'python'>;

/** The one thing to profile that the argument and the options name. */
export function subjectOf(argument: string | undefined, options: SubjectOptions): ProfiledSubject {
  const isScript = argument !== undefined && isEntryScript(argument);
  const models = present(isScript ? undefined : argument, options.model);
  const code = present(isScript ? argument : undefined, options.entryScript, options.inferenceConfig);
  checkOneSubject(models, code, options.image);
  for (const file of [...models, ...code]) checkExists(file, 'file or folder');
  if (code.length === 0 && options.python !== undefined) throw usageFailure('--python goes with an entry script', 'leave it out');
  return {
    model: models[0],
    entryScript: options.inferenceConfig === undefined ? code[0] : undefined,
    inferenceConfig: options.inferenceConfig,
    image: options.image,
    python: code.length === 0 ? undefined : (options.python ?? process.env[ENV.python]),
  };
}

/** A model, or code that may have a model, or an image, which has both inside. */
function checkOneSubject(models: readonly string[], code: readonly string[], image?: string): void {
  const given = [...models, ...code, ...present(image)];
  if (given.length === 0)
    throw usageFailure('nothing to profile is given', 'name an .onnx file or an entry script, or give --image');
  if (models.length <= 1 && code.length <= 1 && (image === undefined || given.length === 1)) return;
  throw usageFailure(
    `${given.map(each => `"${each}"`).join(' and ')} are given, and one profile has one subject`,
    'give a model, an entry script (with --model for its model), --inference-config or --image',
  );
}

const present = (...given: ReadonlyArray<string | undefined>): string[] => given.filter(each => each !== undefined);

/** What can be sent without `--input`: only a model says what it takes. */
export const isPlainModel = (subject: ProfiledSubject): boolean =>
  !subject.entryScript && !subject.inferenceConfig && !subject.image;

export function objectiveOf(options: LatencyOptions): { readonly percentile: number; readonly latencyMs: number } {
  const given = (Object.keys(PERCENTILES) as Array<keyof typeof PERCENTILES>).filter(name => options[name] !== undefined);
  const [name] = given;
  const latencyMs = name && options[name];
  if (given.length === 1 && latencyMs !== undefined) return { percentile: PERCENTILES[name], latencyMs };
  const problem =
    given.length === 0
      ? 'no latency is given'
      : `${given.map(each => `--${each}`).join(' and ')} are given, and one profile has one target`;
  throw usageFailure(problem, 'give exactly one of --p50, --p90, --p95, --p99 and --p99.9, such as --p95 40ms');
}

/** Refuses what would be noticed only after minutes of measuring, or never. */
export function checkLoad(options: LoadOptions, subject: ProfiledSubject): void {
  checkExists(options.input, 'file or folder');
  if (options.input === undefined && !isPlainModel(subject)) {
    throw usageFailure(
      'no --input is given, and requests can be made up only for a model, which says what it takes',
      'give --input a file of request bodies',
    );
  }
  if (options.pattern === 'trace' && options.input === undefined)
    throw usageFailure('--pattern trace has no trace', 'give --input a recording: see docs/profiling.md');
  if (options.burstFactor !== undefined && options.pattern !== 'burst')
    throw usageFailure('--burst-factor goes with --pattern burst', 'give both or none');
}

/** Share of the requests that arrive in busy times. */
const BUSY_REQUESTS = 0.6;

/** How requests arrive; undefined leaves it to the profiler. */
export function patternOf(
  { pattern, burstFactor = BURST.factor, input }: LoadOptions,
  inputs?: InputSet,
): LoadPattern | undefined {
  switch (pattern) {
    case 'burst':
      return { ...BURST, factor: burstFactor, share: Math.min(BURST.share, BUSY_REQUESTS / burstFactor) };
    case 'trace':
      if (inputs?.trace) return { kind: 'trace', ...inputs.trace };
      throw usageFailure(`${input} has no arrival times, which --pattern trace replays`, 'see docs/profiling.md for its form');
    default:
      return pattern && { kind: pattern };
  }
}

/** Makes the folder of a file that will be written: before, and not after, minutes of measuring. */
export function prepareFolder(file: string | undefined): void {
  if (file === undefined) return;
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw usageFailure(`"${file}" is a folder`, 'name the file to write');
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
}

function checkExists(file: string | undefined, what: string): void {
  if (file !== undefined && !fs.existsSync(file)) throw usageFailure(`there is no ${what} "${file}"`, 'check the path');
}
