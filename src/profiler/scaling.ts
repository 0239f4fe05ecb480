import { ProfiledScaling } from '../sizing/profile-result';
import { Workload } from './quota-simulator';
import { azureMlV1Replicas, Balancer, fewestReplicas } from './replicas';
import { headroomRate, SearchObjective, SettingsDemand } from './search';
import { mean } from './statistics';

export interface ScalingInput {
  readonly demand: SettingsDemand;
  readonly streams: readonly Workload[];
  /** With the rate of all replicas together. */
  readonly objective: SearchObjective;
  /** Of one replica, as recommended. */
  readonly cpu: number;
  readonly memoryInGB: number;
  /** As recommended, behind `balancer`. */
  readonly replicas: number;
  readonly balancer: Balancer;
  readonly maxReplicas: number;
}

/** An autoscaler leaves use between 0.9 and 1.1 of its target alone (Kubernetes, horizontal pod autoscaling). */
const AUTOSCALER_TOLERANCE = 0.1;

/** Share of a CPU request that its pod should use on average, Azure ML v1's target. */
const REQUEST_UTILISATION = 0.7;

/** How many replicas behind which balancer, what the autoscaler should hold them at, and what each requests. */
export function scalingOf(input: ScalingInput): ProfiledScaling {
  const { demand, objective, balancer, replicas } = input;
  const serviceMs = mean(demand.occupancyMs) + demand.overheadMs;
  return {
    balancer,
    replicas,
    replicasPooled: replicasBehind('pooled', input),
    replicasRandom: replicasBehind('random', input),
    replicasAzureMlV1: azureMlV1Replicas(objective.rate, serviceMs / 1000, demand.workers),
    targetCpuUtilizationPercent: autoscalerTarget(input),
    policies: policiesOf(input),
  };
}

/** What was recommended, even where a simulation says otherwise: real runs may have spoken. */
function replicasBehind(balancer: Balancer, { demand, streams, objective, cpu, ...asked }: ScalingInput): number {
  if (balancer === asked.balancer) return asked.replicas;
  // a pool never needs more than separate queues, which may need more than was allowed
  const maxReplicas = balancer === 'pooled' ? asked.replicas : Math.max(asked.maxReplicas, 4 * asked.replicas);
  return fewestReplicas(demand, streams, objective, cpu, { maxReplicas, balancer }) ?? maxReplicas;
}

/**
 * CPU use, percent of the request, at which a replica carries the most that it can within the objective. The autoscaler lets use
 * rise a tenth above its target before it adds a replica, so the target lies that much lower.
 */
function autoscalerTarget({ demand, streams, objective, cpu }: ScalingInput): number {
  const most = headroomRate(demand, streams, objective, cpu);
  const usedCores = (most * mean(demand.cpuMs)) / 1000;
  return Math.max(1, Math.floor((100 * usedCores) / cpu / (1 + AUTOSCALER_TOLERANCE)));
}

function policiesOf({ demand, objective, cpu, memoryInGB, replicas }: ScalingInput): ProfiledScaling['policies'] {
  const usedCores = (objective.rate / replicas) * (mean(demand.cpuMs) / 1000);
  const cpuRequest = Math.max(0.01, Math.ceil((100 * usedCores) / REQUEST_UTILISATION - 1e-9) / 100);
  return [
    {
      name: 'guaranteed',
      ...{ cpuRequest: cpu, cpuLimit: cpu, memoryInGB },
      note: 'Request and limit are what was profiled: the latency is that of the profile, whatever else the node runs.',
    },
    {
      name: 'no-cpu-limit',
      ...{ cpuRequest, memoryInGB },
      note:
        'Requests what it uses, over 0.7, and is never throttled: faster while the node has spare CPU. On a full node only the request ' +
        'is certain, so the latency depends on the neighbours, and no profile can promise it.',
    },
  ];
}
