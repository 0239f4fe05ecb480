import * as fc from 'fast-check';
import { roundUpToStep, SIZE_GRIDS } from '../../src/sizing/compute-size';
import { workloads } from '../../src/profiler/quota-simulator';
import {
  allowedThreads,
  bestAchievable,
  capacity,
  cheapest,
  cpuSizes,
  evaluate,
  MAX_UTILISATION,
  planReplicas,
  ThreadDemand,
} from '../../src/profiler/search';

const demandOf = (cpuMs: number, threads = 1, speedUp = 1): ThreadDemand => ({
  threads,
  cpuMs: Float64Array.of(cpuMs * 0.8, cpuMs, cpuMs * 1.2),
  occupancyMs: Float64Array.of((cpuMs * 0.8) / speedUp, cpuMs / speedUp, (cpuMs * 1.2) / speedUp),
  overheadMs: 0.5,
});
const streams = workloads(1, 6, 200);
const sizes = cpuSizes(SIZE_GRIDS.aci, 3.5);
const p95 = (rate: number, latencyMs: number) => ({ rate, latencyMs, percentile: 0.95 });

describe('cpuSizes', () => {
  test.each(['local', 'aci', 'aks', 'edge'] as const)('are tenths of a core for %s, legal and within what is allowed', target => {
    const grid = SIZE_GRIDS[target];
    const found = cpuSizes(grid, 3.5);
    expect(found[0]).toBe(0.1);
    expect(found[found.length - 1]).toBe(3.5);
    for (const size of found) expect(roundUpToStep(size, grid.cpuStep)).toBeCloseTo(size, 9);
  });

  test('end at what the target allows', () => {
    expect(cpuSizes(SIZE_GRIDS.aci, 64).pop()).toBe(4);
  });
});

describe('search', () => {
  test('the cheapest size holds and the one below does not', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 40, noNaN: true }), fc.double({ min: 1, max: 60, noNaN: true }), (cpuMs, rate) => {
        const candidates = evaluate([demandOf(cpuMs)], streams, p95(rate, 8 * cpuMs + 20), sizes);
        const best = cheapest(candidates);
        fc.pre(best !== undefined);
        expect(best?.utilisation).toBeLessThanOrEqual(MAX_UTILISATION);
        const cheaper = candidates.filter(candidate => candidate.cpu < (best?.cpu ?? 0));
        expect(cheaper.filter(candidate => candidate.holds)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  test('clearly more load, or a clearly shorter latency, never gives a smaller size', () => {
    const size = (cpuMs: number, rate: number, latencyMs: number) =>
      cheapest(evaluate([demandOf(cpuMs)], streams, p95(rate, latencyMs), sizes))?.cpu ?? Infinity;
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 40, noNaN: true }),
        fc.double({ min: 1, max: 40, noNaN: true }),
        fc.double({ min: 1.2, max: 4, noNaN: true }),
        (cpuMs, rate, factor) => {
          const latencyMs = 6 * cpuMs + 40;
          expect(size(cpuMs, rate * factor, latencyMs)).toBeGreaterThanOrEqual(size(cpuMs, rate, latencyMs));
          expect(size(cpuMs, rate, latencyMs / factor)).toBeGreaterThanOrEqual(size(cpuMs, rate, latencyMs));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('threads never exceed whole cores', () => {
    const candidates = evaluate([demandOf(20), demandOf(24, 2, 1.8)], streams, p95(10, 60), sizes);
    for (const { cpu, threads } of candidates) expect(threads).toBeLessThanOrEqual(Math.max(1, Math.floor(cpu)));
    expect([0.1, 0.9, 1, 1.9, 2].map(allowedThreads)).toEqual([1, 1, 1, 1, 2]);
  });

  test('more threads are chosen where only they are fast enough', () => {
    const demands = [demandOf(100), demandOf(110, 2, 1.9)];
    const best = cheapest(evaluate(demands, streams, p95(1, 90), sizes));
    expect(best).toMatchObject({ cpu: 2, threads: 2 });
  });

  test('capacity is bounded by the quota or by the one engine', () => {
    expect(capacity(demandOf(10), 0.5)).toBeCloseTo(50, 6);
    expect(capacity(demandOf(10), 3)).toBeCloseTo(100, 6);
  });

  test('the best that can be had is named where nothing holds', () => {
    const candidates = evaluate([demandOf(50)], streams, p95(1, 10), sizes);
    expect(cheapest(candidates)).toBeUndefined();
    const best = bestAchievable(candidates);
    expect(best?.predictedMs).toBeGreaterThan(10);
    expect(best?.predictedMs).toBe(Math.min(...candidates.map(candidate => candidate.predictedMs)));
  });
});

describe('planReplicas', () => {
  test('keeps one replica where one can do it', () => {
    expect(planReplicas([demandOf(5)], streams, p95(50, 60), sizes, 50)?.replicas).toBe(1);
  });

  test('takes the fewest that carry the rate where one cannot', () => {
    const plan = planReplicas([demandOf(20)], streams, p95(200, 200), sizes, 50);
    // an engine ends 50 requests a second, 40 of them at the highest utilisation
    expect(plan?.replicas).toBeGreaterThanOrEqual(5);
    expect(plan?.replicas).toBeLessThanOrEqual(8);
    expect(planReplicas([demandOf(20)], streams, p95(200, 200), sizes, (plan?.replicas ?? 1) - 1)).toBeUndefined();
  });

  test('gives up where no number of replicas is fast enough', () => {
    expect(planReplicas([demandOf(20)], streams, p95(10, 5), sizes, 50)).toBeUndefined();
  });
});
