import type { ProfileSeries } from '../../../src/profiler/profile';
import { describeSettings } from '../../../src/profiler/server-settings';
import { cores } from '../../../src/profiler/summary';
import type { ProfileResult } from '../../../src/sizing/profile-result';
import { Chosen, COUNTS, CPUS, hourly, predict, round, Sample } from './sample-model';

/** What the report draws of a sample. */
export function seriesOf(sample: Chosen, result: ProfileResult, random: () => number): ProfileSeries {
  const { chosen } = sample;
  const counts = sample.target === 'aks' ? COUNTS : [1];
  const sizes = counts.flatMap(replicas =>
    sample.settings.flatMap(settings =>
      CPUS.map(cpu => {
        const { ms, utilisation } = predict(sample, cpu, settings, sample.rate / replicas);
        return {
          ...{ cpu, memoryInGB: sample.memoryInGB, replicas, settings: describeSettings(settings), utilisation, predictedMs: ms },
          holds: ms <= sample.latencyMs && utilisation <= 0.8,
          costPerHour: round(hourly(sample, cpu, replicas), 4),
          chosen: cpu === sample.chosenCpu && settings === chosen && replicas === sample.replicas,
        };
      }),
    ),
  );
  const runOf = (each: NonNullable<ProfileResult['verification']>) => ({
    ...{
      cpu: each.cpu,
      memoryInGB: each.memoryInGB,
      settings: describeSettings(chosen),
      verdict: each.verdict ?? ('unresolved' as const),
    },
    ...{
      latencyMs: each.latencyMs,
      intervalMs: each.latencyIntervalMs,
      predictedMs: predict(sample, each.cpu, chosen, sample.rate / sample.replicas).ms,
    },
    ...{ requests: each.requests, throttledRatio: each.throttledRatio, sendLagP99Ms: 0.4 },
  });
  const runs = [result.verification, result.boundary].flatMap(each => (each ? [runOf(each)] : []));
  return {
    sizes,
    capacity: sample.settings.map(settings => ({
      settings: describeSettings(settings),
      points: CPUS.map(cpu => {
        const { capacity, bound } = predict(sample, cpu, settings, 1);
        return [cpu, round(capacity), bound] as const;
      }),
    })),
    distributions: [
      {
        label: `${cores(sample.chosenCpu)}, predicted`,
        kind: 'predicted',
        points: curve(result.recommendationLatencyInMs * 0.96, sample.percentile, 0.999),
      },
      {
        label: `${cores(sample.chosenCpu)}, verified`,
        kind: 'verified',
        points: curve(result.recommendationLatencyInMs, sample.percentile, 0.999),
      },
      {
        label: `${cores(result.boundary?.cpu ?? 0)}, fails`,
        kind: 'failed',
        points: curve(result.boundary?.latencyMs ?? 1, sample.percentile, 0.995),
      },
      { label: 'no limit', kind: 'unlimited', points: curve(result.recommendationLatencyInMs * 0.4, sample.percentile, 0.995) },
    ],
    demands: sample.settings.map(settings => {
      const { cpuMs, serviceMs, capacity } = predict(sample, 4, settings, 1);
      return {
        ...{ settings: describeSettings(settings), threads: settings.threads, spinning: settings.spinning, serviceMs, capacity },
        ...{
          serialCpuMs: cpuMs * 0.94,
          atRateCpuMs: cpuMs,
          windowCpuMs: Array.from({ length: 9 }, () => cpuMs * (0.97 + 0.06 * random())),
        },
      };
    }),
    memory: memoryOf(sample, random),
    batching: [1, 2, 4, 8, 16, 32].map(concurrency => ({
      concurrency,
      cpuMsPerRequest: sample.cpuMs * (0.6 + 0.4 / concurrency),
      throughput: (1000 / sample.cpuMs) * (1 / (0.6 + 0.4 / concurrency)),
      medianMs: sample.cpuMs * concurrency * (0.6 + 0.4 / concurrency),
      peakBytes: GB * sample.memoryInGB * (0.7 + 0.005 * concurrency),
    })),
    queue: queueOf(sample, random),
    operators: [
      'Conv',
      'FusedConv',
      'Gemm',
      'Clip',
      'Add',
      'ReduceMean',
      'Softmax',
      'Transpose',
      'Reshape',
      'com.microsoft.QLinearAdd',
    ].map((operator, index) => ({
      ...{ operator, detail: `${12 - index} nodes`, ms: sample.cpuMs * 0.55 * 0.5 ** index, share: 0.55 * 0.5 ** index },
    })),
    runs,
    windows: windowsOf(sample, random),
    reasons: reasonsOf(sample, result),
  };
}

const GB = 1024 ** 3;

