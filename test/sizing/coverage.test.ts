import fc from 'fast-check';
import { fittingAlternative, LatencyBound, shortfalls } from '../../src/sizing/coverage';
import { ProfiledAlternative, ProfiledPercentile, ProfileResult } from '../../src/sizing/profile-result';

/** What coverage reads of a profile: 50 requests a second, p95 within 40 ms. */
const profile = (changes: Partial<ProfileResult> = {}) =>
  ({
    objective: { target: 'aks', rate: 50, percentile: 0.95, latencyMs: 40 },
    evidence: 'verified',
    ...changes,
  }) as ProfileResult;

const covers = (result: ProfileResult, ...bounds: LatencyBound[]) => shortfalls(result, { bounds }).length === 0;

const measured = (percentile: number, intervalMs: readonly [number, number], resolved = true): ProfiledPercentile => ({
  ...{ percentile, resolved, intervalMs, latencyMs: intervalMs[0] },
  ...{ samples: 4000, effectiveSamples: 2000 },
});

const other = (changes: Partial<ProfiledAlternative>): ProfiledAlternative => ({
  ...{ cpu: 1, memoryInGB: 0.6, replicas: 1, latencyMs: 20, capacity: 80, evidence: 'modelled' },
  sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
  ...changes,
});

describe('a profile', () => {
  test('covers its own promise and every laxer one', () => {
    expect(covers(profile(), { percentile: 0.95, latencyMs: 40 })).toBe(true);
    expect(covers(profile(), { percentile: 0.5, latencyMs: 60 })).toBe(true);
  });

  test('covers neither a shorter latency nor a higher percentile that it did not prove', () => {
    expect(shortfalls(profile(), { bounds: [{ percentile: 0.95, latencyMs: 39 }] })).toEqual([
      { asked: 'p95 39 ms', measured: 'p95 40 ms' },
    ]);
    expect(covers(profile(), { percentile: 0.99, latencyMs: 100 })).toBe(false);
  });

  test('covers what the interval of a measured percentile proves, and not what its middle suggests', () => {
    const percentiles = [measured(0.5, [10, 12]), measured(0.99, [50, 70])];
    expect(covers(profile({ percentiles }), { percentile: 0.5, latencyMs: 12 })).toBe(true);
    expect(covers(profile({ percentiles }), { percentile: 0.5, latencyMs: 11 })).toBe(false);
    expect(covers(profile({ percentiles }), { percentile: 0.99, latencyMs: 70 })).toBe(true);
  });

  test('proves nothing by percentiles that were not resolved, or that no run under limits gave', () => {
    const unresolved = profile({ percentiles: [measured(0.99, [50, 70], false)] });
    const modelled = profile({ percentiles: [measured(0.99, [50, 70])], evidence: 'modelled' });
    expect(covers(unresolved, { percentile: 0.99, latencyMs: 80 })).toBe(false);
    expect(covers(modelled, { percentile: 0.99, latencyMs: 80 })).toBe(false);
  });

  test('covers a lower rate and no higher one', () => {
    expect(shortfalls(profile(), { rate: 50, bounds: [] })).toEqual([]);
    expect(shortfalls(profile(), { rate: 51, bounds: [] })).toEqual([{ asked: '51 requests a second', measured: '50' }]);
  });

  test('that covers a question covers every laxer one', () => {
    const bound = fc.record({ percentile: fc.constantFrom(0.5, 0.9, 0.95, 0.99), latencyMs: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(bound, fc.integer({ min: 0, max: 50 }), (asked, more) => {
        fc.pre(covers(profile(), asked));
        expect(covers(profile(), { ...asked, latencyMs: asked.latencyMs + more })).toBe(true);
      }),
    );
  });
});

describe('fittingAlternative', () => {
  const strict = { bounds: [{ percentile: 0.95, latencyMs: 25 }] };

  test('takes the first, which is the cheapest, that keeps the bound at the profiled rate', () => {
    const alternatives = [
      other({ cpu: 0.9, latencyMs: 30 }),
      other({ cpu: 1.1, latencyMs: 24 }),
      other({ cpu: 2, latencyMs: 10 }),
    ];
    expect(fittingAlternative(profile({ alternatives }), strict)).toMatchObject({ cpu: 1.1 });
  });

  test.each([
    ['that failed', { evidence: 'failed' as const }],
    ['that needs several replicas', { replicas: 2 }],
    ['whose capacity is below the rate', { capacity: 49 }],
    ['without a latency', { latencyMs: undefined }],
  ])('takes none %s', (_, changes) => {
    expect(fittingAlternative(profile({ alternatives: [other(changes)] }), strict)).toBeUndefined();
  });

  test('takes none for a rate or a percentile that nothing was computed for', () => {
    const alternatives = [other({ latencyMs: 1 })];
    expect(fittingAlternative(profile({ alternatives }), { ...strict, rate: 60 })).toBeUndefined();
    expect(fittingAlternative(profile({ alternatives }), { bounds: [{ percentile: 0.99, latencyMs: 25 }] })).toBeUndefined();
  });
});
