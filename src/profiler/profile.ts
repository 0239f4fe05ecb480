import { statSync } from 'fs';
import { basename } from 'path';
import { sha256File } from '../core/fingerprint';
import { ProfileObjective, ProfileResult } from '../sizing/profile-result';
import { Cleanup } from './cleanup';
import { MeasuredDemand } from './demand';
import { outOfMemory, targetUnreachable } from './errors';
import { explainChoices, listDiscarded, Reason, warningsOf } from './explain';
import { verifyFinalists } from './finalists';
import { Findings } from './findings';
import { describeMachine, onnxRuntimeVersion } from './machine';
import { GIBIBYTE, memoryForPeak } from './memory';
import { Budget, BUDGETS, checkOptions, ProfileOptions } from './options';
import { ProgressListener } from './progress';
import { predictLatencies, workloads, Workload } from './quota-simulator';
import { allowedThreads, bestAchievable, cpuSizes, evaluate, planReplicas, ReplicaPlan } from './search';
import { buildSeries, ProfileSeries } from './series';
import { ProfileSession } from './session';
import { mean, quantile, quantileRanks, sorted, sum } from './statistics';
import { cores, inMs, percentileName, summarize } from './summary';
import { round } from './verification';

export { readInputs } from './inputs';
export { ProfileError } from './errors';
export type { ProfileErrorCode } from './errors';
export type { ProfileOptions } from './options';
export type { ProgressEvent, ProgressListener } from './progress';
export type { ProfileSeries } from './series';

/** What was found, and the series behind it that the report draws. */
export interface Profile {
  /** What is written to `profile.json`. */
  readonly result: ProfileResult;
  readonly series: ProfileSeries;
}

/** Streams and requests in each that a size is simulated with: p95 then stands on 400 late requests. */
const STREAMS = 10;
const REQUESTS_PER_STREAM = 800;
const MAX_REPLICAS = 50;

/**
 * Measures a model in the real scoring server, searches the cheapest legal size that carries `rate` requests a second with the stated
 * percentile of latency, and runs that size, and the next cheaper one, under its real limits where this machine can set them.
 *
 * Starts processes, and control groups or containers; removes them on every way out.
 *
 * @throws ProfileError with a code and what to do about it
 */
export async function profile(options: ProfileOptions, progress?: ProgressListener): Promise<Profile> {
  return profileWithin(BUDGETS[options.budget ?? 'standard'], options, progress);
}

/** The same in other times than those of the named budgets. */
export async function profileWithin(budget: Budget, options: ProfileOptions, progress?: ProgressListener): Promise<Profile> {
  const checked = checkOptions(options);
  const cleanup = new Cleanup();
  try {
    return await measureAndChoose(new ProfileSession(checked, budget, cleanup, progress));
  } catch (error) {
    throw cleanup.explain(error);
  } finally {
    cleanup.run();
  }
}

async function measureAndChoose(session: ProfileSession): Promise<Profile> {
  const { options } = session;
  const { server, cold } = await session.coldStart();
  await session.checkInputs(server);
  const warmUp = await session.warmUp(server);
  const servers = [server];
  for (const threads of threadCounts(session)) {
    const other = await session.startMeasured(threads);
    servers.push(other);
    await session.warmUp(other);
  }
  const demands = await session.measureDemands(servers);
  const peakBytes = session.peakBytes();
  session.stopMeasured(servers);

  session.progress.tell('search', 'searching the cheapest size');
  const memoryInGB = neededMemory(session, peakBytes);
  const sizes = cpuSizes(session.grid, options.maxCpu);
  const streams = workloads(options.seed, STREAMS, REQUESTS_PER_STREAM);
  const plan = choosePlan(session, demands, streams, sizes);
  const objective = { rate: options.rate / plan.replicas, percentile: options.percentile, latencyMs: options.latencyMs };
  const outcome = await verifyFinalists(session, { ...plan, sizes, demands, streams, objective, memoryInGB });
  if (outcome.exhausted)
    throw unreachable(session, `${inMs(outcome.exhausted.figures.latencyMs)} at ${cores(outcome.exhausted.cpu)}, measured`);

  const predicted =
    plan.candidates.find(each => each.cpu === outcome.size.cpu && each.threads === outcome.size.threads) ?? plan.best;
  const findings: Findings = { options, session, cold, warmUp, demands, streams, plan, sizes, peakBytes, outcome, predicted };
  const result = toResult(findings);
  session.progress.tell('done', result.summary);
  return { result, series: buildSeries(findings, reasonsOf(findings, result)) };
}

const reasonsOf = (findings: Findings, result: ProfileResult): { reasons: readonly Reason[]; discarded: readonly string[] } => ({
  reasons: explainChoices(findings, result),
  discarded: listDiscarded(findings),
});

/** More threads are worth measuring up to what the largest size allows and the machine has. */
function threadCounts(session: ProfileSession): number[] {
  const { options, budget } = session;
  const most = Math.min(describeMachine().cores, allowedThreads(Math.min(options.maxCpu, session.grid.maxCpu)));
  const fast = session.meter.taken
    .slice(-3)
    .every(batch => quantile(sorted(batch.load.latenciesMs), 0.5) < options.latencyMs / 2);
  if (!budget.compareThreads && fast) return [];
  return [2, 4].filter(threads => threads <= most);
}

function neededMemory(session: ProfileSession, peakBytes: number): number {
  const memoryInGB = memoryForPeak(peakBytes, session.grid);
  const allowed = Math.min(session.options.maxMemoryInGB, session.grid.maxMemoryInGB);
  if (memoryInGB > allowed) throw outOfMemory('its peak while loading and running, and a margin', memoryInGB, allowed);
  return memoryInGB;
}

