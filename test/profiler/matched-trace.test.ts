import { derivedSeed, patternGaps, Random } from '../../src/profiler/arrivals';
import { Expectation, expectationOf, judgeMatched } from '../../src/profiler/matched-trace';
import { NO_LUMPS, predictLatencies, ServiceDemand, simulateQuota, workloads } from '../../src/profiler/quota-simulator';
import { effectiveSampleSize, judgeCount, judgeLatencies, mean, quantile } from '../../src/profiler/statistics';

const constant = (ms: number) => new Float64Array(50).fill(ms);
const demandOf = (cpuMs: number): ServiceDemand => ({
  ...{ cpuMs: constant(cpuMs), occupancyMs: constant(cpuMs), overheadMs: 1, lumps: NO_LUMPS },
});
const RATE = 30;
const CORES = 0.6;
const REQUESTS = 300;
const streams = workloads(7, 10, 800);

/** A run of `server` as it would have been measured, and the simulation of it by somebody who takes it for `believed`. */
function run(seed: number, server: ServiceDemand, believed: ServiceDemand, limitMs: number) {
  const random = new Random(derivedSeed(99, seed));
  const gaps = patternGaps({ kind: 'poisson' }, REQUESTS, random);
  const [{ picks, lumps }] = workloads(derivedSeed(5, seed), 1, REQUESTS);
  const latencies = simulateQuota(server, { gaps, picks, lumps, phase: random.next() }, RATE, CORES);
  let at = 0;
  const dueMs = gaps.map(gap => (at += (gap * 1000) / RATE));
  const expectation = expectationOf(believed, believed, streams, { dueMs, rate: RATE, cores: CORES, limitMs });
  return { latencies, expectation };
}

const SEEDS = Array.from({ length: 60 }, (_, i) => i);
const verdicts = (server: ServiceDemand, believed: ServiceDemand, limitMs: number) =>
  SEEDS.map(seed => {
    const { latencies, expectation } = run(seed, server, believed, limitMs);
    return {
      matched: judgeMatched(latencies, expectation, limitMs, 0.95, 0.05),
      plain: judgeLatencies(latencies, limitMs, 0.95, 0.05),
      samples: effectiveSampleSize(latencies, 0.95),
    };
  });
const count = <T>(all: readonly T[], is: (each: T) => boolean) => all.filter(is).length;

describe('a run beside the simulation of its own arrivals', () => {
  const right = demandOf(15);

  test('decides what the run alone leaves open', () => {
    const all = verdicts(right, right, limitWithLate(0.02));
    expect(count(all, each => each.matched.verdict === 'holds')).toBeGreaterThan(
      1.5 * count(all, each => each.plain === 'holds'),
    );
    expect(mean(all.map(each => each.matched.effectiveSamples))).toBeGreaterThan(1.5 * mean(all.map(each => each.samples)));
  });

  test('is hardly ever wrong about a promise that is just broken, whatever the simulation believes', () => {
    const limitMs = limitWithLate(0.055);
    for (const believed of [right, demandOf(12), demandOf(17)]) {
      const wrong = count(verdicts(right, believed, limitMs), each => each.matched.verdict === 'holds');
      expect(wrong).toBeLessThanOrEqual(0.12 * SEEDS.length);
    }
  });

  test('is not taken in by kind arrivals: none was late, and none would have been in the simulation either', () => {
    const latencies = new Float64Array(116).fill(16);
    const kind: Expectation = { ofRun: Float64Array.from({ length: 116 }, (_, i) => (i % 30 === 7 ? 0.1 : 0)), ...always(0.06) };
    expect(judgeLatencies(latencies, 40, 0.95, 0.05)).toBe('holds');
    const judged = judgeMatched(latencies, kind, 40, 0.95, 0.05);
    expect(judged.verdict).toBe('unresolved');
    expect(judged.lateShare).toBeGreaterThan(0.05);
  });

  test('leaves open what this server keeps and a dearer one would break', () => {
    const latencies = new Float64Array(600).fill(16);
    const here = { ofRun: new Float64Array(600), inLongRun: 0.001 };
    const kept = judgeMatched(latencies, { ...here, inDearerServer: 0.002 }, 40, 0.95, 0.05);
    expect(kept).toMatchObject({ verdict: 'holds', onlyHere: false });
    const judged = judgeMatched(latencies, { ...here, inDearerServer: 0.12 }, 40, 0.95, 0.05);
    expect(judged).toMatchObject({ verdict: 'unresolved', onlyHere: true });
    expect(judged.lateShare).toBeCloseTo(0.12, 6);
  });

  test('asks of a dearer server that it would keep the promise, and no proof of it', () => {
    const latencies = new Float64Array(348).fill(20);
    const run: Expectation = { ofRun: new Float64Array(348).fill(0.002), inLongRun: 0.008, inDearerServer: 0.032 };
    const { verdict, onlyHere, lateShare, effectiveSamples } = judgeMatched(latencies, run, 40, 0.95, 0.05);

    expect(judgeCount(0.03 * effectiveSamples, effectiveSamples, 0.95, 0.05)).toBe('unresolved');
    expect({ verdict, onlyHere }).toEqual({ verdict: 'holds', onlyHere: false });
    expect(lateShare).toBeCloseTo(0.006, 6);
  });

  test('is the plain test where run and simulation have nothing in common', () => {
    const latencies = Float64Array.from({ length: 300 }, (_, i) => (i % 40 === 7 ? 100 : 10));
    const blind: Expectation = { ofRun: Float64Array.from({ length: 300 }, (_, i) => (i % 40 < 7 ? 0.9 : 0)), ...always(0.16) };
    const judged = judgeMatched(latencies, blind, 50, 0.95, 0.05);
    expect(judged.lateShare).toBeCloseTo(8 / 300, 6);
    expect(judged.verdict).toBe(judgeLatencies(latencies, 50, 0.95, 0.05));
  });
});

/** Whatever the server. */
const always = (late: number) => ({ inLongRun: late, inDearerServer: late });

/** The latency that so many requests exceed in the long run. */
const limitWithLate = (share: number) => quantile(predictLatencies(demandOf(15), streams, RATE, CORES), 1 - share);
