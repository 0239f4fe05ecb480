import { roundUpToStep, SizeGrid } from '../sizing/compute-size';
import { scaleService } from './demand';
import { predictQuantile, ServiceDemand, Workload } from './quota-simulator';
import { ServerSettings } from './server-settings';
import { mean } from './statistics';

/** Above this share of capacity small errors in the demand become large errors in the latency. */
export const MAX_UTILISATION = 0.8;

/**
 * A size must also do for a server whose requests cost so much more than those of the one that was measured. Fresh servers of the same
 * model and size differ by that much, for as long as they live: memory comes to lie elsewhere, and code is compiled otherwise.
 */
const DEARER_SERVER = 1.05;

/** The demand in such a server. */
export const inDearerServer = <T extends ServiceDemand>(demand: T): T => scaleService(demand, DEARER_SERVER);

/** Settings beyond the plain ones must make a size at least this much faster. */
const WORTHWHILE = 0.9;

/** Rates are checked in steps of this factor, down to this share of capacity. */
const RATE_STEP = 1.02;
const IDLE = 0.1;

/** What one request costs with given settings. */
export interface SettingsDemand extends ServiceDemand {
  readonly settings: ServerSettings;
}

export interface SearchObjective {
  /** Requests a second. */
  readonly rate: number;
  /** 0.95 for p95. */
  readonly percentile: number;
  readonly latencyMs: number;
}

/** One size with one choice of settings, and how it would do. */
export interface Candidate {
  readonly cpu: number;
  readonly settings: ServerSettings;
  /** Share of capacity that the rate takes. */
  readonly utilisation: number;
  /** The objective's percentile; infinite where the rate exceeds capacity. */
  readonly predictedMs: number;
  /**
   * Keeps the objective at its rate, rounded up to a step of 2 %, and at every lower one, in a dearer server too. Where sampling noise
   * is larger than what that costs, `predictedMs` may lie a little beyond the objective.
   */
  readonly holds: boolean;
}

/** What a size costs, in any unit; never less for a larger one. */
export type CostOfSize = (cpu: number) => number;

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

/** Requests a second that a size can carry, in full batches where it batches: bounded by the quota or by the engines. */
export const capacity = (demand: ServiceDemand, cpu: number): number => Math.min(quotaBound(demand, cpu), engineBound(demand));

/** Which of the two bounds is the lower. */
export const limitingResource = (demand: ServiceDemand, cpu: number): 'cpu-quota' | 'engine' =>
  quotaBound(demand, cpu) <= engineBound(demand) ? 'cpu-quota' : 'engine';

const quotaBound = (demand: ServiceDemand, cpu: number): number =>
  (cpu * 1000) / ((demand.saturatedCpuMs ?? mean(demand.cpuMs)) * batchShare(demand));

const engineBound = (demand: ServiceDemand): number =>
  ((demand.workers ?? 1) * 1000) / (mean(demand.occupancyMs) * batchShare(demand));

/** A request's share of a full batch, as a share of what it costs alone. */
function batchShare({ batching }: ServiceDemand): number {
  return batching ? batching.fixedShare / batching.maxBatch + 1 - batching.fixedShare : 1;
}

/** Every size with all settings that it allows, in ascending order of size and then in the order of `demands`. */
export function evaluate(
  demands: readonly SettingsDemand[],
  streams: readonly Workload[],
  objective: SearchObjective,
  sizes: readonly number[],
): Candidate[] {
  // more cores make no request of one engine slower, and hardly any of several, so what holds at one size holds at all larger ones
  const holding = new Set<SettingsDemand>();
  return sizes.flatMap(cpu =>
    allowedAt(demands, cpu).map(demand => {
      const { utilisation, predictedMs } = judge(demand, streams, objective, cpu);
      const calm = utilisation <= MAX_UTILISATION;
      if (calm && !holding.has(demand) && keepsUpTo(demand, streams, objective, cpu)) holding.add(demand);
      return { cpu, settings: demand.settings, utilisation, predictedMs, holds: holding.has(demand) };
    }),
  );
}

export const allowedAt = <T extends SettingsDemand>(demands: readonly T[], cpu: number): T[] =>
  demands.filter(({ settings }) => settings.threads <= allowedThreads(cpu));

