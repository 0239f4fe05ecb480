import { NO_LUMPS, predictQuantile, ServiceDemand, simulateQuota, workloads } from '../../src/profiler/quota-simulator';
import { azureMlV1Replicas, fewestReplicas, planReplicas } from '../../src/profiler/replicas';
import { cpuSizes, SettingsDemand } from '../../src/profiler/search';
import { PLAIN } from '../../src/profiler/server-settings';
import { mean } from '../../src/profiler/statistics';
import { SIZE_GRIDS } from '../../src/sizing/compute-size';

const UNLIMITED = 64;
const long = workloads(1, 20, 10_000);
const streams = workloads(1, 6, 200);
const sizes = cpuSizes(SIZE_GRIDS.aks, 3.5);

const constant = Float64Array.of(10);
// the exponential distribution of mean 10, as so many equally likely values
const exponential = Float64Array.from({ length: 4000 }, (_, i) => -10 * Math.log((i + 0.5) / 4000));
const demandOf = (times: Float64Array): SettingsDemand => ({
  ...{ cpuMs: times, occupancyMs: times, overheadMs: 0, settings: PLAIN, lumps: NO_LUMPS },
});

const meanWait = (demand: ServiceDemand, rate: number, replicas: number): number =>
  mean(long.map(stream => mean(simulateQuota(demand, stream, rate, UNLIMITED, replicas)))) - mean(demand.occupancyMs);

/** Mean wait of M/M/c, in service times. */
function erlangC(c: number, load: number): number {
  let term = 1;
  let below = 0;
  for (let k = 0; k < c; k++) {
    below += term;
    term *= load / (k + 1);
  }
  const all = (term * c) / (c - load);
  return all / (below + all) / (c - load);
}

describe('one queue for each replica', () => {
  test('waits as M/D/1 and M/M/1 do', () => {
    expect(Math.abs(meanWait(demandOf(constant), 70, 1) / ((0.7 / 0.3) * 5) - 1)).toBeLessThan(0.05);
    expect(Math.abs(meanWait(demandOf(exponential), 70, 1) / ((0.7 / 0.3) * 10) - 1)).toBeLessThan(0.05);
  });
});

describe('one queue for all replicas', () => {
  test.each([2, 4, 8])('waits as M/M/%d does by Erlang’s formula', replicas => {
    const expected = 10 * erlangC(replicas, 0.75 * replicas);
    expect(Math.abs(meanWait(demandOf(exponential), 75 * replicas, replicas) / expected - 1)).toBeLessThan(0.05);
  });

  test('gives each replica a budget of its own', () => {
    const demand = demandOf(constant);
    const pooled = predictQuantile(demand, streams, 40, 0.4, 0.95, 2);
    const alone = predictQuantile(demand, streams, 20, 0.4, 0.95);
    expect(pooled).toBeLessThan(alone);
    expect(pooled).toBeGreaterThanOrEqual(10);
  });
});

describe('planReplicas', () => {
  const demands = [demandOf(Float64Array.of(16, 20, 24))];
  const plan = (rate: number, latencyMs: number, more: Partial<Parameters<typeof planReplicas>[4]> = {}) =>
    planReplicas(demands, streams, { rate, latencyMs, percentile: 0.95 }, sizes, {
      maxReplicas: 50,
      balancer: 'random',
      ...more,
    });

  test('keeps one replica where several are no cheaper', () => {
    expect(plan(10, 200, { cost: cpu => 1 + cpu })?.replicas).toBe(1);
  });

  test('finds the least total cost, and the fewest replicas for it', () => {
    const cost = (cpu: number) => 0.3 + cpu;
    const found = plan(200, 200, { cost });
    const totals = sizes.flatMap(cpu => {
      const replicas = fewestReplicas(demands[0], streams, { rate: 200, latencyMs: 200, percentile: 0.95 }, cpu, {
        ...{ maxReplicas: 50, balancer: 'random' },
      });
      return replicas === undefined ? [] : [{ replicas, total: replicas * cost(cpu) }];
    });
    const least = Math.min(...totals.map(each => each.total));
    expect((found?.replicas ?? 0) * cost(found?.best.cpu ?? 0)).toBeCloseTo(least, 9);
    expect(found?.replicas).toBe(Math.min(...totals.filter(each => each.total < least + 1e-9).map(each => each.replicas)));
    expect(found?.best.holds).toBe(true);
  });

  test('needs no more of a pool than of separate queues', () => {
    const cost = (cpu: number) => 1 + cpu;
    const total = (balancer: 'pooled' | 'random') => {
      const found = plan(200, 100, { balancer, cost });
      return (found?.replicas ?? Infinity) * cost(found?.best.cpu ?? 0);
    };
    expect(total('pooled')).toBeLessThanOrEqual(total('random'));
  });

  test('gives up where too few are allowed, or no number is fast enough', () => {
    // an engine ends 50 requests a second, 40 of them at the highest utilisation
    expect(plan(200, 200, { maxReplicas: 4 })).toBeUndefined();
    expect(plan(10, 5)).toBeUndefined();
  });
});

describe('azureMlV1Replicas', () => {
  test('are the requests in progress at seven tenths of what containers may have', () => {
    expect(azureMlV1Replicas(20, 0.5)).toBe(15);
    expect(azureMlV1Replicas(20, 0.5, 4)).toBe(4);
    expect(azureMlV1Replicas(0.1, 0.01)).toBe(1);
  });
});
