import { createHash } from 'crypto';
import { ServerSettings } from '../../../src/profiler/server-settings';
import type { ProfileTarget } from '../../../src/sizing/profile-result';

/** What a sample profile is of; everything else follows from it by rough queueing arithmetic, the same each time. */
export interface Sample {
  readonly file: string;
  readonly sizeInBytes: number;
  readonly target: ProfileTarget;
  readonly rate: number;
  readonly percentile: number;
  readonly latencyMs: number;
  readonly settings: readonly ServerSettings[];
  /** CPU and wall milliseconds of a request with plain settings. */
  readonly cpuMs: number;
  /** By how much a request is cheaper in a batch. */
  readonly batchGain: number;
  readonly memoryInGB: number;
  readonly source: string;
}

export interface Chosen extends Sample {
  readonly replicas: number;
  readonly chosenCpu: number;
  readonly chosen: ServerSettings;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** The cheapest that holds: by replicas, cores and settings. */
export function choose(sample: Sample): Chosen {
  const holding = COUNTS.slice(0, sample.target === 'aks' ? COUNTS.length : 1).flatMap(replicas =>
    CPUS.flatMap(chosenCpu => sample.settings.map(chosen => ({ ...sample, replicas, chosenCpu, chosen }))),
  );
  return holding
    .filter(each => {
      const { ms, utilisation } = predict(each, each.chosenCpu, each.chosen, each.rate / each.replicas);
      return ms * 1.04 <= sample.latencyMs && utilisation <= 0.8;
    })
    .sort((a, b) => hourly(a, a.chosenCpu, a.replicas) - hourly(b, b.chosenCpu, b.replicas) || a.chosenCpu - b.chosenCpu)[0];
}

export const COUNTS = [1, 2, 3, 4];
export const CPUS = Array.from({ length: 39 }, (_, i) => round(0.1 * (i + 1)));

/** One server with a CPU quota: demand, capacity and latency, roughly. */
export function predict(sample: Sample, cpu: number, settings: ServerSettings, rate: number) {
  const { threads, spinning, workers, maxBatch } = settings;
  const cpuMs = (sample.cpuMs * (1 + 0.12 * (threads - 1) + (spinning ? 0.6 : 0))) / (maxBatch > 1 ? sample.batchGain : 1);
  const serviceMs = cpuMs / Math.min(threads, 1.7);
  const quota = (cpu * 1000) / cpuMs;
  const engine = (workers * Math.min(threads, 1.7) * 1000) / cpuMs;
  const capacity = Math.min(quota, engine);
  const utilisation = rate / capacity;
  const standing = cpu < 1 ? (1 - cpu) * 60 : 0;
  const tail = -Math.log(1 - sample.percentile);
  const ms = utilisation >= 1 ? Infinity : serviceMs + ((utilisation * serviceMs) / (1 - utilisation)) * tail * 0.7 + standing;
  return { cpuMs, serviceMs, capacity, bound: quota <= engine ? ('cpu-quota' as const) : ('engine' as const), utilisation, ms };
}

export function hourly({ target, memoryInGB }: Sample, cpu: number, replicas: number): number {
  const [cpus, memory] = target === 'aci' ? [Math.max(1, cpu), Math.max(1, memoryInGB)] : [cpu, memoryInGB];
  return replicas * (cpus * 0.0486 + memory * 0.0053);
}

/** A small generator: the same numbers for the same name. */
export function seeded(name: string): () => number {
  let state = createHash('sha256').update(name).digest().readUInt32LE(0);
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
