import { MeasuredDemand } from './demand';
import { Outcome } from './finalists';
import { CheckedOptions } from './options';
import { Workload } from './quota-simulator';
import { Candidate, ReplicaPlan } from './search';
import { ColdStart, ProfileSession } from './session';
import { WarmUp } from './warm-up';

/** Everything that was found before it is put into words. */
export interface Findings {
  readonly options: CheckedOptions;
  readonly session: ProfileSession;
  readonly cold: ColdStart;
  readonly warmUp: WarmUp;
  readonly demands: readonly MeasuredDemand[];
  readonly streams: readonly Workload[];
  readonly plan: ReplicaPlan;
  readonly sizes: readonly number[];
  readonly peakBytes: number;
  readonly outcome: Outcome;
  /** The recommended size as it was computed. */
  readonly predicted: Candidate;
}
