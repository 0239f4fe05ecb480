/** Why a profile could not be made; stable, listed in `docs/errors.md`. */
export type ProfileErrorCode =
  | 'OPTION_INVALID'
  | 'PROGRAM_NOT_FOUND'
  | 'NO_INPUTS'
  | 'INPUT_UNREADABLE'
  | 'INPUT_MISMATCH'
  | 'INPUT_REJECTED'
  | 'RUN_FAILED'
  | 'MODEL_LOAD_FAILED'
  | 'INIT_FAILED'
  | 'IMAGE_NOT_FOUND'
  | 'DOCKER_UNAVAILABLE'
  | 'SERVER_STOPPED'
  | 'OUT_OF_MEMORY'
  | 'OUT_OF_MEMORY_AT_LOAD'
  | 'UNSTEADY'
  | 'HOST_NOISY'
  | 'GENERATOR_LIMITED'
  | 'TARGET_UNREACHABLE'
  | 'PRICES_UNREADABLE'
  | 'JOURNAL_FOREIGN'
  | 'INTERRUPTED';

/** A profile that could not be made: what was found, and what to do about it. */
export class ProfileError extends Error {
  constructor(
    public readonly code: ProfileErrorCode,
    /** What is wrong, with the value that was found. */
    public readonly problem: string,
    /** What to do about it. */
    public readonly fix: string,
  ) {
    super(`${problem} [${code}]\n  fix: ${fix}`);
    this.name = 'ProfileError';
  }
}

export const optionInvalid = (name: string, value: unknown, allowed: string) =>
  new ProfileError('OPTION_INVALID', `${name} is ${String(value)}`, `give ${allowed}`);

export const programNotFound = (what: string, file: string) =>
  new ProfileError('PROGRAM_NOT_FOUND', `no ${what} at ${file}`, 'build the programs first: npm run build');

export const noInputs = (where: string) =>
  new ProfileError(
    'NO_INPUTS',
    `${where} holds no request body`,
    'give at least one; some dozens that differ measure what users will send',
  );

export const inputUnreadable = (file: string, reason: string) =>
  new ProfileError(
    'INPUT_UNREADABLE',
    `${file} cannot be read as request bodies: ${reason}`,
    'give JSON bodies (an array, one, or one a line), CSV with one column of bodies, .npy, ONNX test data, a recording with timestamps, or ' +
      'a folder of such files',
  );

export const inputRejected = (row: number, status: number, message: string) =>
  new ProfileError(
    'INPUT_REJECTED',
    `the model refused input ${row} (counted from 1) with status ${status}: ${message}`,
    `change or remove input ${row}; every input must be answered with 200 before anything is measured`,
  );

/** The request does not fit the model: what was given, and what the model takes. */
export const inputMismatch = (row: number, given: string, expected: string) =>
  new ProfileError(
    'INPUT_MISMATCH',
    `input ${row} (counted from 1) does not fit the model: ${given}`,
    `the model takes ${expected}`,
  );

export const runFailed = (row: number, status: number, message: string) =>
  new ProfileError(
    'RUN_FAILED',
    `scoring input ${row} (counted from 1) failed with status ${status}: ${message}`,
    `send input ${row} to model-serving serve to see the whole log; every input must be answered with 200 before anything is measured`,
  );

export const initFailed = (script: string, message: string) =>
  new ProfileError(
    'INIT_FAILED',
    `init of ${script} failed: ${message}`,
    'model-serving serve with the same script shows the whole log',
  );

export const imageNotFound = (image: string, message: string) =>
  new ProfileError('IMAGE_NOT_FOUND', `there is no image ${image} on this Docker engine: ${message}`, `docker pull ${image}`);

export const dockerUnavailable = (message: string) =>
  new ProfileError(
    'DOCKER_UNAVAILABLE',
    `an image can only be profiled where a Docker engine answers: ${message}`,
    'start Docker, or profile the model or the entry script itself',
  );

export const modelLoadFailed = (model: string, message: string) =>
  new ProfileError(
    'MODEL_LOAD_FAILED',
    `the scoring server could not serve ${model}: ${message}`,
    'check that the file is an ONNX model that ONNX Runtime can load; model-serving serve shows the whole log',
  );

export const serverStopped = (when: string, how: string, log: string) =>
  new ProfileError(
    'SERVER_STOPPED',
    `the scoring server stopped ${when} (${how})${log ? `; its last words: ${log}` : ''}`,
    'run model-serving serve with the same model and send the same inputs to see the whole log',
  );

export const outOfMemory = (when: string, neededInGB: number | undefined, allowedInGB: number) =>
  new ProfileError(
    'OUT_OF_MEMORY',
    neededInGB === undefined
      ? `the scoring server was killed for memory ${when}, with ${allowedInGB} GB allowed`
      : `the model needs ${neededInGB} GB (${when}), but ${allowedInGB} GB is allowed`,
    'allow more memory, send smaller inputs, or make the model smaller (external data, quantisation)',
  );

export const outOfMemoryAtLoad = (allowedInGB: number) =>
  new ProfileError(
    'OUT_OF_MEMORY_AT_LOAD',
    `the scoring server was killed for memory while loading, with ${allowedInGB} GB allowed`,
    'allow more memory, or keep the weights in an external data file, which is mapped instead of copied',
  );

export const unsteady = (change: string) =>
  new ProfileError(
    'UNSTEADY',
    `requests never came to a steady cost: ${change}`,
    'look for a leak or a cache that grows without bound; --allow-unsteady takes the dearest part',
  );

export const hostNoisy = (discarded: number, windows: number, why: string) =>
  new ProfileError(
    'HOST_NOISY',
    `${discarded} of ${windows} measuring windows were disturbed (${why}), too many to trust the rest`,
    'run it again when nothing else runs; --allow-noise takes the calmest half and says so',
  );

export const pricesUnreadable = (file: string, reason: string) =>
  new ProfileError('PRICES_UNREADABLE', `${file} is not a price file: ${reason}`, 'see docs/sizing.md for its form');

export const journalForeign = (file: string) =>
  new ProfileError(
    'JOURNAL_FOREIGN',
    `${file} holds the measurements of another model, other inputs or another machine`,
    'remove the file, or leave --resume out',
  );

export const generatorLimited = (rate: number, reached: number) =>
  new ProfileError(
    'GENERATOR_LIMITED',
    `this machine's load generator sent ${reached.toFixed(0)} requests a second of the ${rate} asked for`,
    'ask for a lower rate, send smaller inputs, or profile on a machine with more free cores',
  );

export const targetUnreachable = (asked: string, limit: string, best: string) =>
  new ProfileError(
    'TARGET_UNREACHABLE',
    `no size up to ${limit} reaches ${asked}; the best that can be had is ${best}`,
    'allow more cores or a longer latency, lower the rate a replica carries, or make the model cheaper',
  );

export const interrupted = () =>
  new ProfileError('INTERRUPTED', 'the profile was interrupted; nothing was written', 'start it again');
