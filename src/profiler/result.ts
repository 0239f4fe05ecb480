import { costOf } from '../sizing/cost';
import {
  ProfileResult,
  ProfiledAlternative,
  ProfiledPercentile,
  ProfiledSessionOptions,
  ProfiledTransfer,
} from '../sizing/profile-result';
import { warningsOf } from './explain';
import { allMeasurements, demandOf, Findings, memoryOf } from './findings';
import { distinctBodies } from './inputs';
import { GIBIBYTE, memoryForPeak } from './memory';
import { predictLatencies } from './quota-simulator';
import { transferStatement } from './reference-kernel';
import { scalingOf } from './scaling';
import { bestAt, Candidate, capacity, headroomRate, limitingResource } from './search';
import { sameSettings, ServerSettings } from './server-settings';
import { effectiveSampleSize, mean, quantile, quantileInterval, sorted, sum } from './statistics';
import { summarize } from './summary';
import { memoryWith } from './survey';
import { round } from './verification';

/** The profile file, from everything that was found. */
export function toResult(findings: Findings): ProfileResult {
  const { session, cold, plan, outcome, predicted, objective, workplace } = findings;
  const { options, subject, inputs, journal } = session;
  const { size, verified, boundary } = outcome;
  const demand = demandOf(findings, size.settings);
  const latencyMs = verified?.figures.latencyMs ?? round(predicted.predictedMs, 2);
  const asked = { target: options.target, rate: options.rate, percentile: options.percentile, latencyMs: options.latencyMs };
  const measured = allMeasurements(findings);
  const total = sum(measured.map(each => each.load.latenciesMs.length));
  const answered = sum(measured.map(each => each.answered));
  const corrected = correction(findings);
  const carries = capacity(demand, size.cpu) * corrected;
  const headroom = headroomRate(demand, findings.streams, objective, size.cpu);
  const peaks = memoryFigures(findings);
  const cost = costOf(options.target, size, plan.replicas, findings.prices, options.rate);
  const atRate = verified?.measurement ?? measured.find(each => each.kind === 'at-rate');
  return {
    schemaVersion: 1,
    name: options.name ?? subject.name,
    ...(options.description === undefined ? {} : { description: options.description }),
    state: 'Succeeded',
    createdTime: journal.createdTime,
    requestedCpu: session.mostCpu,
    requestedMemoryInGB: session.mostMemoryInGB,
    requestedQueriesPerSecond: options.rate,
    maxUtilizedCpu: round(Math.max(...measured.map(each => each.cores)), 3),
    maxUtilizedMemoryInGB: peaks.runPeakInGB,
    totalQueries: total,
    successQueries: answered,
    successRate: round(answered / total, 4),
    ...latencyFields(findings),
    measuredQueriesPerSecond: atRate ? round((atRate.answered / atRate.load.elapsedMs) * 1000, 2) : 0,
    recommendedCpu: size.cpu,
    recommendedMemoryInGB: size.memoryInGB,
    recommendationLatencyInMs: latencyMs,
    model: { ...subject.described, kind: subject.kind, ...(subject.modelSha256 ? { modelSha256: subject.modelSha256 } : {}) },
    objective: asked,
    evidence: verified ? 'verified' : 'modelled',
    budget: options.budget,
    inputs: {
      count: inputs.inputs.length,
      distinct: distinctBodies(inputs.inputs),
      synthetic: inputs.synthetic,
      source: inputs.source,
      pattern: options.pattern.kind,
    },
    sessionOptions: sessionOptionsOf(size.settings),
    capacity: round(carries, 2),
    utilization: round(objective.rate / carries, 3),
    headroomRate: round(headroom, 2),
    limitingResource: limitingResource(demand, size.cpu),
    percentiles: percentilesOf(findings),
    memory: peaks,
    ...(cost ? { cost } : {}),
    ...(options.target === 'aks' ? { scaling: scaling(findings) } : {}),
    alternatives: alternativesOf(findings, corrected),
    transfer: transferOf(findings),
    ...(plan.replicas > 1 ? { replicas: plan.replicas } : {}),
    cpuMsPerRequest: round(demand.atRateCpuMs, 3),
    cpuMsSamples: demand.sampleCpuMs.map(each => round(each, 4)),
    coldStartMs: round(cold.ms, 0),
    loadPeakMemoryInGB: peaks.loadPeakInGB,
    runPeakMemoryInGB: peaks.runPeakInGB,
    ...(verified ? { verification: verified.figures } : {}),
    ...(boundary ? { boundary: boundary.figures } : {}),
    summary: summarize({
      ...size,
      replicas: plan.replicas,
      objective: asked,
      latencyMs,
      verified,
      boundary,
      smallest: size.cpu === findings.sizes[0],
    }),
    warnings: warningsOf(findings, headroom),
    machine: workplace.machine,
  };
}

