import { createHash } from 'crypto';
import { describeSettings, ServerSettings } from '../../../src/profiler/server-settings';
import { cores } from '../../../src/profiler/summary';
import type { ProfiledSessionOptions, ProfileResult } from '../../../src/sizing/profile-result';
import { Chosen, hourly, predict, round } from './sample-model';

/** The profile file of a sample. */
export function resultOf(sample: Chosen, latencyMs: number, below: number, belowMs: number): ProfileResult {
  const { chosen } = sample;
  const share = sample.rate / sample.replicas;
  const { capacity, utilisation, bound } = predict(sample, sample.chosenCpu, chosen, share);
  const sessionOptions = optionsOf(chosen);
  const shares = [0.44, 0.83, 1, 1.5].map(each => each / (sample.percentile > 0.95 ? 1.5 : 1));
  const name = `p${sample.percentile * 100}`;
  const times = sample.replicas > 1 ? `${sample.replicas} replicas of ` : '';
  const perHour = round(hourly(sample, sample.chosenCpu, sample.replicas), 4);
  const billed =
    sample.target === 'aci'
      ? { billedCpu: 1, billedMemoryInGB: 1 }
      : { billedCpu: sample.chosenCpu, billedMemoryInGB: sample.memoryInGB };
  const interval = [round(latencyMs * 0.93), round(latencyMs * 1.08)] as const;
  const run = { memoryInGB: sample.memoryInGB, limits: 'docker' as const };
  return {
    ...{ schemaVersion: 1, name: sample.file.replace(/\.\w+$/, ''), state: 'Succeeded', createdTime: '2026-11-23T10:00:00.000Z' },
    ...{ requestedCpu: 4, requestedMemoryInGB: 16, requestedQueriesPerSecond: sample.rate, maxUtilizedCpu: 1.02 },
    ...{ maxUtilizedMemoryInGB: round(sample.memoryInGB * 0.86, 3), totalQueries: 4210, successQueries: 4210, successRate: 1 },
    ...{
      averageLatencyInMs: round(latencyMs * 0.5),
      latencyPercentile50InMs: round(latencyMs * 0.44),
      latencyPercentile90InMs: round(latencyMs * 0.83),
    },
    ...{ latencyPercentile95InMs: latencyMs, latencyPercentile99InMs: round(latencyMs * 1.5), measuredQueriesPerSecond: share },
    ...{ recommendedCpu: sample.chosenCpu, recommendedMemoryInGB: sample.memoryInGB, recommendationLatencyInMs: latencyMs },
    model: {
      file: sample.file,
      sha256: createHash('sha256').update(sample.file).digest('hex'),
      sizeInBytes: sample.sizeInBytes,
      onnxRuntimeVersion: '1.30.0',
    },
    objective: { target: sample.target, rate: sample.rate, percentile: sample.percentile, latencyMs: sample.latencyMs },
    ...{ evidence: 'verified', budget: 'standard', sessionOptions },
    inputs: { count: 120, distinct: 118, synthetic: false, source: sample.source, pattern: 'poisson' },
    ...{
      capacity: round(capacity),
      utilization: round(utilisation, 3),
      headroomRate: round(sample.rate * 1.21),
      limitingResource: bound,
    },
    percentiles: [0.5, 0.9, 0.95, 0.99, 0.999].map((percentile, index) => ({
      ...{ percentile, resolved: percentile < 0.999, samples: 1240, effectiveSamples: 611 - 4 * index },
      ...(percentile < 0.999
        ? {
            latencyMs: round(latencyMs * shares[index]),
            intervalMs: interval.map(each => round(each * shares[index])) as [number, number],
          }
        : {}),
    })),
    memory: {
      loadPeakInGB: round(sample.memoryInGB * 0.86, 3),
      runPeakInGB: round(sample.memoryInGB * 0.78, 3),
      anonymousPeakInGB: round(sample.memoryInGB * 0.55, 3),
      kneeInGB: round(sample.memoryInGB * 0.8, 3),
    },
    cost: {
      currency: 'USD',
      ...billed,
      perHour,
      per1000Requests: round((perHour / 3600 / sample.rate) * 1000, 6),
      prices: 'Azure list prices, West Europe, 2026-10-01',
    },
    ...(sample.replicas > 1 ? { replicas: sample.replicas, scaling: scalingOf(sample) } : {}),
    alternatives: [-0.2, -0.1, 0, 0.1, 0.3].map(step => alternative(sample, round(sample.chosenCpu + step), step)),
    transfer: {
      hostGigaMultiplyAdds: 38.2,
      hostMemoryGigabytes: 11.4,
      factor: 1,
      uncertainty: 0.15,
      statement: 'Measured on this machine; nobody said how fast the target’s cores are, so they are taken to be as fast',
    },
    ...{
      cpuMsPerRequest: round(sample.cpuMs, 3),
      coldStartMs: 1480,
      loadPeakMemoryInGB: round(sample.memoryInGB * 0.86, 3),
      runPeakMemoryInGB: round(sample.memoryInGB * 0.78, 3),
    },
    verification: {
      ...run,
      cpu: sample.chosenCpu,
      holds: true,
      verdict: 'holds',
      requests: 1240,
      latencyMs,
      latencyIntervalMs: interval,
      throttledRatio: 0.21,
    },
    boundary: {
      ...run,
      cpu: below,
      holds: false,
      verdict: 'fails',
      requests: 340,
      latencyMs: belowMs,
      latencyIntervalMs: [round(belowMs * 0.9), round(belowMs * 1.2)],
      throttledRatio: 0.58,
    },
    summary: `${times}${cores(sample.chosenCpu)}, ${sample.memoryInGB} GB, ${describeSettings(chosen)}: ${name} ${latencyMs.toFixed(0)} ms (${interval[0].toFixed(0)}–${interval[1].toFixed(0)}) at ${sample.rate} requests a second, verified; ${cores(below)} fails: ${name} ${belowMs.toFixed(0)} ms`,
    warnings: ['the cores changed speed by a factor of 1.31 while measuring; costs are restated at the middle speed'],
    machine: {
      cpuModel: 'AMD EPYC 7763 64-Core Processor',
      cores: 2,
      memoryInGB: 7.8,
      platform: 'linux x64 6.18',
      nodeVersion: 'v24.1.0',
    },
  };
}

