import { RegistryError, RegistryErrorCode } from '../model/registry-file';
import { ProfileError, ProfileErrorCode } from '../profiler/errors';
import { CommandFailure, EXIT, ExitCode } from './failure';

/** Faults of what the user typed, not of the files that the command keeps. */
const USAGE: ReadonlySet<RegistryErrorCode> = new Set([
  'MODEL_NAME_INVALID',
  'MODEL_NOT_FOUND',
  'MODEL_EMPTY',
  'MODEL_LABEL_INVALID',
]);

const PROFILE_EXITS: Partial<Record<ProfileErrorCode, ExitCode>> = {
  OPTION_INVALID: EXIT.usage,
  NO_INPUTS: EXIT.usage,
  INPUT_UNREADABLE: EXIT.usage,
  INPUT_MISMATCH: EXIT.usage,
  PRICES_UNREADABLE: EXIT.usage,
  JOURNAL_FOREIGN: EXIT.usage,
  IMAGE_NOT_FOUND: EXIT.usage,
  TARGET_UNREACHABLE: EXIT.targetMissed,
};

/** Any error as a failure with a code, a fix and an exit code. */
export function explain(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof RegistryError) {
    const exitCode = USAGE.has(error.code) ? EXIT.usage : EXIT.failed;
    return new CommandFailure(error.code, error.fault.problem, error.fault.fix, exitCode);
  }
  if (error instanceof ProfileError) {
    return new CommandFailure(error.code, error.problem, error.fix, PROFILE_EXITS[error.code] ?? EXIT.failed);
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (process.env.MODEL_SERVING_DEBUG) process.stderr.write(`${stack}\n`);
  return new CommandFailure(
    'UNEXPECTED',
    message,
    'set MODEL_SERVING_DEBUG=1 to see where it happened; if the message does not help, open an issue',
  );
}
