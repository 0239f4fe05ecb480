import { Workload } from './quota-simulator';
import {
  allowedAt,
  bestAt,
  Candidate,
  capacity,
  cheapest,
  CostOfSize,
  evaluate,
  inDearerServer,
  judge,
  MAX_UTILISATION,
  SearchObjective,
  SettingsDemand,
} from './search';

/** `pooled`: one queue, whose head goes to a free replica. `random`: each request to any replica, so that each has a queue. */
export type Balancer = 'pooled' | 'random';

export interface ReplicaOptions {
  readonly maxReplicas: number;
  readonly balancer: Balancer;
  /**
   * Of one replica.
   * @default - its cores
   */
  readonly cost?: CostOfSize;
}

/** Replicas of one size that share the rate. */
export interface ReplicaPlan {
  readonly replicas: number;
  /** Every size at this number of replicas. */
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
}

/** Replicas that share a rate. */
interface Fleet {
  readonly replicas: number;
  readonly balancer: Balancer;
}

/** At this share of capacity hardly any request finds another in its way. */
const IDLE = 0.05;

/**
 * The cheapest replicas that keep the objective, by `replicas × cost`; the fewest among equally cheap ones.
 * Undefined where `maxReplicas` of the largest size do not.
 */
export function planReplicas(
  demands: readonly SettingsDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  sizes: readonly number[],
  { maxReplicas, balancer, cost = cpu => cpu }: ReplicaOptions,
): ReplicaPlan | undefined {
  const one = evaluate(demands, streams, objective, sizes);
  const alone = cheapest(one, cost);
  if (!alone && !reachable(demands, streams, objective, sizes[sizes.length - 1])) return undefined;
  let found = alone && { fleet: { replicas: 1, balancer }, cpu: alone.cpu, total: cost(alone.cpu) };
  for (let replicas = 2; replicas <= maxReplicas; replicas++) {
    const cheaper = sizes.filter(cpu => !found || replicas * cost(cpu) < found.total - 1e-9);
    if (cheaper.length === 0) break;
    const fleet = { replicas, balancer };
    const cpu = smallestSize(cheaper, size => keepsAt(demands, streams, objective, size, fleet));
    if (cpu !== undefined) found = { fleet, cpu, total: replicas * cost(cpu) };
  }
  if (!found) return undefined;
  const { fleet, cpu } = found;
  if (alone && fleet.replicas === 1) return { replicas: 1, candidates: one, best: alone };
  const candidates = sizes.flatMap(size => evaluateAt(demands, streams, objective, size, fleet));
  const best = bestAt(candidates, cpu);
  return best && { replicas: fleet.replicas, candidates, best };
}

/** The fewest replicas of one size that keep the objective; undefined where `maxReplicas` do not. */
export function fewestReplicas(
  demand: SettingsDemand,
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
  { maxReplicas, balancer }: Pick<ReplicaOptions, 'maxReplicas' | 'balancer'>,
): number | undefined {
  const least = Math.ceil(objective.rate / (MAX_UTILISATION * capacity(demand, cpu)) - 1e-9);
  for (let replicas = Math.max(1, least); replicas <= maxReplicas; replicas++) {
    if (judgeFleet(demand, streams, objective, cpu, { replicas, balancer }).holds) return replicas;
  }
  return undefined;
}

/**
 * Azure ML v1's rule: the requests in progress, over what each container may have in progress, with room to spare. It
 * knows means only: no percentile, no queue.
 */
export function azureMlV1Replicas(
  rate: number,
  meanSeconds: number,
  maxConcurrentPerContainer = 1,
  targetUtilization = 0.7,
): number {
  return Math.max(1, Math.ceil((rate * meanSeconds) / targetUtilization / maxConcurrentPerContainer - 1e-9));
}

/** Whether any number of replicas could be fast enough. */
function reachable(
  demands: readonly SettingsDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
): boolean {
  return allowedAt(demands, cpu).some(demand => {
    const idle = { ...objective, rate: IDLE * capacity(demand, cpu) };
    return judge(demand, streams, idle, cpu).predictedMs <= objective.latencyMs;
  });
}

/** By bisection, since what one size keeps all larger ones keep. */
function smallestSize(sizes: readonly number[], keeps: (cpu: number) => boolean): number | undefined {
  let low = 0;
  let high = sizes.length - 1;
  if (!keeps(sizes[high])) return undefined;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keeps(sizes[middle])) high = middle;
    else low = middle + 1;
  }
  return sizes[high];
}

function keepsAt(
  demands: readonly SettingsDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
  fleet: Fleet,
): boolean {
  const calm = (demand: SettingsDemand) => objective.rate / fleet.replicas <= MAX_UTILISATION * capacity(demand, cpu);
  return allowedAt(demands, cpu).some(demand => calm(demand) && judgeFleet(demand, streams, objective, cpu, fleet).holds);
}

function evaluateAt(
  demands: readonly SettingsDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
  fleet: Fleet,
): Candidate[] {
  return allowedAt(demands, cpu).map(demand => ({
    cpu,
    settings: demand.settings,
    ...judgeFleet(demand, streams, objective, cpu, fleet),
  }));
}

function judgeFleet(
  demand: SettingsDemand,
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
  { replicas, balancer }: Fleet,
): Pick<Candidate, 'utilisation' | 'predictedMs' | 'holds'> {
  // a random share of a Poisson stream is a Poisson stream, so that one replica stands for all
  const [share, queues] = balancer === 'random' ? [objective.rate / replicas, 1] : [objective.rate, replicas];
  const shared = { ...objective, rate: share };
  const { utilisation, predictedMs } = judge(demand, streams, shared, cpu, queues);
  const dearer = () => judge(inDearerServer(demand), streams, shared, cpu, queues).predictedMs;
  return { utilisation, predictedMs, holds: utilisation <= MAX_UTILISATION && dearer() <= objective.latencyMs };
}
