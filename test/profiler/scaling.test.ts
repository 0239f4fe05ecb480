import { workloads } from '../../src/profiler/quota-simulator';
import { fewestReplicas } from '../../src/profiler/replicas';
import { ScalingInput, scalingOf } from '../../src/profiler/scaling';
import { headroomRate } from '../../src/profiler/search';
import { PLAIN } from '../../src/profiler/server-settings';

const times = Float64Array.of(16, 20, 24);
const input: ScalingInput = {
  demand: { cpuMs: times, occupancyMs: times, overheadMs: 1, settings: PLAIN },
  streams: workloads(1, 6, 300),
  objective: { rate: 120, percentile: 0.95, latencyMs: 90 },
  ...{ cpu: 1, memoryInGB: 0.5, replicas: 5, balancer: 'random', maxReplicas: 10 },
};

describe('scalingOf', () => {
  const scaling = scalingOf(input);

  test('names the replicas behind both balancers and by Azure ML v1’s rule', () => {
    expect(scaling).toMatchObject({ balancer: 'random', replicas: 5, replicasRandom: 5, replicasAzureMlV1: 4 });
    const { demand, streams, objective, cpu } = input;
    const pooled = fewestReplicas(demand, streams, objective, cpu, { maxReplicas: 10, balancer: 'pooled' });
    expect(scaling.replicasPooled).toBe(pooled);
    expect(scaling.replicasPooled).toBeLessThanOrEqual(5);
  });

  test('has the autoscaler act before a replica carries more than the target allows', () => {
    const most = headroomRate(input.demand, input.streams, input.objective, input.cpu);
    const used = (100 * most * 0.02) / input.cpu;
    // it lets use rise to 1.1 times its target
    expect(1.1 * scaling.targetCpuUtilizationPercent).toBeLessThanOrEqual(used);
    expect(1.1 * (scaling.targetCpuUtilizationPercent + 1)).toBeGreaterThan(used);
  });

  test('requests the profiled cores under a limit, and what is used without one', () => {
    const [guaranteed, unlimited] = scaling.policies;
    expect(guaranteed).toMatchObject({ name: 'guaranteed', cpuRequest: 1, cpuLimit: 1, memoryInGB: 0.5 });
    // 24 requests a second of 20 ms are 0.48 cores
    expect(unlimited).toMatchObject({ name: 'no-cpu-limit', cpuRequest: 0.69, memoryInGB: 0.5 });
    expect(unlimited.cpuLimit).toBeUndefined();
  });
});