const optionsOf = ({ threads, spinning, workers, maxBatch }: ServerSettings): ProfiledSessionOptions => ({
  ...{ intraOpNumThreads: threads, interOpNumThreads: 1, allowSpinning: spinning, workers, maxBatch },
});

function alternative(sample: Chosen, cpu: number, step: number) {
  const { ms, capacity } = predict(sample, cpu, sample.chosen, sample.rate / sample.replicas);
  return {
    ...{
      cpu,
      memoryInGB: sample.memoryInGB,
      replicas: sample.replicas,
      sessionOptions: optionsOf(sample.chosen),
      capacity: round(capacity),
    },
    ...(Number.isFinite(ms) ? { latencyMs: round(ms) } : {}),
    ...{
      costPerHour: round(hourly(sample, cpu, sample.replicas), 4),
      evidence: step === 0 ? ('verified' as const) : step === -0.1 ? ('failed' as const) : ('modelled' as const),
    },
  };
}

const scalingOf = ({ replicas, chosenCpu, memoryInGB }: Chosen): NonNullable<ProfileResult['scaling']> => ({
  ...{
    balancer: 'random',
    replicas,
    replicasPooled: replicas - 1,
    replicasRandom: replicas,
    replicasAzureMlV1: replicas - 1,
    targetCpuUtilizationPercent: 58,
  },
  policies: [
    {
      name: 'guaranteed',
      cpuRequest: chosenCpu,
      cpuLimit: chosenCpu,
      memoryInGB,
      note: 'as verified: latency does not depend on neighbours',
    },
    {
      name: 'no-cpu-limit',
      cpuRequest: round(chosenCpu * 0.6),
      memoryInGB,
      note: 'requests what is used; may take spare CPU of the node, and loses it when others need theirs',
    },
  ],
});
