import { costOf } from '../sizing/cost';
import type { ProfileResult } from '../sizing/profile-result';
import { explainChoices, Reason } from './explain';
import { demandOf, Findings, memoryOf } from './findings';
import { disturbedBy } from './interference';
import type { Measurement } from './measurement';
import { GIBIBYTE } from './memory';
import { predictLatencies, simulateThrottling } from './quota-simulator';
import { capacity, limitingResource } from './search';
import { describeSettings, sameSettings, settingsKey } from './server-settings';
import { median, quantile, sorted } from './statistics';
import { cores } from './summary';
import { lateSends } from './verification';

/** The data behind the report's pictures and tables; small, since a report must stay small. */
export interface ProfileSeries {
  /** Every size that was searched, with its settings, ascending by cores. */
  readonly sizes: readonly SizePoint[];
  /** Capacity over cores, one curve for each of the settings that were measured. */
  readonly capacity: readonly CapacityCurve[];
  readonly distributions: readonly Distribution[];
  readonly demands: readonly DemandSeries[];
  readonly memory: MemorySeries;
  /** How cost and throughput change with requests in flight, where batching was measured. */
  readonly batching?: readonly BatchPoint[];
  /** A piece of the run that proved the size: arrivals and how many were waiting or running. */
  readonly queue?: QueueSeries;
  /** Heaviest operators of the graph, dearest first, at most ten. */
  readonly operators?: readonly OperatorCost[];
  readonly runs: readonly RunSeries[];
  readonly windows: readonly WindowSeries[];
  readonly reasons: readonly Reason[];
}

export interface SizePoint {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly replicas: number;
  /** As `describeSettings` says them. */
  readonly settings: string;
  readonly utilisation: number;
  /** Infinite where the rate exceeds capacity. */
  readonly predictedMs: number;
  readonly holds: boolean;
  readonly costPerHour?: number;
  readonly chosen: boolean;
}

export interface CapacityCurve {
  readonly settings: string;
  /** `[cores, requests a second, what bounds it]`, ascending. */
  readonly points: ReadonlyArray<readonly [number, number, 'cpu-quota' | 'engine']>;
}

/** Latency by share of requests. */
export interface Distribution {
  readonly label: string;
  readonly kind: 'predicted' | 'verified' | 'failed' | 'unlimited';
  /** `[share, milliseconds]`, ascending. */
  readonly points: ReadonlyArray<readonly [number, number]>;
}

/** What requests cost with some settings. */
export interface DemandSeries {
  readonly settings: string;
  readonly threads: number;
  readonly spinning: boolean;
  readonly serialCpuMs: number;
  readonly atRateCpuMs: number;
  readonly serviceMs: number;
  readonly capacity: number;
  readonly windowCpuMs: readonly number[];
}

/** Bytes over milliseconds since the server was started. */
export interface MemorySeries {
  readonly points: ReadonlyArray<{ readonly atMs: number; readonly anonymous: number; readonly file: number }>;
  readonly loadedAtMs: number;
  readonly loadPeakBytes: number;
  readonly peakBytes: number;
  readonly recommendedBytes: number;
  /** Latency under smaller and smaller limits, where it was looked for: the cliff at which pages are read again and again. */
  readonly cliff?: readonly CliffPoint[];
}

export interface CliffPoint {
  readonly limitBytes: number;
  /** Absent where the server was killed. */
  readonly medianMs?: number;
  readonly majorFaultsPerRequest?: number;
}

export interface BatchPoint {
  /** Requests in flight. */
  readonly concurrency: number;
  readonly cpuMsPerRequest: number;
  /** Requests a second without limits. */
  readonly throughput: number;
  readonly medianMs: number;
  readonly peakBytes: number;
}

export interface QueueSeries {
  /** Milliseconds from the piece's start. */
  readonly arrivals: readonly number[];
  /** `[milliseconds, requests in flight]` at each change. */
  readonly inFlight: ReadonlyArray<readonly [number, number]>;
}

export interface OperatorCost {
  readonly operator: string;
  /** Node names, or how many. */
  readonly detail: string;
  /** Milliseconds per run. */
  readonly ms: number;
  /** Of all operators, 0 to 1. */
  readonly share: number;
}

