import { derivedSeed, Random } from './arrivals';
import { quantile } from './statistics';

// looked up once: the loops below run millions of times
const { floor, max, min } = Math;

/** Linux's bandwidth period, and what Docker, Kubernetes and ACI leave it at. */
export const CFS_PERIOD_MS = 100;

/** What one request costs, as measured; the three arrays are matched, one entry per observed request. */
export interface ServiceDemand {
  /** CPU milliseconds over the whole container. */
  readonly cpuMs: Float64Array;
  /** Wall milliseconds during which the engine is taken and no other request can start, without any limit. */
  readonly occupancyMs: Float64Array;
  /** Wall milliseconds around it that other requests do not wait for: connection, parsing, writing. */
  readonly overheadMs: number;
}

/** A stream of requests in units that every candidate shares: the same randomness for all makes them comparable. */
export interface Workload {
  /** Gaps between arrivals in units of the mean gap. */
  readonly gaps: Float64Array;
  /** Which observed request each arrival repeats, as a share of the observations, [0, 1). */
  readonly picks: Float64Array;
  /** Where in the bandwidth period the stream starts, as a share of it, [0, 1). */
  readonly phase: number;
}

/** Several independent streams, enough to see the tail and every phase of the period. */
export function workloads(seed: number, streams: number, requests: number): Workload[] {
  return Array.from({ length: streams }, (_, index) => {
    const random = new Random(derivedSeed(seed, index));
    const draw = (next: () => number) => Float64Array.from({ length: requests }, next);
    return { phase: (index + random.next()) / streams, gaps: draw(() => random.exponential()), picks: draw(() => random.next()) };
  });
}

/**
 * Latencies, milliseconds, of one stream of `rate` requests a second at a CPU quota of `cores`.
 *
 * One engine, first come first served. While a request is served, the group's budget drains at the rate at which the
 * request uses CPU (its threads, and the front process beside them); an empty budget stops everything until the next period.
 * Source: kernel documentation, scheduler/sched-bwc; slices and bursts of at most 5 ms are left out.
 */
export function simulateQuota(demand: ServiceDemand, workload: Workload, rate: number, cores: number): Float64Array {
  const { gaps, picks } = workload;
  const latencies = new Float64Array(gaps.length);
  const quota = new Quota(cores * CFS_PERIOD_MS, workload.phase * CFS_PERIOD_MS);
  const meanGap = 1000 / rate;
  let arrival = workload.phase * CFS_PERIOD_MS;
  let free = 0;
  for (let i = 0; i < gaps.length; i++) {
    arrival += gaps[i] * meanGap;
    const pick = floor(picks[i] * demand.cpuMs.length);
    free = quota.serve(max(arrival, free), demand.cpuMs[pick], demand.occupancyMs[pick]);
    latencies[i] = free - arrival + demand.overheadMs;
  }
  return latencies;
}

/** The group's CPU budget: so much per period, and nothing kept for the next. */
class Quota {
  private left: number;
  private periodEnd = CFS_PERIOD_MS;

  constructor(
    private readonly perPeriod: number,
    start: number,
  ) {
    this.left = perPeriod;
    this.periodEnd = start - (start % CFS_PERIOD_MS) + CFS_PERIOD_MS;
  }

  /** When work of `cpuMs`, which takes `wallMs` if never stopped, ends if it starts at `start`. */
  serve(start: number, cpuMs: number, wallMs: number): number {
    // what waits without using CPU cannot be stopped; what uses CPU drains the budget at this speed
    const speed = max(cpuMs / max(wallMs, 1e-9), 1e-9);
    let now = start;
    let work = cpuMs;
    this.advance(now);
    for (;;) {
      const possible = min(work, this.left, (this.periodEnd - now) * speed);
      now += possible / speed;
      work -= possible;
      this.left -= possible;
      if (work <= 1e-9) return now;
      if (this.left <= 1e-9) now = this.periodEnd;
      this.advance(now);
    }
  }

  private advance(now: number): void {
    if (now < this.periodEnd - 1e-9) return;
    this.periodEnd += (floor((now - this.periodEnd + 1e-9) / CFS_PERIOD_MS) + 1) * CFS_PERIOD_MS;
    this.left = this.perPeriod;
  }
}

/** Quantile `p` of latency, milliseconds, over all streams together. */
export function predictQuantile(
  demand: ServiceDemand,
  streams: readonly Workload[],
  rate: number,
  cores: number,
  p: number,
): number {
  return quantile(predictLatencies(demand, streams, rate, cores), p);
}

/** Latencies over all streams together, ascending. */
export function predictLatencies(demand: ServiceDemand, streams: readonly Workload[], rate: number, cores: number): Float64Array {
  const length = streams.reduce((total, stream) => total + stream.gaps.length, 0);
  const all = new Float64Array(length);
  let offset = 0;
  for (const stream of streams) {
    all.set(simulateQuota(demand, stream, rate, cores), offset);
    offset += stream.gaps.length;
  }
  return all.sort();
}