/** Waiting is roughly exponential on top of the service time; it passes through `ms` at `percentile`. */
function curve(ms: number, percentile: number, last: number): Array<readonly [number, number]> {
  const shares = [...Array.from({ length: 99 }, (_, i) => (i + 1) / 100), 0.992, 0.995, 0.997, 0.998, 0.999];
  const scale = (ms * 0.6) / -Math.log(1 - percentile);
  return shares.filter(share => share <= last).map(share => [share, round(ms * 0.4 - scale * Math.log(1 - share), 3)] as const);
}

function memoryOf({ memoryInGB }: Sample, random: () => number): ProfileSeries['memory'] {
  const recommendedBytes = memoryInGB * GB;
  const points = Array.from({ length: 420 }, (_, i) => {
    const atMs = i * 140;
    const loading = Math.min(1, i / 10);
    const peak = i > 7 && i < 12 ? 0.16 : 0;
    const anonymous = recommendedBytes * (0.08 + 0.32 * loading + peak + 0.1 * Math.min(1, i / 250) + 0.01 * random());
    return { atMs, anonymous, file: recommendedBytes * 0.22 * loading };
  });
  const peakBytes = recommendedBytes * 0.86;
  const cliff = [0.4, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9, 1].map((share, index) => ({
    limitBytes: recommendedBytes * share,
    ...(index === 0
      ? {}
      : {
          medianMs: 33 * [0, 190, 40, 9, 2.1, 1.02, 1, 1][index],
          majorFaultsPerRequest: [0, 4100, 800, 160, 22, 0.1, 0, 0][index],
        }),
  }));
  return { points, loadedAtMs: 1480, loadPeakBytes: peakBytes, peakBytes, recommendedBytes, cliff };
}

function queueOf(sample: Chosen, random: () => number): NonNullable<ProfileSeries['queue']> {
  const { rate, replicas, chosenCpu, chosen } = sample;
  const { cpuMs } = predict(sample, chosenCpu, chosen, rate / replicas);
  const arrivals: number[] = [];
  let at = 0;
  while (arrivals.length < 180) arrivals.push((at += (-Math.log(1 - random()) * 1000 * replicas) / rate));
  let free = 0;
  const ends = arrivals.map(arrival => (free = Math.max(free, arrival) + cpuMs / Math.min(1, chosenCpu)));
  const events = [...arrivals.map(each => [each, 1] as const), ...ends.map(each => [each, -1] as const)].sort(
    (a, b) => a[0] - b[0],
  );
  let inFlight = 0;
  return {
    arrivals: arrivals.map(each => round(each)),
    inFlight: events.map(([when, step]) => [round(when), (inFlight += step)] as const),
  };
}

function windowsOf(sample: Sample, random: () => number): ProfileSeries['windows'] {
  const reasons = [
    'another process took 0.31 of a core',
    'the hypervisor took 4 % of a core',
    'the core’s speed changed by 18 % within the window',
  ];
  return Array.from({ length: 48 }, (_, i) => {
    const settings = sample.settings[i % sample.settings.length];
    const { cpuMs } = predict(sample, 4, settings, 1);
    const disturbed = i % 11 === 5;
    const coreSpeed = 1 + 0.12 * Math.sin(i / 7) + 0.02 * random() - (disturbed ? 0.15 : 0);
    return {
      ...{ kind: i % 2 ? 'serial' : 'at-rate', settings: describeSettings(settings), atMs: 6000 + i * 1150, coreSpeed },
      cpuMsPerRequest: cpuMs * (0.98 + 0.04 * random()) * (disturbed ? 1.25 : 1),
      ...{ foreignCores: disturbed ? 0.31 : 0.01, steal: disturbed ? 0.04 : 0 },
      ...(disturbed ? { discarded: reasons[i % 3] } : {}),
    };
  });
}

const reasonsOf = (sample: Chosen, result: ProfileResult): ProfileSeries['reasons'] => [
  {
    choice: cores(sample.chosenCpu),
    because: `a request costs ${sample.cpuMs} ms of CPU, so this size carries ${result.capacity} a second, bounded by its CPU quota; a fresh server under this limit kept the target in 1240 requests`,
    change: `more than about ${result.headroomRate} requests a second, costlier inputs, or a shorter latency`,
  },
  {
    choice: `${sample.memoryInGB} GB`,
    because: `the worst moment, while loading, needed ${result.loadPeakMemoryInGB} GB (own pages and mapped files of all processes); with 15 % on top and rounded up to 0.1 GB`,
    change: 'larger inputs or batches than the samples: the arena keeps the largest it ever needed',
  },
  {
    choice: describeSettings(sample.chosen),
    because: 'more threads than whole cores spend the quota in bursts and then stand still until the next period',
    change: 'a size of two cores or more with a model that gains from threads',
  },
  ...(sample.replicas > 1
    ? [
        {
          choice: `${sample.replicas} replicas`,
          because: `one replica cannot carry ${sample.rate} requests a second within the target; the balancer is taken to pick at random`,
          change: 'a balancer that picks the least busy replica needs fewer',
        },
      ]
    : []),
];
