import { CFS_PERIOD_MS, CpuBudget, Lumps, LumpTimes } from './cpu-budget';
import { Run, SharedBudget } from './shared-budget';
import { mean, quantile } from './statistics';
import { Workload } from './workload';

export { CFS_PERIOD_MS } from './cpu-budget';
export { workloads } from './workload';
export type { Workload } from './workload';

// looked up once: the loops below run millions of times
const { floor, max, min } = Math;

/** What one request costs, as measured; the three arrays are matched, one entry per observed request. */
export interface ServiceDemand {
  /** CPU milliseconds over the whole container. */
  readonly cpuMs: Float64Array;
  /** Wall milliseconds during which the engine is taken and no other request can start, without any limit. */
  readonly occupancyMs: Float64Array;
  /** Wall milliseconds around it that other requests do not wait for: connection, parsing, writing. */
  readonly overheadMs: number;
  /**
   * Mean CPU milliseconds per request where one always waits: less than where each finds cold caches and sleeping threads.
   * @default - as in `cpuMs`
   */
  readonly saturatedCpuMs?: number;
  /**
   * How much longer than all this single requests take, or shorter where negative, milliseconds: drawn for each.
   * @default - none
   */
  readonly jitterMs?: Float64Array;
  /**
   * Engines that serve one request, or one batch, each.
   * @default 1
   */
  readonly workers?: number;
  /** Absent where each request runs alone. */
  readonly batching?: Batching;
  /**
   * How much of the CPU comes in bursts rather than with the requests. It is part of `cpuMs`, not more.
   * @default NODE_LUMPS
   */
  readonly lumps?: Lumps;
}

/** Waiting requests that an engine takes together as soon as it is free. */
export interface Batching {
  readonly maxBatch: number;
  /** Share of a single run's cost that does not grow with the batch, 0 to 1. */
  readonly fixedShare: number;
}

/**
 * What a Node.js server does beside its requests, even while idle: collect garbage and compile. At 0.1 cores one such burst takes a
 * whole period's budget, and requests that fall into it wait for up to 100 ms. This, not the kernel's slices, is what throttles
 * servers of small requests. Measured on Node.js 20 without a limit, in windows of 100 ms: at 1, 30 and 100 requests a second alike,
 * 3 to 6 windows in 8 s with 5 to 14 ms too much. Of 60 periods of a scoring server under the kernel's quota were throttled:
 *
 * | cores | requests a second | measured | with bursts | without |
 * |-------|-------------------|----------|-------------|---------|
 * | 0.1   | 20                | 1, 2     | 2           | 0       |
 * | 0.1   | 60                | 5, 5     | 5           | 1       |
 * | 0.1   | 90                | 12, 12   | 10          | 5       |
 * | 0.2   | 120               | 1, 3     | 2           | 0       |
 * | 0.2   | 180               | 3, 8     | 4           | 1       |
 */
export const NODE_LUMPS: Lumps = { perSecond: 0.5, cpuMs: 10 };

/** For servers that do nothing but serve. */
export const NO_LUMPS: Lumps = { perSecond: 0, cpuMs: 0 };

/** One stream, simulated. */
interface Simulation {
  /** Milliseconds, in the order of arrival. */
  readonly latencies: Float64Array;
  /** Share of the bandwidth periods in which the group stood still, 0 to 1; the mean over replicas. */
  readonly throttledRatio: number;
}

/**
 * Latencies, milliseconds, of one stream of `rate` requests a second at a CPU quota of `cores`.
 *
 * First come first served by the engine that is free first (Kiefer & Wolfowitz 1955). While a request is served, its group's
 * budget drains at the rate at which the request uses CPU (its threads, and the front process beside them); an empty budget
 * stops everything until the next period. `replicas` take from one queue, each with a budget of its own.
 * Without a rate or without cores, no request ever ends.
 */
export function simulateQuota(
  demand: ServiceDemand,
  workload: Workload,
  rate: number,
  cores: number,
  replicas = 1,
): Float64Array {
  return simulate(demand, workload, rate, cores, replicas).latencies;
}

function simulate(demand: ServiceDemand, workload: Workload, rate: number, cores: number, replicas: number): Simulation {
  if (!(rate > 0 && cores > 0)) return { latencies: new Float64Array(workload.gaps.length).fill(Infinity), throttledRatio: 1 };
  const start = workload.phase * CFS_PERIOD_MS;
  const arrivals = arrivalsOf(workload, rate, start);
  const requests = new Requests(demand, workload, arrivals, rate / replicas);
  const budgets = Array.from({ length: replicas }, (_, i) => requests.budget(cores, start, i));
  const latencies = (demand.workers ?? 1) > 1 ? shared(requests, budgets) : alone(requests, budgets);
  const last = arrivals.length - 1;
  const periods = max(1, (arrivals[last] + latencies[last] - start) / CFS_PERIOD_MS);
  return { latencies, throttledRatio: min(1, mean(budgets.map(budget => budget.throttled)) / periods) };
}

function arrivalsOf({ gaps }: Workload, rate: number, start: number): Float64Array {
  const meanGap = 1000 / rate;
  let arrival = start;
  return gaps.map(gap => (arrival += gap * meanGap));
}

/** What arrives and what it costs, alone or in a batch. */
class Requests {
  readonly maxBatch: number;
  private readonly lumps: Lumps;
  private readonly cpuScale: number;

  constructor(
    readonly demand: ServiceDemand,
    private readonly workload: Workload,
    readonly arrivals: Float64Array,
    rate: number,
  ) {
    this.maxBatch = demand.batching?.maxBatch ?? 1;
    this.lumps = demand.lumps ?? NODE_LUMPS;
    // lumps are part of what was measured per request, at most half of it
    const perRequest = (this.lumps.perSecond * this.lumps.cpuMs) / rate;
    this.cpuScale = 1 - min(0.5, perRequest / max(mean(demand.cpuMs), 1e-9));
  }

