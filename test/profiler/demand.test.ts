import fc from 'fast-check';
import { fixedShareOf } from '../../src/profiler/demand';

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