/** A size that was run under its limits. */
export interface RunSeries {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly settings: string;
  readonly verdict: 'holds' | 'fails' | 'unresolved';
  readonly latencyMs: number;
  readonly intervalMs?: readonly [number, number];
  readonly predictedMs?: number;
  readonly requests: number;
  readonly throttledRatio?: number;
  /** The same by computation. */
  readonly predictedThrottledRatio?: number;
  readonly sendLagP99Ms: number;
  readonly disturbedBy?: string;
}

/** One measuring window, kept or discarded. */
export interface WindowSeries {
  readonly kind: string;
  readonly settings: string;
  readonly atMs: number;
  readonly cpuMsPerRequest: number;
  /** Relative to the median of all windows. */
  readonly coreSpeed: number;
  readonly foreignCores: number;
  readonly steal: number;
  /** Why it was left out. */
  readonly discarded?: string;
}

export function buildSeries(findings: Findings, result: ProfileResult): ProfileSeries {
  const { survey, operators } = findings;
  return {
    sizes: sizePoints(findings),
    capacity: capacityCurves(findings),
    distributions: distributionsOf(findings),
    demands: survey.compared.map(({ settings, serialCpuMs, atRateCpuMs, serviceMs, capacity: carries, windowCpuMs }) => ({
      ...{ settings: describeSettings(settings), threads: settings.threads, spinning: settings.spinning },
      ...{ serialCpuMs, atRateCpuMs, serviceMs, capacity: carries, windowCpuMs },
    })),
    memory: memorySeries(findings),
    ...(survey.shared.length > 0 ? { batching: batchPoints(findings) } : {}),
    ...queueOf(findings),
    ...(operators.length > 0 ? { operators } : {}),
    runs: runSeries(findings),
    windows: windowSeries(findings),
    reasons: explainChoices(findings, result),
  };
}

function sizePoints({ plan, outcome, prices, session }: Findings): SizePoint[] {
  const { target, rate } = session.options;
  const memoryInGB = outcome.size.memoryInGB;
  return plan.candidates.map(({ cpu, settings, utilisation, predictedMs, holds }) => {
    const cost = costOf(target, { cpu, memoryInGB }, plan.replicas, prices, rate);
    const chosen = cpu === outcome.size.cpu && sameSettings(settings, outcome.size.settings);
    return {
      ...{
        cpu,
        memoryInGB,
        replicas: plan.replicas,
        settings: describeSettings(settings),
        utilisation,
        predictedMs,
        holds,
        chosen,
      },
      ...(cost ? { costPerHour: cost.perHour } : {}),
    };
  });
}

function capacityCurves({ demands, sizes }: Findings): CapacityCurve[] {
  return demands.map(demand => ({
    settings: describeSettings(demand.settings),
    points: sizes.map(cpu => [cpu, capacity(demand, cpu), limitingResource(demand, cpu)] as const),
  }));
}

function distributionsOf(findings: Findings): Distribution[] {
  const { outcome, streams, objective, predicted, session } = findings;
  const simulated = predictLatencies(demandOf(findings, predicted.settings), streams, objective.rate, predicted.cpu);
  const distributions: Distribution[] = [
    { label: `${cores(predicted.cpu)}, predicted`, kind: 'predicted', points: shares(simulated) },
  ];
  const { verified, boundary } = outcome;
  if (verified)
    distributions.push({ label: `${cores(verified.cpu)}, verified`, kind: 'verified', points: shares(verified.latenciesMs) });
  if (boundary) {
    const word = boundary.verdict === 'fails' ? 'fails' : 'unresolved';
    distributions.push({ label: `${cores(boundary.cpu)}, ${word}`, kind: 'failed', points: shares(boundary.latenciesMs) });
  }
  const key = settingsKey({ ...predicted.settings, maxBatch: session.base.maxBatch });
  const free = session.windows.find(each => each.kind === 'at-rate' && each.settings === key);
  if (free) distributions.push({ label: 'no limit', kind: 'unlimited', points: shares(free.load.latenciesMs) });
  return distributions;
}

/** Enough points for a smooth curve; requests that failed have no latency to draw. */
function shares(latencies: ArrayLike<number>): Array<readonly [number, number]> {
  const ascending = sorted(latencies);
  const last = ascending.filter(Number.isFinite).length / ascending.length;
  const steps = [...Array.from({ length: 99 }, (_, i) => (i + 1) / 100), 0.995, 0.999];
  return steps
    .filter(share => share <= last && share <= 1 - 1 / ascending.length)
    .map(share => [share, quantile(ascending, share)]);
}

