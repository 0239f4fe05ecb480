import { inspect } from 'util';
import { isNativeError } from 'util/types';

/** The entry script cannot be served; the message is for the operator. */
export class ScriptError extends Error {}

/** The request is not one that the script takes; the message is for the caller. */
export class ScriptInputError extends Error {
  constructor(
    readonly status: 400 | 415,
    message: string,
  ) {
    super(message);
  }
}

/** The script returned what cannot be answered; the message is for the operator. */
export class ScriptOutputError extends Error {}

/** Longer chains of causes are cut; one may lead back to itself. */
const MAX_CAUSES = 5;

/** An error's stack without the frames of the server and of Node.js, which tell a script's author nothing. Never throws. */
export function scriptStack(error: unknown, causes = MAX_CAUSES): string {
  try {
    if (!isNativeError(error)) return inspect(error, { depth: 2, breakLength: Infinity });
    const lines = String(error.stack ?? error.message).split('\n');
    const own = lines.filter(line => !isForeignFrame(line)).join('\n');
    return error.cause === undefined || causes === 0 ? own : `${own}\ncaused by: ${scriptStack(error.cause, causes - 1)}`;
  } catch {
    return 'an error that cannot be shown';
  }
}

function isForeignFrame(line: string): boolean {
  return /^\s+at /.test(line) && (/[( ]node:/.test(line) || line.includes(__filename) || /\(<anonymous>\)$/.test(line));
}
