import type { AssertionOutcome } from '../../profiler/assertions';
import type { BaselineComparison } from '../../profiler/baseline';
import { CommandFailure, EXIT } from '../failure';
import type { Terminal } from '../terminal';

/** What a pipeline asked of the profile. */
export interface Checks {
  readonly assertions?: readonly AssertionOutcome[];
  readonly baseline?: BaselineComparison;
}

/** Says how the checks went, but for what the failure says. */
export function tellChecks(terminal: Terminal, { assertions = [], baseline }: Checks, failure?: CommandFailure): void {
  for (const { statement, holds } of assertions) if (holds) terminal.note(`assert: ${statement}`);
  if (baseline === undefined) return;
  const { verdict, statement, changes, cautions } = baseline;
  if (verdict === 'incomparable') terminal.warn(`baseline: ${statement}`);
  else if (failure?.code !== 'REGRESSION_FOUND') terminal.note(`baseline: ${statement}`);
  for (const { what, before, after } of changes) terminal.note(`baseline: ${what}: ${before} before, ${after} now`);
  for (const caution of cautions) terminal.warn(`baseline: ${caution}`);
}

/** The failure that the checks make of the command; conditions go before the baseline. */
export function failureOf({ assertions = [], baseline }: Checks, result: object): CommandFailure | undefined {
  const failed = assertions.filter(({ holds }) => !holds);
  if (failed.length > 0) return assertionFailed(failed, result);
  return baseline?.verdict === 'regression' ? regressionFound(baseline, result) : undefined;
}

/** A size was found and written, and it does not keep what `--assert` asks. */
const assertionFailed = (failed: readonly AssertionOutcome[], result: object) =>
  new CommandFailure(
    'ASSERTION_FAILED',
    failed.map(({ statement }) => statement).join('; '),
    'the profile is written all the same, and its report shows why; change the model, the size or the condition',
    EXIT.assertionFailed,
    result,
  );

/** Requests cost significantly more CPU time than in the profile of `--baseline`. */
const regressionFound = ({ statement }: BaselineComparison, result: object) =>
  new CommandFailure(
    'REGRESSION_FOUND',
    statement,
    'the profile is written all the same; if the cost is wanted, make it the new baseline',
    EXIT.regression,
    result,
  );
