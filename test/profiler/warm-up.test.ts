import * as fc from 'fast-check';
import { Random } from '../../src/profiler/arrivals';
import { assessWarmUp, steadyGrowth } from '../../src/profiler/warm-up';

const NOISE = 0.02;

/** Values with even noise of ±1 %. */
const series = (value: (i: number) => number, n = 20, seed = 5) => {
  const random = new Random(seed);
  return Array.from({ length: n }, (_, i) => value(i) * (1 + (random.next() - 0.5) * NOISE));
};

const seed = fc.integer({ min: 1, max: 1_000_000 });
const length = fc.integer({ min: 20, max: 120 });

describe('assessWarmUp', () => {
  test('a level series is steady', () => {
    fc.assert(fc.property(length, seed, (n, s) => assessWarmUp(series(() => 10, n, s)).steadiness === 'steady'));
  });

  test('the steady part is found within a tenth of the series, however steep the way there', () => {
    const start = fc.double({ min: 0.1, max: 0.45, noNaN: true });
    const height = fc.double({ min: 2, max: 50, noNaN: true });
    fc.assert(
      fc.property(length, start, height, seed, (n, share, high, s) => {
        const truth = Math.round(share * n);
        const ramp = (i: number) => (i < truth ? 10 * (1 + (high - 1) * (1 - i / truth)) : 10);
        const { steadiness, dropped } = assessWarmUp(series(ramp, n, s));
        expect(steadiness).toBe('steady');
        expect(Math.abs(dropped - truth)).toBeLessThanOrEqual(Math.max(2, 0.1 * n));
      }),
    );
  });

  test('what grows by more than noise can explain gets dearer', () => {
    const growth = fc.double({ min: 0.2, max: 3, noNaN: true });
    fc.assert(
      fc.property(length, growth, seed, (n, by, s) => {
        expect(assessWarmUp(series(i => 10 * (1 + (by * i) / n), n, s)).steadiness).toBe('getting-dearer');
      }),
    );
  });

  test('a series that still falls is not steady and gets cheaper', () => {
    expect(assessWarmUp(series(i => 100 * 0.9 ** i)).steadiness).toBe('getting-cheaper');
  });

  test('a single outlier neither hides a steady state nor moves its start', () => {
    fc.assert(
      fc.property(fc.nat({ max: 19 }), seed, (at, s) => {
        const { steadiness, dropped } = assessWarmUp(series(i => (i === at ? 40 : 10), 20, s));
        expect(steadiness).toBe('steady');
        expect(dropped).toBeLessThanOrEqual(10);
      }),
    );
  });

  test('noise alone is no trend', () => {
    const drifting = Array.from({ length: 200 }, (_, i) => {
      const random = new Random(i + 1);
      return assessWarmUp(Array.from({ length: 12 }, () => 10 * (1 + (random.next() - 0.5) * 0.3))).steadiness;
    }).filter(state => state !== 'steady');
    expect(drifting.length).toBeLessThan(20);
  });

  test('a cost that jumps between two levels has no steady state', () => {
    expect(assessWarmUp(series(i => (i % 4 < 2 ? 10 : 20))).steadiness).toBe('unsettled');
  });

  test('a steady cost with memory that goes on growing is a leak, and says by how much', () => {
    const memory = Array.from({ length: 40 }, (_, i) => 100e6 + 1e6 * i);
    const { steadiness, drift } = assessWarmUp(
      series(() => 10),
      memory,
    );
    expect(steadiness).toBe('leak');
    expect(drift).toBeCloseTo(20 / 120, 2);
  });
});

describe('steadyGrowth', () => {
  const growing = (value: (i: number) => number) => steadyGrowth(Array.from({ length: 60 }, (_, i) => value(i)));

  test('a heap that rises and is collected does not grow', () => {
    expect(growing(i => 100 + (i % 9))).toBe(0);
  });

  test('a pool that fills does not go on growing', () => {
    expect(growing(i => 160 - 20 * Math.exp(-i / 15))).toBe(0);
  });

  test('a leak below a sawtooth is seen', () => {
    expect(growing(i => 100 + i + (i % 9))).toBeGreaterThan(0.1);
  });

  test('too few samples say nothing', () => {
    expect(steadyGrowth([1, 2, 3, 4])).toBe(0);
  });
});