/** Share of capacity and the objective's percentile of `replicas` with one queue and equal shares of the rate. */
export function judge(
  demand: ServiceDemand,
  streams: readonly Workload[],
  { rate, percentile }: SearchObjective,
  cpu: number,
  replicas = 1,
): { readonly utilisation: number; readonly predictedMs: number } {
  const utilisation = rate / (replicas * capacity(demand, cpu));
  return {
    utilisation,
    predictedMs: utilisation >= 1 ? Infinity : predictQuantile(demand, streams, rate, cpu, percentile, replicas),
  };
}

/**
 * Whether a dearer server keeps the objective at its rate, rounded up to a step of 2 %, and at all lower ones. In a finite sample a lower rate is
 * now and then the slower one, since its requests meet the bandwidth periods differently; without this a size could hold at 20
 * requests a second and fail at 19.
 */
function keepsUpTo(demand: ServiceDemand, streams: readonly Workload[], objective: SearchObjective, cpu: number): boolean {
  const dearer = inDearerServer(demand);
  const least = Math.floor(stepOf(IDLE * capacity(demand, cpu)));
  for (let step = Math.max(least, Math.ceil(stepOf(objective.rate) - 1e-9)); step >= least; step--) {
    const lower = { ...objective, rate: RATE_STEP ** step };
    if (!(judge(dearer, streams, lower, cpu).predictedMs <= objective.latencyMs)) return false;
  }
  return true;
}

const stepOf = (rate: number): number => Math.log(rate) / Math.log(RATE_STEP);

/**
 * The cheapest candidate that holds; among equally cheap ones the smallest size. Plain settings win there, unless others are
 * at least a tenth faster.
 */
export function cheapest(candidates: readonly Candidate[], cost: CostOfSize = cpu => cpu): Candidate | undefined {
  const holding = candidates.filter(candidate => candidate.holds).sort((a, b) => cost(a.cpu) - cost(b.cpu) || a.cpu - b.cpu);
  return plainestOfTheFast(holding.filter(candidate => candidate.cpu === holding[0].cpu));
}

/** The best settings for one size. */
export function bestAt(candidates: readonly Candidate[], cpu: number): Candidate | undefined {
  const ofSize = candidates.filter(candidate => candidate.cpu === cpu);
  const holding = ofSize.filter(candidate => candidate.holds);
  return plainestOfTheFast(holding.length > 0 ? holding : ofSize);
}

/** Of one size: the plainest settings, unless the fastest beat them by a tenth. */
function plainestOfTheFast(candidates: readonly Candidate[]): Candidate | undefined {
  const [plainest] = [...candidates].sort((a, b) => comparePlainness(a.settings, b.settings));
  const [fastest] = [...candidates].sort((a, b) => a.predictedMs - b.predictedMs || comparePlainness(a.settings, b.settings));
  return fastest && fastest.predictedMs <= WORTHWHILE * plainest.predictedMs ? fastest : plainest;
}

/** Fewer threads leave the most for everything else, spinning burns CPU, workers multiply memory, batches make single requests wait. */
function comparePlainness(a: ServerSettings, b: ServerSettings): number {
  return a.threads - b.threads || Number(a.spinning) - Number(b.spinning) || a.workers - b.workers || a.maxBatch - b.maxBatch;
}

/** The lowest latency among sizes that are not overloaded, else the size that comes nearest to carrying the rate. */
export function bestAchievable(candidates: readonly Candidate[]): Candidate | undefined {
  const calm = candidates.filter(candidate => candidate.utilisation <= MAX_UTILISATION);
  if (calm.length > 0) return [...calm].sort((a, b) => a.predictedMs - b.predictedMs || a.cpu - b.cpu)[0];
  return [...candidates].sort((a, b) => a.utilisation - b.utilisation || a.cpu - b.cpu)[0];
}

/**
 * The largest rate, requests a second, at which a size is predicted to keep the objective's percentile, in a dearer server too, at most
 * the utilisation limit; zero where it never does. To a thousandth of the capacity.
 */
export function headroomRate(
  demand: ServiceDemand,
  streams: readonly Workload[],
  objective: SearchObjective,
  cpu: number,
): number {
  const dearer = inDearerServer(demand);
  const keeps = (rate: number) => judge(dearer, streams, { ...objective, rate }, cpu).predictedMs <= objective.latencyMs;
  let high = MAX_UTILISATION * capacity(demand, cpu);
  if (keeps(high)) return high;
  let low = high / 100;
  if (!keeps(low)) return 0;
  for (let i = 0; i < 10; i++) {
    const middle = (low + high) / 2;
    if (keeps(middle)) low = middle;
    else high = middle;
  }
  return low;
}
