import * as fc from 'fast-check';
import { Random } from '../../src/profiler/arrivals';
import {
  binomialCdf,
  effectiveSampleSize,
  judgeCount,
  judgeLatencies,
  mserCut,
  quantile,
  quantileInterval,
  quantileRanks,
  sorted,
  theilSenSlope,
} from '../../src/profiler/statistics';

const noise = (n: number, seed = 1) => {
  const random = new Random(seed);
  return Array.from({ length: n }, () => random.next());
};

describe('quantileInterval', () => {
  test.each([
    [400, 0.95, 371, 389],
    [1000, 0.95, 936, 964],
    [1000, 0.99, 983, 997],
  ])('has the published ranks for n = %d, p = %d', (n, p, low, high) => {
    const ranks = quantileRanks(n, p, 0.95);
    // tables differ by a rank in how they share the error between the tails
    expect(Math.abs((ranks?.[0] ?? 0) - low)).toBeLessThanOrEqual(1);
    expect(Math.abs((ranks?.[1] ?? 0) - high)).toBeLessThanOrEqual(1);
  });

  test('does not exist where the sample cannot bound the quantile', () => {
    expect(quantileRanks(300, 0.99, 0.95)).toBeUndefined();
    expect(quantileInterval(sorted(noise(20)), 0.95)).toBeUndefined();
  });

  test('covers the true quantile at least as often as it says', () => {
    const covered = Array.from({ length: 400 }, (_, seed) => quantileInterval(sorted(noise(200, seed)), 0.9)).filter(
      interval => interval !== undefined && interval[0] <= 0.9 && 0.9 <= interval[1],
    );
    expect(covered.length / 400).toBeGreaterThan(0.93);
  });

  test('is wider for a sample that is worth less', () => {
    const sample = sorted(noise(1000));
    const [low, high] = quantileInterval(sample, 0.95) ?? [0, 0];
    const [lower, higher] = quantileInterval(sample, 0.95, 0.95, 200) ?? [0, 0];
    expect(higher - lower).toBeGreaterThan(high - low);
  });
});

describe('quantile', () => {
  test('is an observed value that the share does not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (values, p) => {
          const ascending = sorted(values);
          const found = quantile(ascending, p);
          expect(values).toContain(found);
          expect(values.filter(value => value <= found).length).toBeGreaterThanOrEqual(p * values.length - 1e-6);
        },
      ),
    );
  });

  test('is infinite where that many requests failed', () => {
    expect(quantile(sorted([1, 2, Infinity]), 0.95)).toBe(Infinity);
  });
});

describe('judgeCount', () => {
  // smallest samples that prove p95 and p99 with an error of 5 % and 1 %, from the profiling method's table
  test.each([
    [0.95, 0.05, 0, 59],
    [0.95, 0.05, 1, 93],
    [0.95, 0.05, 2, 124],
    [0.95, 0.05, 5, 208],
    [0.95, 0.05, 10, 336],
    [0.99, 0.05, 0, 299],
    [0.99, 0.05, 10, 1693],
    [0.99, 0.01, 1, 662],
  ])('p %d, error %d, %d late: %d requests are just enough', (p, error, late, n) => {
    expect(judgeCount(late, n, p, error)).toBe('holds');
    expect(judgeCount(late, n - 1, p, error)).toBe('unresolved');
  });

  test('fails where so many late requests are unlikely', () => {
    expect(judgeCount(20, 100, 0.95, 0.05)).toBe('fails');
    expect(judgeCount(7, 100, 0.95, 0.05)).toBe('unresolved');
  });

  test('is wrong about a promise that is just broken no more often than the error allows', () => {
    const verdicts = Array.from({ length: 1000 }, (_, seed) =>
      judgeCount(noise(300, seed).filter(u => u > 0.95).length, 300, 0.95, 0.05),
    );
    expect(verdicts.filter(verdict => verdict === 'holds').length).toBeLessThanOrEqual(75);
    expect(verdicts.filter(verdict => verdict === 'fails').length).toBeLessThanOrEqual(75);
  });

  test('binomialCdf agrees with direct summation', () => {
    expect(binomialCdf(2, 4, 0.5)).toBeCloseTo(11 / 16, 12);
    expect(binomialCdf(4, 4, 0.5)).toBeCloseTo(1, 12);
    expect(binomialCdf(-1, 4, 0.5)).toBe(0);
  });
});

describe('effectiveSampleSize', () => {
  test('is about the sample for independent values', () => {
    expect(effectiveSampleSize(noise(2000), 0.9)).toBeGreaterThan(1500);
  });

  test('is far less where late requests come in clumps', () => {
    const clumps = noise(200).flatMap(value => Array<number>(10).fill(value));
    expect(effectiveSampleSize(clumps, 0.9)).toBeLessThan(500);
  });

  test('keeps clumped lateness from proving what the count alone would', () => {
    // 8 of 400 are late, all at once: one accident, not eight
    const latencies = Array.from({ length: 400 }, (_, i) => (i >= 100 && i < 108 ? 100 : 10 + (i % 3)));
    expect(judgeCount(8, 400, 0.95, 0.05)).toBe('holds');
    const clumped = noise(40).flatMap(value => Array<number>(10).fill(value > 0.95 ? 100 : 10));
    expect(judgeLatencies(clumped, 50, 0.9, 0.05)).toBe('unresolved');
    expect(judgeLatencies(latencies, 50, 0.95, 0.05)).not.toBe('fails');
  });
});

describe('theilSenSlope and mserCut', () => {
  test('the slope ignores outliers', () => {
    const line = Array.from({ length: 20 }, (_, i) => 3 + 2 * i);
    line[4] = 1000;
    line[11] = -1000;
    expect(theilSenSlope(line)).toBeCloseTo(2, 6);
  });

  test('a transient is cut off where it ends', () => {
    const series = Array.from({ length: 60 }, (_, i) => (i < 15 ? 40 - 2 * i : 10) + noise(60)[i] * 0.2);
    const cut = mserCut(series);
    expect(cut).toBeGreaterThanOrEqual(10);
    expect(cut).toBeLessThanOrEqual(20);
  });

  test('a level series loses little, a rising one half', () => {
    expect(mserCut(Array<number>(40).fill(5), 1)).toBe(0);
    const rising = Array.from({ length: 40 }, (_, i) => 10 + i);
    expect(mserCut(rising, 1)).toBe(20);
  });
});
