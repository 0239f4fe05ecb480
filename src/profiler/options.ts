import * as fs from 'fs';
import { ProfileTarget } from '../sizing/profile-result';
import { noInputs, optionInvalid, programNotFound } from './errors';
import { RequestInput, requestBody } from './inputs';

/** What to profile, and what it must reach. */
export interface ProfileOptions {
  /** Path of the .onnx file. */
  readonly model: string;
  /** Request bodies, as `readInputs` gives them; the more they differ, the more the result holds. */
  readonly inputs: readonly RequestInput[];
  /** Requests a second that the service must carry, arriving at random. */
  readonly rate: number;
  /**
   * The share of requests that must be in time.
   * @default 0.95
   */
  readonly percentile?: number;
  /** How long that share may take, milliseconds, from the moment a request is due to its last byte. */
  readonly latencyMs: number;
  /** Where it will run: decides which sizes are legal. */
  readonly target: ProfileTarget;
  /**
   * The most cores to try.
   * @default 3.5, as Azure ML v1
   */
  readonly maxCpu?: number;
  /**
   * The most memory to try, GB.
   * @default 15, as Azure ML v1
   */
  readonly maxMemoryInGB?: number;
  /**
   * Decides every arrival; the same seed gives the same load.
   * @default 1
   */
  readonly seed?: number;
  /**
   * `quick` takes about a third of the time and resolves less.
   * @default 'standard'
   */
  readonly budget?: 'standard' | 'quick';
  /**
   * Whether the recommended size is run under its real limits where this machine can set them.
   * @default true
   */
  readonly verify?: boolean;
  /**
   * Name of the profile.
   * @default - the model's file name
   */
  readonly name?: string;
  readonly description?: string;
  /** The bundled scoring server, `programs/scoring-server.js`. */
  readonly serverBundle: string;
  /** The bundled load generator, `programs/load-generator.js`. */
  readonly loadGenerator: string;
}

/** The options with their defaults, checked, and the bodies as text. */
export type CheckedOptions = Required<Omit<ProfileOptions, 'inputs' | 'name' | 'description'>> &
  Pick<ProfileOptions, 'name' | 'description'> & { readonly bodies: readonly string[] };

/** @throws ProfileError OPTION_INVALID, PROGRAM_NOT_FOUND, NO_INPUTS */
export function checkOptions(options: ProfileOptions): CheckedOptions {
  const { inputs, ...given } = options;
  const checked = {
    percentile: 0.95,
    maxCpu: 3.5,
    maxMemoryInGB: 15,
    seed: 1,
    budget: 'standard' as const,
    verify: true,
    ...defined(given),
    bodies: inputs.map(requestBody),
  };
  const within = (
    name: 'rate' | 'percentile' | 'latencyMs' | 'maxCpu' | 'maxMemoryInGB',
    low: number,
    high: number,
    unit: string,
  ) => {
    const value = checked[name];
    if (!(value >= low && value <= high)) throw optionInvalid(name, value, `${low} to ${high}${unit}`);
  };
  within('rate', 0.01, 100_000, ' requests a second');
  within('percentile', 0.5, 0.999, ', for example 0.95 for p95');
  within('latencyMs', 0.1, 3_600_000, ' milliseconds');
  within('maxCpu', 0.1, 1024, ' cores');
  within('maxMemoryInGB', 0.1, 16_384, ' GB');
  if (!fs.statSync(checked.model, { throwIfNoEntry: false })?.isFile())
    throw optionInvalid('model', checked.model, 'the path of an .onnx file');
  if (!fs.existsSync(checked.serverBundle)) throw programNotFound('scoring server', checked.serverBundle);
  if (!fs.existsSync(checked.loadGenerator)) throw programNotFound('load generator', checked.loadGenerator);
  if (checked.bodies.length === 0) throw noInputs('the list of inputs');
  return checked;
}

/** Without the entries that are undefined, which would hide defaults. */
function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

/** How much time goes into what. Milliseconds. */
export interface Budget {
  /** What it comes to where the first size holds and the next cheaper one does not, for the display. */
  readonly expectedMs: number;
  /** Longest wait for a steady state. */
  readonly warmUpCapMs: number;
  readonly warmUpBatchMs: number;
  /** Interleaved repeats of each measurement. */
  readonly repeats: number;
  readonly serialMs: number;
  readonly concurrentMs: number;
  readonly atRateMs: number;
  /** Whether more threads are measured even if one is fast enough. */
  readonly compareThreads: boolean;
  readonly verifyMinMs: number;
  readonly verifyMaxMs: number;
  readonly settleMs: number;
  /** No new verification is begun after this long, all in all. */
  readonly startNoMoreAfterMs: number;
}

export const BUDGETS: Readonly<Record<'standard' | 'quick', Budget>> = {
  standard: {
    expectedMs: 40_000,
    warmUpCapMs: 4_000,
    warmUpBatchMs: 250,
    repeats: 3,
    serialMs: 700,
    concurrentMs: 500,
    atRateMs: 2_000,
    compareThreads: true,
    verifyMinMs: 5_000,
    verifyMaxMs: 15_000,
    settleMs: 1_500,
    startNoMoreAfterMs: 42_000,
  },
  quick: {
    expectedMs: 15_000,
    warmUpCapMs: 1_500,
    warmUpBatchMs: 150,
    repeats: 3,
    serialMs: 250,
    concurrentMs: 200,
    atRateMs: 800,
    compareThreads: false,
    verifyMinMs: 2_000,
    verifyMaxMs: 6_000,
    settleMs: 900,
    startNoMoreAfterMs: 10_000,
  },
};