function choosePlan(
  session: ProfileSession,
  demands: readonly MeasuredDemand[],
  streams: readonly Workload[],
  sizes: readonly number[],
): ReplicaPlan {
  const { rate, percentile, latencyMs, target } = session.options;
  const objective = { rate, percentile, latencyMs };
  const plan = planReplicas(demands, streams, objective, sizes, target === 'aks' ? MAX_REPLICAS : 1);
  if (plan) return plan;
  const best = bestAchievable(evaluate(demands, streams, objective, sizes));
  if (!best) throw unreachable(session, 'nothing: no legal size is that small');
  const most = Math.max(...demands.map(demand => demand.capacity)) * 0.8;
  throw unreachable(
    session,
    Number.isFinite(best.predictedMs) && best.utilisation <= 0.8
      ? `${inMs(best.predictedMs)} with ${cores(best.cpu)} and ${best.threads} thread${best.threads === 1 ? '' : 's'}`
      : `${most.toFixed(0)} requests a second from one engine`,
  );
}

function unreachable(session: ProfileSession, best: string): Error {
  const { rate, percentile, latencyMs, maxCpu, target } = session.options;
  const limit = `${cores(Math.min(maxCpu, session.grid.maxCpu))}${target === 'aks' ? ` and ${MAX_REPLICAS} replicas` : ''}`;
  return targetUnreachable(`${percentileName(percentile)} ${inMs(latencyMs)} at ${rate} requests a second`, limit, best);
}

function toResult(findings: Findings): ProfileResult {
  const { options, session, cold, demands, plan, peakBytes, outcome, predicted } = findings;
  const { size, verified, boundary } = outcome;
  const demand = demands.find(each => each.threads === size.threads) ?? demands[0];
  const objective: ProfileObjective = {
    target: options.target,
    rate: options.rate,
    percentile: options.percentile,
    latencyMs: options.latencyMs,
  };
  const latencyMs = verified?.figures.latencyMs ?? round(predicted.predictedMs, 2);
  const taken = session.meter.taken;
  const total = sum(taken.map(each => each.load.latenciesMs.length));
  const answered = sum(taken.map(each => each.answered));
  const smallest = size.cpu === findings.sizes[0];
  const atRate = verified?.measurement ?? taken.find(each => each.kind === 'at-rate');
  return {
    schemaVersion: 1,
    name: options.name ?? basename(options.model, '.onnx'),
    ...(options.description === undefined ? {} : { description: options.description }),
    state: 'Succeeded',
    createdTime: new Date().toISOString(),
    requestedCpu: Math.min(options.maxCpu, session.grid.maxCpu),
    requestedMemoryInGB: Math.min(options.maxMemoryInGB, session.grid.maxMemoryInGB),
    requestedQueriesPerSecond: options.rate,
    maxUtilizedCpu: round(Math.max(...taken.map(each => each.cores)), 3),
    maxUtilizedMemoryInGB: round(peakBytes / GIBIBYTE, 3),
    totalQueries: total,
    successQueries: answered,
    successRate: round(answered / total, 4),
    ...latencyFields(findings),
    measuredQueriesPerSecond: atRate ? round((atRate.answered / atRate.load.elapsedMs) * 1000, 2) : 0,
    recommendedCpu: size.cpu,
    recommendedMemoryInGB: size.memoryInGB,
    recommendationLatencyInMs: latencyMs,
    model: {
      file: basename(options.model),
      sha256: sha256File(options.model),
      sizeInBytes: statSync(options.model).size,
      onnxRuntimeVersion: onnxRuntimeVersion(options.serverBundle),
    },
    objective,
    evidence: verified ? 'verified' : 'modelled',
    sessionOptions: { intraOpNumThreads: size.threads, interOpNumThreads: 1, allowSpinning: false },
    ...(plan.replicas > 1 ? { replicas: plan.replicas } : {}),
    cpuMsPerRequest: round(demand.atRateCpuMs, 3),
    coldStartMs: round(cold.ms, 0),
    loadPeakMemoryInGB: round(cold.peakBytes / GIBIBYTE, 3),
    runPeakMemoryInGB: round(peakBytes / GIBIBYTE, 3),
    ...(verified ? { verification: verified.figures } : {}),
    ...(boundary ? { boundary: boundary.figures } : {}),
    summary: summarize({ ...size, replicas: plan.replicas, objective, latencyMs, verified, boundary, smallest }),
    warnings: warningsOf(findings),
    machine: describeMachine(),
  };
}

/** Azure ML v1's latency fields: from the run that proved the size, else from the simulation of it. */
function latencyFields({ outcome, demands, streams, options, plan, predicted }: Findings) {
  const measured = outcome.verified?.measurement.load.latenciesMs;
  const demand = demands.find(each => each.threads === predicted.threads) ?? demands[0];
  const ascending = measured ? sorted(measured) : predictLatencies(demand, streams, options.rate / plan.replicas, predicted.cpu);
  const answered = ascending.filter(Number.isFinite);
  const at = (p: number) => round(quantile(answered, p), 2);
  const resolved = (p: number) => quantileRanks(answered.length, p, 0.95) !== undefined;
  return {
    averageLatencyInMs: round(mean(answered), 2),
    latencyPercentile50InMs: at(0.5),
    latencyPercentile90InMs: at(0.9),
    latencyPercentile95InMs: at(0.95),
    ...(resolved(0.99) ? { latencyPercentile99InMs: at(0.99) } : {}),
    ...(resolved(0.999) ? { latencyPercentile999InMs: at(0.999) } : {}),
  };
}
