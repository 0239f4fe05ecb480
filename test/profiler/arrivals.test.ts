import { derivedSeed, poissonSchedule, Random } from '../../src/profiler/arrivals';
import { mean } from '../../src/profiler/statistics';

describe('arrivals', () => {
  test('the same seed gives the same schedule, another seed another', () => {
    const schedule = (seed: number) => poissonSchedule(50, 2000, new Random(seed));
    expect(schedule(7)).toEqual(schedule(7));
    expect(schedule(7)).not.toEqual(schedule(8));
  });

  test('gaps are exponential with the mean that the rate asks for', () => {
    const due = poissonSchedule(100, 200_000, new Random(3));
    const gaps = due.slice(1).map((at, i) => at - due[i]);
    const average = mean(gaps);
    expect(average).toBeGreaterThan(9.7);
    expect(average).toBeLessThan(10.3);
    // an exponential exceeds its mean in 1/e of all cases, and its deviation equals its mean
    expect(gaps.filter(gap => gap > average).length / gaps.length).toBeCloseTo(Math.exp(-1), 1);
    expect(Math.sqrt(mean(gaps.map(gap => (gap - average) ** 2))) / average).toBeCloseTo(1, 1);
  });

  test('uniform numbers fill every tenth of [0, 1) alike', () => {
    const random = new Random(0);
    const counts = Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(random.next() * 10)]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test('parts of a run have seeds of their own', () => {
    const seeds = Array.from({ length: 1000 }, (_, index) => derivedSeed(1, index));
    expect(new Set(seeds).size).toBe(1000);
  });
});
