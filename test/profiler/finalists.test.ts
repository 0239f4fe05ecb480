import { BUDGETS } from '../../src/profiler/budget';
import { Finalists, verifyFinalists } from '../../src/profiler/finalists';
import { POISSON } from '../../src/profiler/load-pattern';
import type { Candidate } from '../../src/profiler/search';
import { PLAIN, settingsKey } from '../../src/profiler/server-settings';
import type { ProfileSession } from '../../src/profiler/session';
import type { RunRecord } from '../../src/profiler/verification';
import { SIZE_GRIDS } from '../../src/sizing/compute-size';

/** Requests of each run, and how many of them were late, by cores and in the order of the runs. */
type Raw = Readonly<Record<string, readonly number[]>>;

const REQUESTS = 300;

/** Verifies from a raw file, as a profile does that is resumed; resolves with the outcome and the steps that were asked for. */
async function verify(raw: Raw, { elapsedMs = (): number => 0, best = 0.3, cores = 0.1 } = {}) {
  const asked: string[] = [];
  const session = {
    options: { speedFactor: 1, verify: true, pattern: POISSON },
    budget: BUDGETS.standard,
    journal: { elapsedMs: 0 },
    grid: SIZE_GRIDS.aks,
    mostMemoryInGB: 4,
    warnings: [],
    referenceSpeed: 1000,
    seedOf: () => 1,
    restated: (value: number) => value,
    step: (name: string): RunRecord => {
      const [, cpu, , , attempt] = name.split('/');
      asked.push(`${cpu} #${attempt}`);
      session.journal.elapsedMs = elapsedMs();
      return recordOf(raw[cpu][Number(attempt) - 1], cores);
    },
  };
  const sizes = [0.2, 0.3, 0.4, 0.5];
  const candidates = sizes.map((cpu): Candidate => ({
    cpu,
    settings: PLAIN,
    utilisation: 0.5,
    predictedMs: 20,
    holds: cpu >= best,
  }));
  const finalists: Finalists = {
    ...{ candidates, sizes, demands: [], streams: [], memoryInGB: () => 0.5 },
    best: candidates[sizes.indexOf(best)],
    objective: { rate: 50, percentile: 0.95, latencyMs: 40 },
    workplace: { limits: 'cgroup-v2', processors: 2 } as Finalists['workplace'],
  };
  const outcome = await verifyFinalists(session as unknown as ProfileSession, finalists);
  return { outcome, asked };
}

function recordOf(late: number, cores: number): RunRecord {
  // spread over the run, so that each counts for itself
  const latenciesMs = Float64Array.from({ length: REQUESTS }, (_, i) => ((i * 7) % REQUESTS < late ? 90 : 20 + (i % 10)));
  return {
    majorFaults: 0,
    measurement: {
      ...{ kind: 'verification', settings: settingsKey(PLAIN), atMs: 0, answered: REQUESTS, cpuMsPerRequest: 4 },
      ...{ waitMsPerRequest: 0, cores, coreSpeed: 1000 },
      disturbance: { waiting: 0, steal: 0, speedChange: 0, foreignCores: 0 },
      load: {
        ...{ latenciesMs, failed: 0, elapsedMs: 6000, generatorCores: 0.1, generatorCpuMs: 600 },
        ...{ lagMs: new Float64Array(REQUESTS), cpuMs: new Float64Array(0) },
        dueMs: Float64Array.from(latenciesMs, (_, i) => i * 20),
      },
    },
  };
}

describe('verifyFinalists', () => {
  test('goes down from a size that holds until one fails', async () => {
    const { outcome, asked } = await verify({ 0.3: [1], 0.2: [60] });

    expect(asked).toEqual(['0.3 #1', '0.2 #1']);
    expect(outcome).toMatchObject({
      size: { cpu: 0.3 },
      verified: { verdict: 'holds' },
      boundary: { cpu: 0.2, verdict: 'fails' },
    });
  });

  test('goes up from a size that fails', async () => {
    const { outcome, asked } = await verify({ 0.3: [60], 0.4: [1] });

    expect(asked).toEqual(['0.3 #1', '0.4 #1']);
    expect(outcome).toMatchObject({ size: { cpu: 0.4 }, boundary: { cpu: 0.3, verdict: 'fails' } });
  });

  test('comes back to a size at the border once a larger one is proven, and takes it where it holds', async () => {
    const { outcome, asked } = await verify({ 0.3: [14, 3, 0], 0.4: [1], 0.2: [60] });

    expect(asked).toEqual(['0.3 #1', '0.4 #1', '0.3 #2', '0.3 #3', '0.2 #1']);
    expect(outcome).toMatchObject({ size: { cpu: 0.3 }, verified: { runs: 3 }, boundary: { cpu: 0.2, verdict: 'fails' } });
  });

  test('leaves a size undecided that three runs together do not decide', async () => {
    const { outcome, asked } = await verify({ 0.3: [14, 15, 16], 0.4: [1] });

    expect(asked).toEqual(['0.3 #1', '0.4 #1', '0.3 #2', '0.3 #3']);
    expect(outcome).toMatchObject({ size: { cpu: 0.4 }, boundary: { cpu: 0.3, verdict: 'unresolved', runs: 3 } });
  });

  test('runs a size twice that holds with all of its quota, since what is late then is late for long', async () => {
    const { outcome, asked } = await verify({ 0.3: [1, 60], 0.4: [1] }, { cores: 0.29 });

    expect(asked).toEqual(['0.3 #1', '0.3 #2', '0.4 #1']);
    expect(outcome).toMatchObject({ size: { cpu: 0.4 }, boundary: { cpu: 0.3, verdict: 'fails', runs: 2 } });
  });

  test('comes back to nothing when its time is over', async () => {
    const { outcome, asked } = await verify(
      { 0.3: [14], 0.4: [1] },
      { elapsedMs: () => BUDGETS.standard.startNoMoreAfterMs + 1 },
    );

    expect(asked).toEqual(['0.3 #1', '0.4 #1']);
    expect(outcome).toMatchObject({ size: { cpu: 0.4 }, boundary: { cpu: 0.3, verdict: 'unresolved' } });
  });
});
