import * as fs from 'fs';
import { ProfileTarget } from '../sizing/profile-result';
import { optionInvalid, programNotFound } from './errors';
import type { GivenInputs } from './given-inputs';
import { LoadPattern, POISSON } from './load-pattern';

/** What to profile, and what it must reach. */
export interface ProfileOptions {
  /** An .onnx file or its folder; the model of an entry script. */
  readonly model?: string;
  /** A script with `init` and `run`: `.py`, `.js` or `.ts`. */
  readonly entryScript?: string;
  /** Azure ML v1's `inferenceconfig.json`. */
  readonly inferenceConfig?: string;
  /** A built image, by reference. */
  readonly image?: string;
  /**
   * The Python that runs a `.py` entry script.
   * @default python3
   */
  readonly python?: string;
  /**
   * What to send; the more the inputs differ, the more the result holds.
   * @default - made from the model's signature, which hides cost that depends on values
   */
  readonly inputs?: GivenInputs;
  /** Requests a second that the service must carry. */
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
   * How requests arrive.
   * @default - at random (Poisson)
   */
  readonly pattern?: LoadPattern;
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
   * The most replicas, on AKS; elsewhere one container is one service.
   * @default 50
   */
  readonly maxReplicas?: number;
  /**
   * How requests reach replicas: a Kubernetes Service picks at `random`, a router that knows who is free makes a `pooled` queue.
   * @default random
   */
  readonly balancer?: 'pooled' | 'random';
  /**
   * Waiting requests that one run may score together.
   * @default 32, the server's own
   */
  readonly maxBatch?: number;
  /**
   * A price file.
   * @default - the dated one of this package
   */
  readonly prices?: string;
  /**
   * Speed of a core where it will run, as a multiple of one here.
   * @default 1
   */
  readonly speedFactor?: number;
  /**
   * Relative uncertainty of it; demands are widened by it.
   * @default 0.15 where a factor is given, else 0
   */
  readonly speedUncertainty?: number;
  /**
   * Decides every arrival; the same seed gives the same load.
   * @default 1
   */
  readonly seed?: number;
  /**
   * `quick` takes about a quarter of the time and resolves less.
   * @default 'standard'
   */
  readonly budget?: 'standard' | 'quick';
  /**
   * Whether the recommended size is run under its real limits where this machine can set them.
   * @default true
   */
  readonly verify?: boolean;
  /**
   * File of raw measurements: written while measuring; a profile that was stopped goes on from it, and a whole one is decided again from it.
   * @default - none is kept
   */
  readonly journal?: string;
  /**
   * Takes the calmest half of the measurements on a machine that is too busy to trust, and says so.
   * @default false
   */
  readonly allowNoise?: boolean;
  /**
   * Takes the dearest part of measurements that never settle, and says so.
   * @default false
   */
  readonly allowUnsteady?: boolean;
  /**
   * Name of the profile.
   * @default - the name of the model, script or image
   */
  readonly name?: string;
  readonly description?: string;
  /** The bundled scoring server, `programs/scoring-server.js`. */
  readonly serverBundle: string;
  /** The bundled load generator, `programs/load-generator.js`. */
  readonly loadGenerator: string;
  /**
   * The bundled `programs/operator-profile.js`.
   * @default - operators are not looked at
   */
  readonly operatorProfiler?: string;
}

type Defaults =
  | 'percentile'
  | 'pattern'
  | 'maxCpu'
  | 'maxMemoryInGB'
  | 'maxReplicas'
  | 'balancer'
  | 'maxBatch'
  | 'speedFactor'
  | 'speedUncertainty'
  | 'seed'
  | 'budget'
  | 'verify'
  | 'allowNoise'
  | 'allowUnsteady';

/** The options with their defaults, checked. */
export type CheckedOptions = ProfileOptions & Required<Pick<ProfileOptions, Defaults>>;

/** Smallest and largest value of each number, and its unit. */
const RANGES = {
  rate: [0.01, 100_000, ' requests a second'],
  percentile: [0.5, 0.999, ', for example 0.95 for p95'],
  latencyMs: [0.1, 3_600_000, ' milliseconds'],
  maxCpu: [0.1, 1024, ' cores'],
  maxMemoryInGB: [0.1, 16_384, ' GB'],
  maxReplicas: [1, 1000, ' replicas'],
  maxBatch: [1, 1024, ' requests'],
  speedFactor: [0.05, 20, ' times the speed of a core here'],
  speedUncertainty: [0, 1, ', for example 0.15 for ±15 %'],
} as const;

/** @throws ProfileError OPTION_INVALID, PROGRAM_NOT_FOUND */
export function checkOptions(options: ProfileOptions): CheckedOptions {
  const given = defined(options);
  const checked: CheckedOptions = {
    percentile: 0.95,
    pattern: POISSON,
    maxCpu: 3.5,
    maxMemoryInGB: 15,
    maxReplicas: 50,
    balancer: 'random',
    maxBatch: 32,
    speedFactor: 1,
    speedUncertainty: given.speedFactor === undefined || given.speedFactor === 1 ? 0 : 0.15,
    seed: 1,
    budget: 'standard',
    verify: true,
    allowNoise: false,
    allowUnsteady: false,
    ...given,
  };
  for (const name of Object.keys(RANGES) as Array<keyof typeof RANGES>) {
    const [low, high, unit] = RANGES[name];
    const value = checked[name];
    if (!(value >= low && value <= high)) throw optionInvalid(name, value, `${low} to ${high}${unit}`);
  }
  checkPattern(checked.pattern);
  const { model, entryScript, inferenceConfig, image } = checked;
  if ([model, entryScript, inferenceConfig, image].every(each => each === undefined))
    throw optionInvalid('model', model, 'a model, an entry script, an inference config or an image');
  if (!fs.existsSync(checked.serverBundle)) throw programNotFound('scoring server', checked.serverBundle);
  if (!fs.existsSync(checked.loadGenerator)) throw programNotFound('load generator', checked.loadGenerator);
  return checked;
}

function checkPattern(pattern: LoadPattern): void {
  if (pattern.kind === 'trace' && pattern.atMs.length < 2)
    throw optionInvalid('pattern', `a trace of ${pattern.atMs.length} arrivals`, 'a trace of at least two');
  if (pattern.kind !== 'burst') return;
  const { factor, share, meanMs } = pattern;
  if (!(factor > 1)) throw optionInvalid('pattern.factor', factor, 'the rate while busy as a multiple of the mean, above 1');
  if (!(share > 0 && share < 1 && factor * share <= 1))
    throw optionInvalid(
      'pattern.share',
      share,
      `a share of time above 0, such that factor × share is at most 1: up to ${1 / factor}`,
    );
  if (!(meanMs > 0)) throw optionInvalid('pattern.meanMs', meanMs, 'the mean length of a busy time, milliseconds');
}

/** Without the entries that are undefined, which would hide defaults. */
function defined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
