import * as fc from 'fast-check';
import { roundUpToStep, SIZE_GRIDS } from '../../src/sizing/compute-size';
import { NO_LUMPS, predictQuantile, workloads } from '../../src/profiler/quota-simulator';
import {
  allowedThreads,
  bestAchievable,
  bestAt,
  Candidate,
  capacity,
  cheapest,
  cpuSizes,
  evaluate,
  headroomRate,
  inDearerServer,
  limitingResource,
  MAX_UTILISATION,
  SettingsDemand,
} from '../../src/profiler/search';
import { PLAIN, ServerSettings } from '../../src/profiler/server-settings';

const demandOf = (cpuMs: number, threads = 1, speedUp = 1): SettingsDemand => ({
  settings: { ...PLAIN, threads },
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

  const cpuCosts = fc.double({ min: 1, max: 40, noNaN: true });
  const rates = fc.double({ min: 1, max: 40, noNaN: true });
  const factors = fc.double({ min: 1, max: 3, noNaN: true });
  const size = (demands: SettingsDemand[], rate: number, latencyMs: number) =>
    cheapest(evaluate(demands, streams, p95(rate, latencyMs), sizes))?.cpu ?? Infinity;
  const either = (cpuMs: number) => [demandOf(cpuMs), demandOf(1.1 * cpuMs, 2, 1.8)];

  test('more load, a shorter latency or dearer requests never give a smaller size', () => {
    fc.assert(
      fc.property(cpuCosts, rates, factors, (cpuMs, rate, factor) => {
        const latencyMs = 6 * cpuMs + 40;
        const plain = size(either(cpuMs), rate, latencyMs);
        expect(size(either(cpuMs), rate * factor, latencyMs)).toBeGreaterThanOrEqual(plain);
        expect(size(either(cpuMs), rate, latencyMs / factor)).toBeGreaterThanOrEqual(plain);
        expect(size(either(cpuMs * factor), rate, latencyMs)).toBeGreaterThanOrEqual(plain);
      }),
      { numRuns: 12 },
    );
  });

  test('the slightest more load never gives a smaller size, whatever few requests happen to show', () => {
    const few = workloads(5, 1, 60);
    const sizeAt = (rate: number) => cheapest(evaluate([demandOf(12)], few, p95(rate, 60), sizes))?.cpu ?? Infinity;
    const found = Array.from({ length: 60 }, (_, i) => sizeAt(5 * 1.04 ** i));
    expect(found).toEqual([...found].sort((a, b) => a - b));
  });

  test('equal input gives an equal answer', () => {
    const once = () => evaluate(either(15), workloads(7, 4, 100), p95(12, 80), sizes);
    expect(JSON.stringify(once())).toBe(JSON.stringify(once()));
  });

  test('threads never exceed whole cores', () => {
    const candidates = evaluate([demandOf(20), demandOf(24, 2, 1.8)], streams, p95(10, 60), sizes);
    for (const { cpu, settings } of candidates) expect(settings.threads).toBeLessThanOrEqual(Math.max(1, Math.floor(cpu)));
    expect([0.1, 0.9, 1, 1.9, 2].map(allowedThreads)).toEqual([1, 1, 1, 1, 2]);
  });

  test('more threads are chosen where only they are fast enough', () => {
    const demands = [demandOf(100), demandOf(110, 2, 1.9)];
    const best = cheapest(evaluate(demands, streams, p95(1, 90), sizes));
    expect(best).toMatchObject({ cpu: 2, settings: { threads: 2 } });
  });

  test('capacity is bounded by the quota or by the engines, at full batches', () => {
    const demand = demandOf(10);
    expect(capacity(demand, 0.5)).toBeCloseTo(50, 6);
    expect(capacity(demand, 3)).toBeCloseTo(100, 6);
    expect(capacity({ ...demand, workers: 2 }, 3)).toBeCloseTo(200, 6);
    expect(capacity({ ...demand, batching: { maxBatch: 4, fixedShare: 0.8 } }, 0.5)).toBeCloseTo(125, 6);
    expect([0.5, 3].map(cpu => limitingResource(demand, cpu))).toEqual(['cpu-quota', 'engine']);
  });

  test('the headroom is the rate up to which the latency is kept, also in a server that is a little dearer', () => {
    const objective = p95(1, 60);
    const dearer = inDearerServer(demandOf(10));
    const rate = headroomRate(demandOf(10), streams, objective, 0.5);
    expect(rate).toBeGreaterThan(5);
    expect(predictQuantile(dearer, streams, rate, 0.5, 0.95)).toBeLessThanOrEqual(60);
    expect(predictQuantile(dearer, streams, rate * 1.01, 0.5, 0.95)).toBeGreaterThan(60);
    expect(headroomRate(demandOf(10), streams, p95(1, 10_000), 0.5)).toBeCloseTo(MAX_UTILISATION * 50, 6);
    expect(headroomRate(demandOf(10), streams, p95(1, 5), 0.5)).toBe(0);
  });

  test('batches are chosen where only they carry the rate', () => {
    const single = { ...demandOf(20), lumps: NO_LUMPS };
    const batching = { ...single, settings: { ...PLAIN, maxBatch: 16 }, batching: { maxBatch: 16, fixedShare: 0.9 } };
    const best = cheapest(evaluate([single, batching], streams, p95(150, 250), sizes));
    expect(best?.settings.maxBatch).toBe(16);
  });

  test('the best that can be had is named where nothing holds', () => {
    const candidates = evaluate([demandOf(50)], streams, p95(1, 10), sizes);
    expect(cheapest(candidates)).toBeUndefined();
    const best = bestAchievable(candidates);
    expect(best?.predictedMs).toBeGreaterThan(10);
    expect(best?.predictedMs).toBe(Math.min(...candidates.map(candidate => candidate.predictedMs)));
  });
});

describe('cheapest', () => {
  const candidate = (cpu: number, predictedMs: number, settings: Partial<ServerSettings> = {}): Candidate => ({
    ...{ cpu, predictedMs, settings: { ...PLAIN, ...settings }, utilisation: 0.5, holds: true },
  });

  test.each([
    ['fewer threads', { threads: 2 }],
    ['no spinning', { spinning: true }],
    ['fewer workers', { workers: 2 }],
    ['smaller batches', { maxBatch: 8 }],
  ])('prefers %s at the same size', (_, more) => {
    expect(cheapest([candidate(2, 95, more), candidate(2, 100)])?.settings).toEqual(PLAIN);
    expect(bestAt([candidate(2, 95, more), candidate(2, 100)], 2)?.settings).toEqual(PLAIN);
  });

  test('leaves plain settings for a tenth of latency or for a cheaper size', () => {
    expect(cheapest([candidate(2, 100), candidate(2, 90, { threads: 2 })])?.settings.threads).toBe(2);
    expect(cheapest([candidate(1.9, 110, { workers: 2 }), candidate(2, 100)])?.settings.workers).toBe(2);
  });

  test('goes by the cost, and by size only where it is equal', () => {
    const candidates = [candidate(0.4, 100), candidate(0.9, 50), candidate(1.1, 20)];
    expect(cheapest(candidates, cpu => Math.max(1, cpu))?.cpu).toBe(0.4);
  });
});
