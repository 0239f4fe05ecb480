import { IConstruct } from 'constructs';

/** What went wrong and how to mend it, for the person who reads it in a terminal. */
export interface Fault {
  /** What is wrong, with the value that was given and what is allowed. */
  readonly problem: string;
  /** What to do about it. */
  readonly fix: string;
}

const MARK = Symbol.for('cdktf-model-serving.ValidationError');

/**
 * Input that cannot become working Terraform, found at synth.
 *
 * `code` is stable and listed in `docs/errors.md`; `constructPath` says where in the tree it was found.
 */
export class ValidationError extends Error {
  /** Recognises the error across copies of this package, where `instanceof` does not. */
  public static is(error: unknown): error is ValidationError {
    return error instanceof Error && MARK in error;
  }

  public readonly constructPath: string;

  constructor(
    scope: IConstruct,
    public readonly code: string,
    fault: Fault,
  ) {
    const constructPath = scope.node.path || '<app>';
    super(`${constructPath}: ${fault.problem} [${code}]\n  fix: ${fault.fix}\n  see: docs/errors.md#${code.toLowerCase()}`);
    this.name = 'ValidationError';
    this.constructPath = constructPath;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** Several faults of one construct, reported together so that one synth shows them all. */
export function throwAll(faults: readonly ValidationError[]): void {
  if (faults.length === 0) return;
  if (faults.length === 1) throw faults[0];
  const [first] = faults;
  first.message = faults.map(fault => fault.message).join('\n');
  throw first;
}
