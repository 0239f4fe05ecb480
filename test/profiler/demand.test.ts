import fc from 'fast-check';
import { costRatio, fixedShareOf } from '../../src/profiler/demand';

describe('the fixed share of a run', () => {
  test('is found from what requests cost that shared runs', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.06, max: 0.98, noNaN: true }),
        fc.double({ min: 0.01, max: 500, noNaN: true }),
        (share, alone) => {
          const cost = (batch: number) => alone * (share / batch + 1 - share);
          const shared = [3.4, 15.8].map(batch => ({ batch, cpuMsPerRequest: cost(batch) }));
          expect(fixedShareOf(alone, shared)).toBeCloseTo(share, 6);
        },
      ),
    );
  });

  test('is none where runs were not shared, whatever requests cost', () => {
    expect(fixedShareOf(10, [{ batch: 1, cpuMsPerRequest: 5 }])).toBe(0);
    expect(fixedShareOf(10, [])).toBe(0);
  });

  test('is none where requests cost as much together as alone, or more', () => {
    expect(fixedShareOf(10, [{ batch: 8, cpuMsPerRequest: 10 }])).toBe(0);
    expect(fixedShareOf(10, [{ batch: 8, cpuMsPerRequest: 12 }])).toBe(0);
  });
});

describe('what requests cost under a limit, beside the demand', () => {
  const batching = { maxBatch: 16, fixedShare: 0.9 };

  test('is a multiple of it', () => {
    expect(costRatio(12, { atRateCpuMs: 10 })).toBeCloseTo(1.2, 9);
    expect(costRatio(8, { atRateCpuMs: 10 })).toBeCloseTo(0.8, 9);
  });

  test('is no less than it where requests share runs: what that saves is simulated already', () => {
    expect(costRatio(5, { atRateCpuMs: 10, batching })).toBe(1);
    expect(costRatio(12, { atRateCpuMs: 10, batching })).toBeCloseTo(1.2, 9);
  });
});
