import { roundUpToStep, SizeGrid } from '../sizing/compute-size';
import { predictQuantile, ServiceDemand, Workload } from './quota-simulator';
import { mean } from './statistics';

/** Above this share of capacity small errors in the demand become large errors in the latency. */
export const MAX_UTILISATION = 0.8;

/** Below this share of capacity hardly any request finds another in its way. */
const IDLE = 0.05;

/** What one request costs with a given number of ONNX Runtime threads. */
export interface ThreadDemand extends ServiceDemand {
  readonly threads: number;
}

export interface SearchObjective {
  /** Requests a second that one replica gets. */
  readonly rate: number;
  /** 0.95 for p95. */
  readonly percentile: number;
  readonly latencyMs: number;
}

/** One size with one number of threads, and how it would do. */
export interface Candidate {
  readonly cpu: number;
  readonly threads: number;
  /** Share of capacity that the rate takes. */
  readonly utilisation: number;
  /** The objective's percentile; infinite where the rate exceeds capacity. */
  readonly predictedMs: number;
  readonly holds: boolean;
}

/** Legal sizes to search, ascending, in the steps that measurement can tell apart. */
export function cpuSizes(grid: SizeGrid, maxCpu: number): number[] {
  const step = Math.max(grid.searchStep.cpu, grid.cpuStep);
  const first = Math.max(roundUpToStep(grid.minCpu, grid.cpuStep), step);
  const last = Math.min(maxCpu, grid.maxCpu);
  const sizes: number[] = [];
  for (let cpu = first; cpu <= last + 1e-9; cpu = roundUpToStep(cpu + step, step)) sizes.push(cpu);
  return sizes;
}

/**
 * Threads that may run in a quota of `cpu` cores. More threads than whole cores burn the quota in bursts and then stand
 * still for the rest of the period: at 1.0 core two threads measured 75 ms of p95 where one had 42.
 */
export const allowedThreads = (cpu: number): number => Math.max(1, Math.floor(cpu + 1e-9));

/** Requests a second that a size can carry: bounded by the quota or by the one engine, whichever is less. */
export function capacity(demand: ServiceDemand, cpu: number): number {
  return Math.min((cpu * 1000) / mean(demand.cpuMs), 1000 / mean(demand.occupancyMs));
}

/** Every size with every allowed number of threads, in ascending order of size and then of threads. */
export function evaluate(
  demands: readonly ThreadDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  sizes: readonly number[],
): Candidate[] {
  return sizes.flatMap(cpu =>
    demands.filter(demand => demand.threads <= allowedThreads(cpu)).map(demand => judge(demand, streams, objective, cpu)),
  );
}

function judge(demand: ThreadDemand, streams: readonly Workload[], objective: SearchObjective, cpu: number): Candidate {
  const utilisation = objective.rate / capacity(demand, cpu);
  const predictedMs = utilisation >= 1 ? Infinity : predictQuantile(demand, streams, objective.rate, cpu, objective.percentile);
  const holds = utilisation <= MAX_UTILISATION && predictedMs <= objective.latencyMs;
  return { cpu, threads: demand.threads, utilisation, predictedMs, holds };
}

/** The cheapest candidate that holds; among equal sizes the fewest threads, which leave the most for everything else. */
export function cheapest(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.filter(candidate => candidate.holds).sort((a, b) => a.cpu - b.cpu || a.threads - b.threads)[0];
}

/** The best number of threads for one size. */
export function bestAt(candidates: readonly Candidate[], cpu: number): Candidate | undefined {
  return candidates
    .filter(candidate => candidate.cpu === cpu)
    .sort((a, b) => Number(b.holds) - Number(a.holds) || a.predictedMs - b.predictedMs || a.threads - b.threads)[0];
}

/** The lowest latency among sizes that are not overloaded, else the size that comes nearest to carrying the rate. */
export function bestAchievable(candidates: readonly Candidate[]): Candidate | undefined {
  const calm = candidates.filter(candidate => candidate.utilisation <= MAX_UTILISATION);
  if (calm.length > 0) return [...calm].sort((a, b) => a.predictedMs - b.predictedMs || a.cpu - b.cpu)[0];
  return [...candidates].sort((a, b) => a.utilisation - b.utilisation || a.cpu - b.cpu)[0];
}

/** Replicas behind a balancer that picks at random, each getting an equal share of a Poisson stream. */
export interface ReplicaPlan {
  readonly replicas: number;
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
}

/** One replica if one can do it, else the fewest that can. Undefined where `maxReplicas` cannot. */
export function planReplicas(
  demands: readonly ThreadDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  sizes: readonly number[],
  maxReplicas: number,
): ReplicaPlan | undefined {
  for (let replicas = 1; replicas <= maxReplicas; replicas++) {
    const share = { ...objective, rate: objective.rate / replicas };
    const carries = demands.some(demand => share.rate <= MAX_UTILISATION * capacity(demand, sizes[sizes.length - 1]));
    if (!carries) continue;
    const candidates = evaluate(demands, streams, share, sizes);
    const best = cheapest(candidates);
    if (best) return { replicas, candidates, best };
    // where requests do not wait for each other, more replicas make nothing faster
    if (candidates[candidates.length - 1].utilisation < IDLE) return undefined;
  }
  return undefined;
}
