/** What a command's exit code means; `docs/cli.md` and `--help` list them. */
export const EXIT = {
  done: 0,
  /** The command was understood, and the work failed. */
  failed: 1,
  /** An argument, an option or a file that it names is wrong. */
  usage: 2,
  /** `profile`: no allowed size meets the target. */
  targetMissed: 3,
  /** `score`: nothing answers at the address. */
  unreachable: 4,
  /** `profile`: a size was found, and a condition of `--assert` is not kept. */
  assertionFailed: 5,
  /** `profile`: requests cost significantly more than in the profile of `--baseline`. */
  regression: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that the command foresaw: what is wrong, how to mend it, and the code to leave with. */
export class CommandFailure extends Error {
  constructor(
    public readonly code: string,
    problem: string,
    public readonly fix: string,
    public readonly exitCode: ExitCode = EXIT.failed,
    /** What there is to report all the same, for `--json`. */
    public readonly result?: object,
  ) {
    super(problem);
    this.name = 'CommandFailure';
  }
}

export const usageFailure = (problem: string, fix: string) => new CommandFailure('USAGE', problem, fix, EXIT.usage);
