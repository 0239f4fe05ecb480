import { BenchCase, BenchModel, CASES, caseOf, MODELS, SMALL_NETWORK } from './cases';
import type { ProfileRun } from './command';
import type { Below, Holding } from './parts/holds';
import type { MatchedCheck } from './parts/matched';
import type { MemoryCheck } from './parts/memory';
import type { Oracle } from './parts/oracle';
import type { Prediction } from './parts/prediction';
import type { Answer } from './parts/repeats';
import type { ReplicasCheck } from './parts/replicas';
import type { IdleCheck, OptionsCheck } from './parts/session-options';
import type { StallCheck } from './parts/stall';
import type { Piece, Results } from './results';

/** Cases whose profile is repeated. */
export const REPEATED = ['conv-small-aci', 'trees-aci'].map(caseOf);
/** Cases whose model is also served by two replicas of so many cores behind a balancer. */
export const REPLICATED: ReadonlyArray<{ readonly bench: BenchCase; readonly cpu: number }> = [
  { bench: caseOf('trees-aks'), cpu: 0.4 },
  { bench: caseOf('conv-small-aci'), cpu: 0.5 },
];
/** Models on which session options are compared under load. */
export const CONVOLUTIONS = MODELS.filter(model => model.id.startsWith('conv-'));
/** Models on which they are compared nearly idle. */
export const IDLE = [...MODELS.filter(model => model.id === 'tiny'), SMALL_NETWORK];

/** Every piece of the benchmark by its name. */
export class Ledger {
  constructor(private readonly results: Results) {}

  profile = (bench: BenchCase) => this.ofCase<ProfileRun>('profile', bench);
  oracle = (bench: BenchCase) => this.ofCase<Oracle>('oracle', bench);
  holding = (bench: BenchCase) => this.ofCase<Holding>('holds', bench);
  below = (bench: BenchCase) => this.ofCase<Below>('below', bench);
  capacity = (bench: BenchCase) => this.ofCase<Prediction>('capacity', bench);
  latency = (bench: BenchCase) => this.ofCase<Prediction>('p95', bench);
  matched = (bench: BenchCase) => this.ofCase<MatchedCheck>('matched', bench);
  quick = (model: BenchModel) => this.ofCase<ProfileRun>('quick', firstCase(model));
  memory = (model: BenchModel) => this.ofCase<MemoryCheck>('memory', firstCase(model));
  repeat = (bench: BenchCase, index: number) => this.ofCase<Answer>(`repeat-${index}`, bench);
  sameBytes = (bench: BenchCase) => this.ofCase<boolean>('raw', bench);
  noise = (bench: BenchCase, index: number) => this.ofCase<Answer>(`noise-${index}`, bench);
  replicas = (bench: BenchCase) => this.ofCase<ReplicasCheck>('replicas', bench);
  options = ({ id }: BenchModel) => this.results.piece<OptionsCheck>(`options/${id}`, id);
  idleCost = ({ id }: BenchModel) => this.results.piece<IdleCheck>(`idle/${id}`, id);
  stall = (kind: 'constant' | 'poisson') => this.results.piece<StallCheck>(`stall/${kind}`, kind);

  /** All that were taken of a numbered piece. */
  all(piece: (index: number) => Piece<Answer>): Answer[] {
    const found: Answer[] = [];
    for (let index = 0; index < 100; index++) found.push(...[piece(index).get()].filter(each => each !== undefined));
    return found;
  }

  private ofCase<T>(part: string, { id, rate, percentile, latencyMs, target }: BenchCase): Piece<T> {
    return this.results.piece<T>(`${part}/${id}`, [rate, percentile, latencyMs, target]);
  }
}

/** What is measured once for a model is measured with its first case. */
export function firstCase(model: BenchModel): BenchCase {
  const found = CASES.find(bench => bench.model === model);
  if (!found) throw new Error(`There is no case of ${model.id}.`);
  return found;
}
