import * as fc from 'fast-check';
import { derivedSeed, patternGaps, Random, schedule } from '../../src/profiler/arrivals';
import { BURST, LoadPattern, POISSON } from '../../src/profiler/load-pattern';
import { namedSeed } from '../../src/profiler/random';
import { mean } from '../../src/profiler/statistics';

const CONSTANT: LoadPattern = { kind: 'constant' };
const TRACE: LoadPattern = { kind: 'trace', atMs: [0, 10, 10, 50, 51, 90], order: [0, 1, 2, 0, 3, 1] };
// short bursts: their mean is seen sooner
const SHORT_BURST: LoadPattern = { ...BURST, meanMs: 50 };
const PATTERNS = [POISSON, CONSTANT, SHORT_BURST, TRACE];
const named = PATTERNS.map(pattern => [pattern.kind, pattern] as const);

/** Variance of the count in windows over its mean: 1 for Poisson, 0 for a clock. */
function dispersion(due: Float64Array, windowMs: number, durationMs: number): number {
  const counts = new Float64Array(Math.floor(durationMs / windowMs));
  for (const at of due) if (at < counts.length * windowMs) counts[Math.floor(at / windowMs)]++;
  const average = mean(counts);
  return mean(counts.map(count => (count - average) ** 2)) / average;
}

describe('schedule', () => {
  test.each(named)('%s: the same seed gives the same schedule, another seed another', (_, pattern) => {
    const due = (seed: number) => schedule(pattern, 50, 2000, new Random(seed));
    expect(due(7)).toEqual(due(7));
    expect([8, 9, 10].map(due)).not.toEqual([due(7), due(7), due(7)]);
  });

  test.each(named)('%s: the mean rate is the one that was asked for', (_, pattern) => {
    const { dueMs } = schedule(pattern, 40, 2_000_000, new Random(3));
    expect(dueMs.length / 80_000).toBeGreaterThan(0.96);
    expect(dueMs.length / 80_000).toBeLessThan(1.04);
  });

  test('what is due is ascending and within the duration, whatever is asked for', () => {
    const pattern = fc.oneof(
      fc.constantFrom(...PATTERNS),
      fc
        .record({ share: fc.double({ min: 0.01, max: 0.9 }), part: fc.double({ min: 0, max: 1, noNaN: true }) })
        .map(({ share, part }): LoadPattern => ({ kind: 'burst', share, factor: part / share, meanMs: 200 })),
    );
    fc.assert(
      fc.property(
        pattern,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(),
        (kind, rate, ms, seed) => {
          const { dueMs } = schedule(kind, rate, ms, new Random(seed));
          expect(dueMs.every((at, i) => at >= (dueMs[i - 1] ?? 0) && at < ms)).toBe(true);
        },
      ),
    );
  });

  test('Poisson gaps are exponential', () => {
    const gaps = patternGaps(POISSON, 20_000, new Random(3));
    // an exponential exceeds its mean in 1/e of all cases, and its deviation equals its mean
    expect(gaps.filter(gap => gap > 1).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
    expect(Math.sqrt(mean(gaps.map(gap => (gap - 1) ** 2)))).toBeCloseTo(1, 1);
  });

  test('a constant stream has as many in each window, bursts have far from it', () => {
    const spread = (pattern: LoadPattern) => dispersion(schedule(pattern, 50, 200_000, new Random(5)).dueMs, 1000, 200_000);
    expect(spread(CONSTANT)).toBe(0);
    expect(spread(POISSON)).toBeLessThan(1.5);
    expect(spread(BURST)).toBeGreaterThan(1.5);
  });

  test('a burst may take all requests: then the calm between is silent', () => {
    const all: LoadPattern = { kind: 'burst', factor: 5, share: 0.2, meanMs: 50 };
    const gaps = patternGaps(all, 20_000, new Random(2), 100);
    expect(mean(gaps)).toBeGreaterThan(0.9);
    expect(mean(gaps)).toBeLessThan(1.1);
    // a calm of 200 ms on average, at 100 a second
    expect(gaps.filter(gap => gap > 20).length).toBeGreaterThan(100);
  });

  test('a recording keeps its order of inputs and its gaps, stretched to the rate', () => {
    // its six arrivals take 90 ms, 18 ms each; one in 36 ms stretches it to twice
    const { dueMs, inputs } = schedule(TRACE, 1000 / 36, 1000, new Random(1));
    const recorded = [...TRACE.order, ...TRACE.order];
    const turn = recorded.slice(recorded.findIndex((_, at) => recorded.slice(at, at + 6).join() === inputs!.slice(0, 6).join()));
    expect([...inputs!.slice(0, 6)]).toEqual(turn.slice(0, 6));
    expect(inputs!.slice(6, 12)).toEqual(inputs!.slice(0, 6));
    const gaps = dueMs.slice(1, 7).map((at, i) => Math.round(at - dueMs[i]));
    expect([...gaps].sort((a, b) => a - b)).toEqual([0, 2, 20, 36, 78, 80]);
  });
});

describe('Random', () => {
  test('uniform numbers fill every tenth of [0, 1) alike', () => {
    const random = new Random(0);
    const counts = Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random.next() * 10)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('parts whose names differ in one letter have seeds of their own', () => {
    const names = [0.1, 0.2, 0.3].flatMap(cpu => [1, 2, 3].map(attempt => `verify/${cpu}/0.4/t1w1b1/${attempt}`));
    expect(new Set(names.map(name => namedSeed(42, name))).size).toBe(names.length);
  });

  test('parts of a run have seeds of their own', () => {
    const seeds = Array.from({ length: 1000 }, (_, index) => derivedSeed(1, index));
    expect(new Set(seeds).size).toBe(1000);
  });
});