function memorySeries(findings: Findings): MemorySeries {
  const { outcome, cliff } = findings;
  const { points, loadedAtMs, loadPeakBytes, peakBytes } = memoryOf(findings);
  return {
    ...{ points, loadedAtMs, loadPeakBytes, peakBytes, recommendedBytes: outcome.size.memoryInGB * GIBIBYTE },
    ...(cliff.points.length > 0 ? { cliff: cliff.points } : {}),
  };
}

/** From one request at a time to many. */
function batchPoints({ survey, session }: Findings): BatchPoint[] {
  const [alone] = survey.compared;
  const first: BatchPoint = {
    concurrency: 1,
    cpuMsPerRequest: alone.serialCpuMs,
    throughput: 1000 / alone.serviceMs,
    medianMs: alone.serviceMs,
    peakBytes: survey.shared[0].peakBytes,
  };
  return [
    first,
    ...survey.shared.map(({ concurrency, measurement, peakBytes }) => ({
      concurrency,
      cpuMsPerRequest: session.restated(measurement.cpuMsPerRequest, measurement),
      throughput: (measurement.answered / measurement.load.elapsedMs) * 1000,
      medianMs: median(measurement.load.latenciesMs),
      peakBytes,
    })),
  ];
}

/** Requests in the piece that is drawn: enough to see a queue come and go. */
const QUEUE_REQUESTS = 120;

/** The piece of the proving run that ends with its longest wait. */
function queueOf({ outcome }: Findings): { readonly queue?: QueueSeries } {
  const load = outcome.verified?.measurement.load;
  const due = load?.dueMs;
  if (!load || !due || due.length < 2) return {};
  const longest = load.latenciesMs.reduce(
    (best, value, i) => (Number.isFinite(value) && value > load.latenciesMs[best] ? i : best),
    0,
  );
  const start = Math.max(0, Math.min(longest - QUEUE_REQUESTS / 2, due.length - QUEUE_REQUESTS));
  const piece = Array.from(due.slice(start, start + QUEUE_REQUESTS));
  const from = piece[0];
  const ends = piece.map((at, i) => at + load.latenciesMs[start + i]).filter(Number.isFinite);
  const changes = [...piece.map(at => [at - from, 1] as const), ...ends.map(at => [at - from, -1] as const)];
  changes.sort((a, b) => a[0] - b[0]);
  let waiting = 0;
  const inFlight = changes.map(([at, change]) => [Math.round(at * 10) / 10, (waiting += change)] as const);
  return { queue: { arrivals: piece.map(at => Math.round((at - from) * 10) / 10), inFlight } };
}

function runSeries(findings: Findings): RunSeries[] {
  const { outcome, plan, streams, objective } = findings;
  return outcome.runs.map(run => ({
    ...{ cpu: run.cpu, memoryInGB: run.memoryInGB, settings: describeSettings(run.settings), verdict: run.verdict },
    latencyMs: run.figures.latencyMs,
    intervalMs: run.figures.latencyIntervalMs,
    predictedMs: plan.candidates.find(each => each.cpu === run.cpu && sameSettings(each.settings, run.settings))?.predictedMs,
    requests: run.figures.requests,
    throttledRatio: run.figures.throttledRatio,
    predictedThrottledRatio: simulateThrottling(demandOf(findings, run.settings), streams, objective.rate, run.cpu),
    sendLagP99Ms: lateSends(run.measurement.load.lagMs),
    disturbedBy: run.disturbedBy,
  }));
}

function windowSeries({ session, survey }: Findings): WindowSeries[] {
  const middle = session.referenceSpeed;
  const names = new Map(survey.compared.map(({ settings }) => [settingsKey(settings), describeSettings(settings)]));
  return session.windows.map((window: Measurement) => ({
    kind: window.kind,
    settings: names.get(window.settings) ?? window.settings,
    atMs: window.atMs,
    cpuMsPerRequest: window.cpuMsPerRequest,
    coreSpeed: window.coreSpeed / middle,
    foreignCores: window.disturbance.foreignCores,
    steal: window.disturbance.steal,
    discarded: disturbedBy(window),
  }));
}
