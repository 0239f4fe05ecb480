import { calibrate } from '../../src/profiler/calibration';
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
