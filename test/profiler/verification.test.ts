import { assertGeneratorKeptUp } from '../../src/profiler/finalists';
import { LoadResult } from '../../src/profiler/load-generator';
import { calm, disturbedBy, spreadOf } from '../../src/profiler/interference';
import { Measurement } from '../../src/profiler/measurement';
import { PLAIN, settingsKey } from '../../src/profiler/server-settings';
import { summarize } from '../../src/profiler/summary';
import { judgeRun, leastRequests, planRun, promiseOf, RunContext, Size } from '../../src/profiler/verification';

const QUIET = { waiting: 0.01, steal: 0, speedChange: 0.01, foreignCores: 0 };

function loadOf(latencies: readonly number[], lag = 0.2, generatorCores = 0.1): LoadResult {
  return {
    latenciesMs: Float64Array.from(latencies),
    lagMs: new Float64Array(latencies.length).fill(lag),
    dueMs: Float64Array.from(latencies, (_, i) => i * 20),
    cpuMs: new Float64Array(0),
    elapsedMs: 5000,
    failed: 0,
    generatorCores,
    generatorCpuMs: 500,
  };
}

function measurementOf(load: LoadResult, disturbance = QUIET, coreSpeed = 1000): Measurement {
  const answered = load.latenciesMs.length;
  return {
    kind: 'verification',
    settings: settingsKey(PLAIN),
    atMs: 0,
    load,
    answered,
    cpuMsPerRequest: 1,
    waitMsPerRequest: 0,
    cores: 0.1,
    coreSpeed,
    disturbance,
  };
}

const SIZE: Size = { cpu: 0.7, memoryInGB: 0.6, settings: PLAIN };
const CONTEXT: RunContext = { kind: 'cgroup-v1', referenceSpeed: 1000, rate: 50, wantedRate: 50 };
const promise = promiseOf(40, 0.95, 300);
const latencies = (late: number) => Array.from({ length: 300 }, (_, i) => ((i * 7) % 300 < late ? 90 : 20 + (i % 10)));
const judge = (late: number, measured: Partial<{ lag: number; speed: number }> = {}, context = CONTEXT) =>
  judgeRun(SIZE, measurementOf(loadOf(latencies(late), measured.lag), QUIET, measured.speed), promise, context);

describe('judgeRun', () => {
  test('few late requests hold, many fail, some are not resolved', () => {
    expect(judge(1).verdict).toBe('holds');
    expect(judge(60).verdict).toBe('fails');
    expect(judge(14).verdict).toBe('unresolved');
  });

  test('the figures are those of the file, with an interval around the percentile', () => {
    const { figures } = judge(1);
    expect(figures).toMatchObject({
      cpu: 0.7,
      memoryInGB: 0.6,
      holds: true,
      verdict: 'holds',
      requests: 300,
      limits: 'cgroup-v1',
    });
    const [low, high] = figures.latencyIntervalMs ?? [0, 0];
    expect(low).toBeLessThanOrEqual(figures.latencyMs);
    expect(high).toBeGreaterThanOrEqual(figures.latencyMs);
    expect(figures).not.toHaveProperty('throttledRatio');
    expect(
      judgeRun(SIZE, measurementOf(loadOf(latencies(1))), promise, { ...CONTEXT, throttling: { periods: 60, throttled: 15 } })
        .figures.throttledRatio,
    ).toBe(0.25);
  });

  test('a failure that others may have caused is no failure of the size', () => {
    expect(judge(60, { lag: 30 })).toMatchObject({ verdict: 'unresolved', disturbedBy: expect.stringMatching(/late/) });
    expect(judge(60, { speed: 600 })).toMatchObject({
      verdict: 'unresolved',
      disturbedBy: expect.stringMatching(/60 % of the speed/),
    });
    expect(judge(1, { lag: 30 }).verdict).toBe('holds');
    // 90 ms are not 40 because of 5 ms of lateness, or of a core at 80 %
    expect(judge(60, { lag: 5 }).verdict).toBe('fails');
    expect(judge(60, { speed: 800 }).verdict).toBe('fails');
  });

  test('a failure under more load than was asked for proves nothing, a success does', () => {
    const more = { ...CONTEXT, rate: 80 };
    expect(judge(60, {}, more).verdict).toBe('unresolved');
    expect(judge(1, {}, more)).toMatchObject({ verdict: 'holds', figures: { rate: 80 } });
  });

  test('a success on a core that was faster than the demand is stated at is judged as if it had not been', () => {
    const close = measurementOf(loadOf(Array<number>(300).fill(35)), QUIET, 1300);
    expect(judgeRun(SIZE, close, promise, CONTEXT)).toMatchObject({ verdict: 'fails', figures: { latencyMs: 45.5 } });
    const easy = measurementOf(loadOf(Array<number>(300).fill(20)), QUIET, 1300);
    expect(judgeRun(SIZE, easy, promise, CONTEXT).verdict).toBe('holds');
  });

  test('two runs of one size that could not decide are judged together', () => {
    const first = judge(9);
    expect(first.verdict).toBe('unresolved');
    const again = judgeRun(SIZE, measurementOf(loadOf(latencies(5))), promise, CONTEXT, undefined, first);
    expect(again).toMatchObject({ verdict: 'holds', figures: { requests: 600 } });
  });

  test('requests that failed are late, and the file stays JSON', () => {
    const run = judgeRun(SIZE, measurementOf(loadOf(Array<number>(100).fill(Infinity))), promise, CONTEXT);
    expect(run.verdict).toBe('fails');
    expect(JSON.parse(JSON.stringify(run.figures))).toEqual(run.figures);
  });
});

