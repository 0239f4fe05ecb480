import type { PriceList } from '../sizing/price-list';
import type { Outcome } from './finalists';
import type { Cliff } from './memory-cliff';
import type { OperatorCost } from './series';
import type { Workload } from './quota-simulator';
import type { ReplicaPlan } from './replicas';
import type { Candidate, SearchObjective } from './search';
import type { ColdStart, ProfileSession, Workplace } from './session';
import type { MeasuredDemand } from './demand';
import type { MemoryFigures } from './memory';
import type { Measurement } from './measurement';
import { sameSettings, ServerSettings } from './server-settings';
import { memoryWith, Survey } from './survey';

/** Everything that was found before it is put into words. */
export interface Findings {
  readonly session: ProfileSession;
  readonly workplace: Workplace;
  readonly cold: ColdStart;
  readonly survey: Survey;
  /** As they are where it will run: the survey's, restated for the speed of its cores. */
  readonly demands: readonly MeasuredDemand[];
  readonly streams: readonly Workload[];
  readonly plan: ReplicaPlan;
  /** For one replica. */
  readonly objective: SearchObjective;
  readonly sizes: readonly number[];
  readonly prices: PriceList;
  readonly cliff: Cliff;
  readonly operators: readonly OperatorCost[];
  readonly outcome: Outcome;
  /** The recommended size as it was computed. */
  readonly predicted: Candidate;
}

/** The demand of the chosen settings. */
export const demandOf = ({ demands }: Pick<Findings, 'demands'>, settings: ServerSettings): MeasuredDemand =>
  demands.find(each => sameSettings(each.settings, settings)) ?? demands[0];

/** Every window and run, in the order in which they were taken. */
export function allMeasurements({ session, survey, outcome }: Findings): readonly Measurement[] {
  const shared = survey.shared.map(each => each.measurement);
  return [...session.windows, ...shared, ...outcome.runs.map(run => run.measurement)];
}

/** What the chosen settings needed. */
export const memoryOf = ({ survey, outcome }: Findings): MemoryFigures => memoryWith(survey.memory, outcome.size.settings);