export function sessionOptionsOf({ threads, spinning, workers, maxBatch }: ServerSettings): ProfiledSessionOptions {
  return { intraOpNumThreads: threads, interOpNumThreads: 1, allowSpinning: spinning, workers, maxBatch };
}

/** Latencies of the runs that prove the size, else of its simulation; those that were never answered left out. */
function shownLatencies(findings: Findings): Float64Array {
  const { outcome, streams, objective, predicted } = findings;
  const measured = outcome.verified?.latenciesMs;
  const demand = demandOf(findings, predicted.settings);
  const all = measured ? sorted(measured) : predictLatencies(demand, streams, objective.rate, predicted.cpu);
  return all.filter(Number.isFinite);
}

/** Azure ML v1's latency fields. */
function latencyFields(findings: Findings) {
  const ascending = shownLatencies(findings);
  const at = (p: number) => round(quantile(ascending, p), 2);
  const resolved = (p: number) => quantileInterval(ascending, p, 0.95) !== undefined;
  return {
    averageLatencyInMs: round(mean(ascending), 2),
    latencyPercentile50InMs: at(0.5),
    latencyPercentile90InMs: at(0.9),
    latencyPercentile95InMs: at(0.95),
    ...(resolved(0.99) ? { latencyPercentile99InMs: at(0.99) } : {}),
    ...(resolved(0.999) ? { latencyPercentile999InMs: at(0.999) } : {}),
  };
}

const PERCENTILES = [0.5, 0.9, 0.95, 0.99, 0.999];

/** With intervals for as many independent requests as the run was worth. Empty where nothing was run. */
function percentilesOf({ outcome, session }: Findings): ProfiledPercentile[] {
  const latencies = outcome.verified?.latenciesMs;
  if (!latencies) return [];
  const ascending = sorted(latencies);
  const wanted = [...new Set([...PERCENTILES, session.options.percentile])].sort((a, b) => a - b);
  return wanted.map(percentile => {
    const effectiveSamples = Math.floor(effectiveSampleSize(latencies, percentile));
    const interval = quantileInterval(ascending, percentile, 0.95, effectiveSamples);
    const samples = latencies.length;
    if (!interval || !Number.isFinite(interval[1])) return { percentile, resolved: false, samples, effectiveSamples };
    const intervalMs = [round(interval[0], 2), round(interval[1], 2)] as const;
    return {
      percentile,
      resolved: true,
      latencyMs: round(quantile(ascending, percentile), 2),
      intervalMs,
      samples,
      effectiveSamples,
    };
  });
}

const inGB = (bytes: number): number => round(bytes / GIBIBYTE, 4);

function memoryFigures(findings: Findings) {
  const { loadPeakBytes, peakBytes, anonymousPeakBytes, neededBytes } = memoryOf(findings);
  const { shared } = findings.survey;
  const { kneeBytes } = findings.cliff;
  return {
    loadPeakInGB: inGB(loadPeakBytes),
    runPeakInGB: inGB(peakBytes),
    anonymousPeakInGB: inGB(anonymousPeakBytes),
    neededInGB: inGB(neededBytes),
    ...(kneeBytes === undefined ? {} : { kneeInGB: inGB(kneeBytes) }),
    ...(shared.length > 0
      ? { byConcurrency: shared.map(each => ({ concurrency: each.concurrency, peakInGB: inGB(each.peakBytes) })) }
      : {}),
  };
}

