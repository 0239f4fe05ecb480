import type { Profile } from '../../../src/profiler/profile';
import { PLAIN } from '../../../src/profiler/server-settings';
import { cores } from '../../../src/profiler/summary';
import { choose, predict, round, Sample, seeded } from './sample-model';
import { resultOf } from './sample-profile-result';
import { seriesOf } from './sample-series';

const WEB = { threads: 1, spinning: false, workers: 1, maxBatch: 1 };

/** A convolution for container instances: verified, the next cheaper size shown to fail, everything measured. */
export const convolution = (): Profile =>
  build({
    ...{
      file: 'mobilenet-v2.onnx',
      sizeInBytes: 13_964_571,
      target: 'aci',
      rate: 20,
      percentile: 0.95,
      latencyMs: 120,
    },
    ...{ cpuMs: 29.4, batchGain: 1, memoryInGB: 0.4, source: 'photos.json' },
    settings: [PLAIN, { ...WEB, threads: 2 }, { ...WEB, threads: 2, spinning: true }, { ...WEB, maxBatch: 16 }],
  });

/** A tree ensemble for Kubernetes: several replicas, priced, batching pays. */
export const treeEnsemble = (): Profile =>
  build({
    ...{
      file: 'credit-risk-gbm.onnx',
      sizeInBytes: 42_118_300,
      target: 'aks',
      rate: 2400,
      percentile: 0.99,
      latencyMs: 25,
    },
    ...{ cpuMs: 1.42, batchGain: 1.6, memoryInGB: 0.75, source: 'applications.csv' },
    settings: [
      PLAIN,
      { ...WEB, maxBatch: 32 },
      { ...WEB, workers: 2 },
      { ...WEB, threads: 2 },
      { ...WEB, workers: 2, maxBatch: 32 },
    ],
  });

/** A Python script: no graph whose operators could be told apart, no batching. */
export function pythonScript(): Profile {
  const { result, series } = build({
    ...{ file: 'score.py', sizeInBytes: 4_120, target: 'local', rate: 12, percentile: 0.95, latencyMs: 300 },
    ...{ cpuMs: 61, batchGain: 1, memoryInGB: 0.6, source: 'documents.jsonl' },
    settings: [PLAIN, { ...WEB, workers: 2 }],
  });
  const { cost: _cost, ...unpriced } = result;
  const { operators: _operators, batching: _batching, memory, ...rest } = series;
  const { cliff: _cliff, ...timeline } = memory;
  return {
    result: unpriced,
    series: { ...rest, memory: timeline, sizes: series.sizes.map(({ costPerHour: _hour, ...size }) => size) },
  };
}

/** A quick profile that nothing verified, on a noisy machine, with names as long as people make them. */
export function quickModelled(): Profile {
  const { result, series } = build({
    ...{ file: 'customer-churn-wide-and-deep-2026-11-final-v3-quantised-int8.onnx', sizeInBytes: 310_400_112 },
    ...{ target: 'aci', rate: 0.5, percentile: 0.95, latencyMs: 2500 },
    ...{ cpuMs: 410, batchGain: 1, memoryInGB: 1.9, source: 'the signature' },
    settings: [PLAIN],
  });
  const {
    verification: _verification,
    boundary: _boundary,
    percentiles: _percentiles,
    scaling: _scaling,
    alternatives,
    ...unproven
  } = result;
  return {
    result: {
      ...unproven,
      ...{ evidence: 'modelled', budget: 'quick' },
      alternatives: alternatives?.map(each => ({ ...each, evidence: 'modelled' })),
      inputs: { count: 8, distinct: 1, synthetic: true, source: 'the signature', pattern: 'burst' },
      summary: `${cores(result.recommendedCpu)}, ${result.recommendedMemoryInGB} GB, 1 thread: p95 ${result.recommendationLatencyInMs} ms at 0.5 requests a second, modelled, not verified`,
      warnings: [
        'modelled, not verified: this user may set no limits (no control group is writable and Docker does not answer)',
        'inputs were made up from the model’s signature: cost and memory that depend on values are not seen',
        'all 8 inputs are identical: cost and memory that depend on the input are not seen',
        'noisy machine: 11 of 24 measuring windows were disturbed; run it again when nothing else runs',
        'the cores changed speed by a factor of 1.61 while measuring; costs are restated at the middle speed',
        'no steady state within the warm-up: requests kept getting dearer, by 4 %; a leak or a growing cache would do that',
        'a cold start needs 9.2 s of CPU: at 0.6 cores that is 15 s or more',
        'Azure Container Instances bills a group of one container for at least 1 core and 1 GB, whatever it requests',
      ],
    },
    series: {
      ...series,
      runs: [],
      queue: undefined,
      batching: undefined,
      distributions: series.distributions.filter(each => each.kind === 'predicted'),
      windows: series.windows.map((each, index) =>
        index % 2 === 0 ? { ...each, discarded: 'the hypervisor took 4 % of a core' } : each,
      ),
    },
  };
}