  /** Each replica has its own phase of the period, and its own lumps. */
  budget(cores: number, start: number, replica: number): CpuBudget {
    const phase = ((replica * 0.618034) % 1) * CFS_PERIOD_MS;
    return new CpuBudget(cores * CFS_PERIOD_MS, start, phase, this.lumpTimes(cores, replica));
  }

  private lumpTimes(cores: number, replica: number): LumpTimes | undefined {
    const { perSecond, cpuMs } = this.lumps;
    if (perSecond === 0) return undefined;
    // below the kernel's smallest quota they would leave nothing for requests
    const meanGapMs = max(1000 / perSecond, (2 * cpuMs) / cores);
    return { gaps: this.workload.lumps, meanGapMs, cpuMs, from: replica * 7 };
  }

  /** The run that an engine starts at `at`: request `first`, and those that wait behind it as far as they may share it. */
  run(first: number, at: number): Run {
    const { arrivals, maxBatch } = this;
    let count = 1;
    while (count < maxBatch && first + count < arrivals.length && arrivals[first + count] <= at) count++;
    return {
      first,
      count,
      cpuMs: this.cost(this.demand.cpuMs, first, count) * this.cpuScale,
      wallMs: this.cost(this.demand.occupancyMs, first, count),
    };
  }

  latency(i: number, end: number): number {
    const { jitterMs, overheadMs } = this.demand;
    const { picks } = this.workload;
    // drawn by another request's pick, so that it goes with no cost in particular
    const jitter = jitterMs ? jitterMs[floor(picks[picks.length - 1 - i] * jitterMs.length)] : 0;
    return end - this.arrivals[i] + overheadMs + jitter;
  }

  private cost(single: Float64Array, first: number, count: number): number {
    let total = 0;
    for (let i = first; i < first + count; i++) total += single[floor(this.workload.picks[i] * single.length)];
    const fixed = this.demand.batching?.fixedShare ?? 0;
    return (total / count) * (fixed + (1 - fixed) * count);
  }
}

/** One engine to a budget: when a run ends is known as soon as it starts. */
function alone(requests: Requests, budgets: readonly CpuBudget[]): Float64Array {
  const { arrivals } = requests;
  const latencies = new Float64Array(arrivals.length);
  const free = new Float64Array(budgets.length);
  for (let i = 0; i < arrivals.length;) {
    const engine = earliest(free);
    const at = max(arrivals[i], free[engine]);
    const { count, cpuMs, wallMs } = requests.run(i, at);
    const end = budgets[engine].serve(at, cpuMs, wallMs);
    free[engine] = end;
    for (const next = i + count; i < next; i++) latencies[i] = requests.latency(i, end);
  }
  return latencies;
}

function earliest(free: Float64Array): number {
  let best = 0;
  for (let i = 1; i < free.length; i++) if (free[i] < free[best]) best = i;
  return best;
}

/** Several engines to a budget: each start and end changes how fast it drains, so time goes from event to event. */
function shared(requests: Requests, budgets: readonly CpuBudget[]): Float64Array {
  const { arrivals, demand } = requests;
  const latencies = new Float64Array(arrivals.length);
  const groups = budgets.map(budget => new SharedBudget(budget, demand.workers ?? 1));
  const events = new Float64Array(groups.length).fill(Infinity);
  let next = 0;
  for (let now = 0; ;) {
    const first = earliest(events);
    const idle = groups.length === 1 ? 0 : idlest(groups);
    const start = next < arrivals.length && groups[idle].free > 0 ? max(now, arrivals[next]) : Infinity;
    if (start === Infinity && events[first] === Infinity) return latencies;
    if (start <= events[first]) {
      const run = requests.run(next, (now = start));
      groups[idle].start(run, now);
      events[idle] = groups[idle].nextEvent();
      next += run.count;
    } else {
      const ended = groups[first].end((now = events[first]));
      events[first] = groups[first].nextEvent();
      if (ended) for (let i = ended.first; i < ended.first + ended.count; i++) latencies[i] = requests.latency(i, now);
    }
  }
}

function idlest(groups: readonly SharedBudget[]): number {
  let best = 0;
  for (let i = 1; i < groups.length; i++) if (groups[i].free > groups[best].free) best = i;
  return best;
}

/** Quantile `p` of latency, milliseconds, over all streams together. */
export function predictQuantile(
  demand: ServiceDemand,
  streams: readonly Workload[],
  rate: number,
  cores: number,
  p: number,
  replicas = 1,
): number {
  return quantile(predictLatencies(demand, streams, rate, cores, replicas), p);
}

/** Latencies over all streams together, ascending. */
export function predictLatencies(
  demand: ServiceDemand,
  streams: readonly Workload[],
  rate: number,
  cores: number,
  replicas = 1,
): Float64Array {
  const length = streams.reduce((total, stream) => total + stream.gaps.length, 0);
  const all = new Float64Array(length);
  let offset = 0;
  for (const stream of streams) {
    all.set(simulateQuota(demand, stream, rate, cores, replicas), offset);
    offset += stream.gaps.length;
  }
  return all.sort();
}

/** Share of the bandwidth periods in which the group is throttled, 0 to 1: `nr_throttled / nr_periods` of its `cpu.stat`. */
export function simulateThrottling(demand: ServiceDemand, streams: readonly Workload[], rate: number, cores: number): number {
  return mean(streams.map(stream => simulate(demand, stream, rate, cores, 1).throttledRatio));
}
