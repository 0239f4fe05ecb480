import { calibrate, calibrateByWindows } from '../../src/profiler/calibration';
import { Measurement } from '../../src/profiler/measurement';
import { PLAIN } from '../../src/profiler/server-settings';
import { predictLatencies, predictQuantile, ServiceDemand, workloads } from '../../src/profiler/quota-simulator';

const streams = workloads(1, 10, 500);
const demandOf = (cpuMs: number): ServiceDemand => ({
  ...{ cpuMs: Float64Array.of(cpuMs), occupancyMs: Float64Array.of(cpuMs), overheadMs: 0.4 },
});

describe('calibrate', () => {
  test.each([0.7, 8])('brings what is seen without a limit into the prediction under one: %d ms', cpuMs => {
    // every tenth request waits 3 ms for a processor to wake
    const real = { ...demandOf(cpuMs), jitterMs: Float64Array.from({ length: 10 }, (_, i) => (i === 9 ? 3 : 0)) };
    const measured = predictLatencies(real, workloads(2, 1, 600), 40, 64);
    const calibrated = calibrate(demandOf(cpuMs), streams, 40, measured);
    const truth = predictQuantile(real, streams, 40, 0.7, 0.95);
    expect(Math.abs(predictQuantile(calibrated, streams, 40, 0.7, 0.95) / truth - 1)).toBeLessThan(0.1);
    expect(Math.min(...predictLatencies(calibrated, streams, 40, 64))).toBeGreaterThanOrEqual(cpuMs - 1e-9);
  });

  test('leaves a demand as it is where too little was seen', () => {
    const demand = demandOf(1);
    expect(calibrate(demand, streams, 40, [2, 3, Infinity])).toBe(demand);
  });
});

describe('calibrateByWindows', () => {
  const demand = { ...demandOf(2), settings: PLAIN };
  const window = (settings: string, latencyMs: number, foreignCores = 0): Measurement => {
    const none = new Float64Array(0);
    const latenciesMs = new Float64Array(60).fill(latencyMs);
    const counts = { failed: 0, generatorCores: 0, generatorCpuMs: 0, elapsedMs: 1500 };
    const disturbance = { waiting: 0, steal: 0, speedChange: 0, foreignCores };
    const figures = { answered: 60, cpuMsPerRequest: 2, waitMsPerRequest: 0, cores: 0.1, coreSpeed: 1000, atMs: 0 };
    return {
      kind: 'at-rate',
      settings,
      load: { latenciesMs, dueMs: none, lagMs: none, cpuMs: none, ...counts },
      ...figures,
      disturbance,
    };
  };

  test('takes all calm windows at the rate of the same server, and no others', () => {
    const windows = [window('t1w1b32', 5), window('t2w1b32', 50), window('t1w1b32', 90, 1.5), window('t1w1b32', 5)];
    const { jitterMs } = calibrateByWindows(demand, streams, windows);
    // 2 ms of engine and 0.4 around it are what the simulation knows of
    expect(Math.max(...(jitterMs ?? []))).toBeLessThanOrEqual(2.6 + 1e-6);
    expect(Math.max(...(jitterMs ?? []))).toBeGreaterThan(2);
  });

  test('leaves a demand as it is where all windows were disturbed', () => {
    expect(calibrateByWindows(demand, streams, [window('t1w1b32', 90, 1.5)])).toBe(demand);
  });
});