describe('planRun', () => {
  const bounds = { minMs: 5000, maxMs: 20_000 };

  test('runs as long as some fifteen late requests take, within bounds', () => {
    expect(planRun(50, 0.95, bounds, () => true)).toEqual({ rate: 50, durationMs: expect.closeTo(6000, 3) });
    expect(planRun(1000, 0.95, bounds, () => true).durationMs).toBe(5000);
    expect(planRun(50, 0.99, bounds, () => true).durationMs).toBe(20_000);
  });

  test('raises a low rate where the size carries more', () => {
    const raised = planRun(1, 0.95, bounds, () => true);
    expect(raised.rate * 20).toBeGreaterThan(leastRequests(0.95) * 1.5);
    expect(planRun(1, 0.95, bounds, () => false).rate).toBe(1);
  });

  test('looks several times only where each look can decide', () => {
    expect(promiseOf(40, 0.95, 300).looks.length).toBe(4);
    expect(promiseOf(40, 0.95, 100)).toMatchObject({ looks: [1], errorPerLook: 0.05 });
  });
});

describe('interference', () => {
  test.each([
    ['waiting for a processor', { ...QUIET, waiting: 0.5, foreignCores: 1.4 }, /used 1\.4 cores/],
    ['a hypervisor that takes time', { ...QUIET, steal: 0.2 }, /hypervisor took 20 %/],
    ['a core that changes speed', { ...QUIET, speedChange: 0.4 }, /changed by 40 %/],
  ])('%s disturbs a window', (_, disturbance, reason) => {
    expect(disturbedBy(measurementOf(loadOf([1]), disturbance))).toMatch(reason);
    expect(disturbedBy(measurementOf(loadOf([1])))).toBeUndefined();
  });

  test('processes of the measurement that wait for each other disturb nothing', () => {
    expect(disturbedBy(measurementOf(loadOf([1]), { ...QUIET, waiting: 0.7, foreignCores: 0.02 }))).toBeUndefined();
  });

  test('disturbed windows are left out, unless too few remain: then the calmer half is kept', () => {
    const quiet = measurementOf(loadOf([1]));
    const [noisy, noisier] = [0.5, 0.9].map(waiting => measurementOf(loadOf([1]), { ...QUIET, waiting, foreignCores: 1 }));
    expect(calm([noisy, quiet, quiet])).toEqual([quiet, quiet]);
    expect(calm([noisier, noisy])).toEqual([noisy]);
    expect(calm([noisier, noisy, quiet, noisier])).toEqual([quiet, noisy]);
  });

  test('a neighbour that takes a large part of a core is named even where the server did not wait for it', () => {
    expect(disturbedBy(measurementOf(loadOf([1]), { ...QUIET, foreignCores: 0.9 }))).toMatch(/other programs used 0\.9 cores/);
  });

  test('the spread of windows that agree is small, one outlier does not make it large, and halves that differ do', () => {
    expect(spreadOf([10, 10.2, 9.9, 10.1])).toBeLessThan(0.05);
    expect(spreadOf([10, 10.2, 9.9, 10.1, 30])).toBeLessThan(0.05);
    expect(spreadOf([10, 10, 10, 20, 20, 20])).toBeGreaterThan(0.5);
  });

  test('a generator that is busy all the time and still late is the limit: GENERATOR_LIMITED', () => {
    const limited = { load: loadOf(Array<number>(500).fill(30), 25, 0.97) };
    expect(() => assertGeneratorKeptUp(limited, 5000, 40)).toThrow(expect.objectContaining({ code: 'GENERATOR_LIMITED' }));
    // late because of others, or busy and on time: no fault of the generator
    assertGeneratorKeptUp({ load: loadOf([30], 25, 0.3) }, 5000, 40);
    assertGeneratorKeptUp({ load: loadOf([30], 0.5, 0.97) }, 5000, 40);
  });
});

describe('summarize', () => {
  const objective = { target: 'aci', rate: 50, percentile: 0.95, latencyMs: 40 } as const;
  const base = { ...SIZE, replicas: 1, objective, latencyMs: 31, smallest: false };

  test('says size, latency, interval, rate, proof and what fails', () => {
    const verified = judge(1);
    const held = { ...verified, figures: { ...verified.figures, latencyIntervalMs: [28, 35] as const } };
    const failing = judge(60);
    const boundary = { ...failing, cpu: 0.6, figures: { ...failing.figures, latencyMs: 64 } };
    expect(summarize({ ...base, verified: held, boundary })).toBe(
      '0.7 cores, 0.6 GB, 1 thread: p95 31 ms (28–35) at 50 requests a second, verified; 0.6 cores fails: p95 64 ms',
    );
  });

  test('says why a smaller size fails that was in time in a run of kind arrivals', () => {
    const failing = judge(60);
    const boundary = { ...failing, cpu: 0.6, lateShare: 0.08, figures: { ...failing.figures, latencyMs: 28 } };
    expect(summarize({ ...base, boundary })).toContain('; 0.6 cores fails: p95 28 ms in its run, 8 % late in the long run');
  });

  test('says what was not proven', () => {
    expect(summarize({ ...base, settings: { ...PLAIN, threads: 2 }, replicas: 3 })).toBe(
      '3 replicas of 0.7 cores, 0.6 GB, 2 threads: p95 31 ms at 50 requests a second, modelled, not verified',
    );
  });
});