/** A profile as former versions wrote it, with the least that a series can hold. */
export function bare(): Profile {
  const { result } = convolution();
  const { inputs: _i, percentiles: _p, cost: _c, alternatives: _a, transfer: _t, scaling: _s, memory: _m, ...former } = result;
  const {
    boundary: _b,
    verification: _v,
    capacity: _x,
    utilization: _u,
    headroomRate: _h,
    limitingResource: _l,
    ...least
  } = former;
  const memory = { points: [], loadedAtMs: 0, loadPeakBytes: 0, peakBytes: 0, recommendedBytes: 0 };
  return {
    result: { ...least, warnings: [] },
    series: { sizes: [], capacity: [], distributions: [], demands: [], memory, runs: [], windows: [], reasons: [] },
  };
}

/** The convolution with the same text wherever text comes from elsewhere. */
export function hostile(text: string): Profile {
  const { result, series } = convolution();
  return {
    result: {
      ...result,
      ...{ name: text, summary: text, error: text, warnings: [text], model: { ...result.model, file: text } },
      ...(result.cost ? { cost: { ...result.cost, currency: text, prices: text } } : {}),
      inputs: { count: 1, distinct: 1, synthetic: false, source: text, pattern: 'trace' },
      machine: { ...result.machine, cpuModel: text },
    },
    series: {
      ...series,
      sizes: series.sizes.map(size => ({ ...size, settings: text })),
      capacity: series.capacity.map(curve => ({ ...curve, settings: text })),
      distributions: series.distributions.map(each => ({ ...each, label: text })),
      demands: series.demands.map(demand => ({ ...demand, settings: text })),
      operators: [{ operator: text, detail: text, ms: 1, share: 1 }],
      windows: series.windows.map(window => ({ ...window, settings: text, discarded: text })),
      reasons: [{ choice: text, because: text, change: text }],
    },
  };
}

/** The next cheaper size was overrun: most of its requests never came back. */
export function drowned(): Profile {
  const { result, series } = convolution();
  const { latencyIntervalMs: _interval, ...boundary } = result.boundary ?? {
    cpu: 0,
    memoryInGB: 0,
    holds: false,
    requests: 0,
    latencyMs: 0,
    limits: 'docker',
  };
  return {
    result: { ...result, boundary: { ...boundary, latencyMs: Infinity } },
    series: { ...series, runs: series.runs.map(run => (run.verdict === 'fails' ? { ...run, latencyMs: Infinity } : run)) },
  };
}

/** More of everything than a profile takes. */
export function crowded(): Profile {
  const { result, series } = treeEnsemble();
  const times = <T>(values: readonly T[], count: number): T[] => Array.from({ length: count }, () => values).flat();
  const { memory, queue } = series;
  return {
    result: { ...result, warnings: times(result.warnings, 100), alternatives: times(result.alternatives ?? [], 20) },
    series: {
      ...series,
      sizes: times(series.sizes, 5),
      capacity: times(series.capacity, 4),
      demands: times(series.demands, 4),
      memory: { ...memory, points: times(memory.points, 50) },
      queue: queue && { arrivals: times(queue.arrivals, 20), inFlight: times(queue.inFlight, 20) },
      runs: times(series.runs, 6),
      windows: times(series.windows, 60),
    },
  };
}

function build(asked: Sample): Profile {
  const sample = choose(asked);
  const at = (cpu: number) => predict(sample, cpu, sample.chosen, sample.rate / sample.replicas).ms;
  const below = round(sample.chosenCpu - 0.1);
  const result = resultOf(
    sample,
    round(at(sample.chosenCpu) * 1.04),
    below,
    round(Math.min(at(below) * 1.12, 9 * sample.latencyMs)),
  );
  return { result, series: seriesOf(sample, result, seeded(sample.file)) };
}