function scaling(findings: Findings) {
  const { session, streams, outcome, objective, plan } = findings;
  const { options } = session;
  return scalingOf({
    demand: demandOf(findings, outcome.size.settings),
    streams,
    objective: { ...objective, rate: options.rate },
    cpu: outcome.size.cpu,
    memoryInGB: outcome.size.memoryInGB,
    replicas: plan.replicas,
    balancer: options.balancer,
    maxReplicas: options.maxReplicas,
  });
}

/**
 * What sizes with the recommended settings carried under their limits, at the reference speed, as a share of what was computed: requests
 * cost more where the group stands still in between, and its caches grow cold. The mean over all servers that were run, as they differ, but
 * for those that failed, which still had others' requests to serve; 1 where there is none.
 */
function correction(findings: Findings): number {
  const { outcome, session } = findings;
  const demand = demandOf(findings, outcome.size.settings);
  const shares = outcome.runs.flatMap(({ saturated, settings, cpu, verdict }) => {
    if (!saturated?.answered || verdict === 'fails' || !sameSettings(settings, outcome.size.settings)) return [];
    const perSecond = (1000 * saturated.answered) / saturated.load.elapsedMs;
    const faster = saturated.coreSpeed / session.referenceSpeed;
    return [perSecond / faster / capacity(demand, cpu)];
  });
  return shares.length === 0 ? 1 : mean(shares);
}

const EVIDENCE = { holds: 'verified', fails: 'failed', unresolved: 'modelled' } as const;

/** The best of each size, up to twice the recommended one or what the first three above it are. */
function alternativesOf(findings: Findings, corrected: number): ProfiledAlternative[] {
  const { plan, sizes, outcome, prices, session, survey } = findings;
  const { runs, size } = outcome;
  const above = sizes.filter(cpu => cpu > size.cpu).slice(0, 5);
  const below = sizes.filter(cpu => cpu < size.cpu).slice(-5);
  return [...below, size.cpu, ...above].flatMap(cpu => {
    const candidate: Candidate | undefined = bestAt(plan.candidates, cpu);
    if (!candidate) return [];
    // the last word on a size that was run more than once
    const verdict = [...runs].reverse().find(each => each.cpu === cpu)?.verdict ?? 'unresolved';
    const settings = cpu === size.cpu ? size.settings : candidate.settings;
    const demand = demandOf(findings, settings);
    const needed = memoryForPeak(memoryWith(survey.memory, settings).neededBytes, session.grid);
    const memoryInGB = cpu === size.cpu ? size.memoryInGB : needed;
    const cost = costOf(session.options.target, { cpu, memoryInGB }, plan.replicas, prices, session.options.rate);
    return [
      {
        cpu,
        memoryInGB,
        replicas: plan.replicas,
        sessionOptions: sessionOptionsOf(settings),
        ...(Number.isFinite(candidate.predictedMs) ? { latencyMs: round(candidate.predictedMs, 2) } : {}),
        capacity: round(capacity(demand, cpu) * corrected, 2),
        ...(cost ? { costPerHour: cost.perHour } : {}),
        evidence: EVIDENCE[verdict],
      },
    ];
  });
}

function transferOf({ session, workplace }: Findings): ProfiledTransfer {
  const { speedFactor: factor, speedUncertainty: uncertainty } = session.options;
  const host = workplace.reference;
  return {
    hostGigaMultiplyAdds: round(host.gigaMultiplyAdds, 3),
    hostMemoryGigabytes: round(host.memoryGigabytesPerSecond, 2),
    factor,
    uncertainty,
    statement: transferStatement({ host, factor, uncertainty }),
  };
}
