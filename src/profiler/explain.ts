import { ProfileResult } from '../sizing/profile-result';
import { demandOf, Findings, memoryOf } from './findings';
import { distinctBodies } from './inputs';
import { disturbedBy } from './interference';
import { GIBIBYTE, MEMORY_MARGIN, memoryStep } from './memory';
import { firstHarm } from './memory-cliff';
import { allowedThreads, capacity, limitingResource } from './search';
import { describeSettings, settingsKey } from './server-settings';
import { quantileRanks, sorted } from './statistics';
import { cores, gigabytes, inMs, percentileName } from './summary';
import type { VerifiedSize } from './verification';
import { steadyGrowth } from './warm-up';

/** A chosen number, why it was chosen, and what would change it. */
export interface Reason {
  readonly choice: string;
  readonly because: string;
  readonly change: string;
}

/** Growth over the second half of a profile from which it is worth a word; pools still fill below it. */
const LEAK = 0.05;

/** A "because" for every number that the profile recommends. */
export function explainChoices(findings: Findings, result: ProfileResult): Reason[] {
  return [
    cpuReason(findings, result),
    threadReason(findings),
    ...batchReason(findings),
    ...workerReason(findings),
    memoryReason(findings, result),
    ...replicaReason(findings, result),
  ];
}

function cpuReason(findings: Findings, result: ProfileResult): Reason {
  const { outcome, session, objective, predicted } = findings;
  const { size, verified, boundary } = outcome;
  const { options } = session;
  const demand = demandOf(findings, size.settings);
  const carries = capacity(demand, size.cpu);
  const bound = limitingResource(demand, size.cpu) === 'cpu-quota' ? 'its CPU quota' : 'its engine';
  const evidence = verified
    ? `a fresh server under this limit had ${percentileName(options.percentile)} ${inMs(verified.figures.latencyMs)} in ${verified.figures.requests} requests`
    : `the simulation of this quota gives ${percentileName(options.percentile)} ${inMs(predicted.predictedMs)}`;
  const below = boundary
    ? `; ${cores(boundary.cpu)} was run and ${howItDid(boundary)} (${inMs(boundary.figures.latencyMs)})`
    : '';
  return {
    choice: cores(result.recommendedCpu),
    because:
      `a request costs ${demand.atRateCpuMs.toFixed(2)} ms of CPU, so this size carries ${carries.toFixed(0)} a second, bounded by ${bound}, ` +
      `and ${fmtRate(objective.rate)} a second take ${((objective.rate / carries) * 100).toFixed(0)} % of it; ${evidence}${below}`,
    change: `more than about ${fmtRate(result.headroomRate ?? objective.rate)} requests a second, costlier inputs, or a shorter latency`,
  };
}

function howItDid({ verdict, onlyHere }: VerifiedSize): string {
  if (verdict === 'fails') return 'fails';
  return onlyHere ? 'keeps the target, but a fresh server may be dearer and would not' : 'neither shown to hold nor to fail';
}

function threadReason({ outcome, survey, session }: Findings): Reason {
  const { settings, cpu } = outcome.size;
  const key = settingsKey({ ...settings, maxBatch: session.base.maxBatch });
  const words = survey.compared.map(each => {
    const { threads, spinning, workers } = each.settings;
    const name = describeSettings({ threads, spinning, workers, maxBatch: 1 });
    return `${name}${settingsKey(each.settings) === key ? ' (chosen)' : ''}: ${each.atRateCpuMs.toFixed(2)} ms of CPU, ${inMs(each.serviceMs)} alone on the machine`;
  });
  return {
    choice: `${describeSettings({ ...settings, workers: 1, maxBatch: 1 })}${settings.spinning ? '' : ', spinning off'}`,
    because:
      `more threads than whole cores spend the quota in bursts and then stand still until the next period, and ${cores(cpu)} allow ` +
      `${allowedThreads(cpu)}; ${words.join('; ')}. Idle threads that spin burn CPU between requests`,
    change: 'a size of two cores or more with a model that gains from threads',
  };
}

function batchReason({ outcome, survey, session }: Findings): Reason[] {
  if (survey.shared.length === 0) return [];
  const { maxBatch } = outcome.size.settings;
  const [alone] = survey.compared;
  const last = survey.shared[survey.shared.length - 1];
  const shared = session.restated(last.measurement.cpuMsPerRequest, last.measurement);
  const words = `with ${last.concurrency} in flight, ${last.batch.toFixed(1)} requests shared a run and one cost ${shared.toFixed(2)} ms of CPU, alone ${alone.serialCpuMs.toFixed(2)}`;
  return [
    maxBatch > 1
      ? { choice: `batches of up to ${maxBatch}`, because: words, change: 'inputs of which two do not fit into one run' }
      : {
          choice: 'no batches',
          because: `they allow no cheaper size here; ${words}`,
          change: 'a rate at which requests wait for each other',
        },
  ];
}

function workerReason({ outcome, survey }: Findings): Reason[] {
  const { workers } = outcome.size.settings;
  const others = survey.compared.filter(each => each.settings.workers > 1);
  if (workers === 1 && others.length === 0) return [];
  const words = survey.compared
    .filter(each => each.settings.threads === 1)
    .map(
      each =>
        `${each.settings.workers} engine${each.settings.workers > 1 ? 's' : ''}: ${each.capacity.toFixed(0)} a second without limits`,
    );
  return [
    {
      choice: `${workers} engine${workers > 1 ? 's' : ''}`,
      because: `each has its own copy of everything in memory; ${words.join('; ')}`,
      change: 'requests that wait for something else than the CPU',
    },
  ];
}

function memoryReason(findings: Findings, result: ProfileResult): Reason {
  const { outcome, session, cliff } = findings;
  const { neededBytes, peakBytes, loadPeakBytes } = memoryOf(findings);
  const where = loadPeakBytes >= 0.98 * peakBytes ? 'while loading' : 'while running';
  const margin = `${((MEMORY_MARGIN - 1) * 100).toFixed(0)} %`;
  const slow = firstHarm(cliff);
  const fall = slow
    ? `; at ${gigabytes(slow.limitBytes / GIBIBYTE)} ${slow.medianMs === undefined ? 'the server was killed' : `a request took ${inMs(slow.medianMs)}, as pages were read from disk again`}`
    : '';
  return {
    choice: gigabytes(result.recommendedMemoryInGB),
    because:
      `the worst moment, ${where}, needed ${(neededBytes / GIBIBYTE).toFixed(3)} GB (own pages of all processes and the files they map); with ${margin} ` +
      `on top and rounded up to ${gigabytes(memoryStep(session.grid))}${outcome.verified ? '; the verified run stayed inside it' : ''}${fall}`,
    change: 'larger inputs or batches than the samples: the arena keeps the largest it ever needed',
  };
}

function replicaReason({ plan, session }: Findings, { scaling }: ProfileResult): Reason[] {
  if (plan.replicas === 1) return [];
  const { rate, balancer } = session.options;
  const other = scaling
    ? `; behind a pooled queue ${scaling.replicasPooled}, behind a random balancer ${scaling.replicasRandom}, by Azure ML v1's formula ${scaling.replicasAzureMlV1}`
    : '';
  return [
    {
      choice: `${plan.replicas} replicas`,
      because: `so that ${rate} requests a second keep the target at the least cost, with a ${balancer === 'random' ? 'balancer that picks at random, so that each replica has its own queue' : 'queue that all replicas share'}${other}`,
      change: 'another balancer, another rate, or larger replicas at another price',
    },
  ];
}

/** What a reader must know before trusting the numbers. */
export function warningsOf(findings: Findings, headroom: number): string[] {
  return [
    ...findings.session.warnings,
    ...evidenceWarnings(findings),
    ...inputWarnings(findings),
    ...steadinessWarnings(findings),
    ...noiseWarnings(findings),
    ...quotaWarnings(findings),
    ...transferWarnings(findings),
    ...sampleWarnings(findings),
    ...headroomWarnings(findings, headroom),
    ...sizeWarnings(findings),
  ];
}

function evidenceWarnings({ outcome, sizes }: Findings): string[] {
  if (outcome.verified) {
    const untested = !outcome.boundary && outcome.size.cpu > sizes[0];
    return untested ? ['the next cheaper size was not run: the time for verification was over, so a smaller one may do'] : [];
  }
  return [`modelled, not verified: ${outcome.unproven ?? 'the size was not run under its limits'}`];
}

function inputWarnings({ session }: Findings): string[] {
  const { inputs, synthetic } = session.inputs;
  if (synthetic)
    return ['synthetic inputs, made from the signature of the model: cost and memory that depend on values are not seen'];
  if (distinctBodies(inputs) > 1) return [];
  return [
    inputs.length === 1
      ? 'one input only: cost and memory that depend on the input are not seen'
      : `all ${inputs.length} inputs are identical: cost and memory that depend on the input are not seen`,
  ];
}

function steadinessWarnings(findings: Findings): string[] {
  const { warmUp } = findings.survey;
  const drift = `${(Math.abs(warmUp.drift) * 100).toFixed(0)} %`;
  const words: Readonly<Record<typeof warmUp.steadiness, string | undefined>> = {
    steady: undefined,
    'getting-cheaper': `no steady state within the warm-up: requests were still getting cheaper, by ${drift}, when measuring began`,
    'getting-dearer': `no steady state within the warm-up: requests kept getting dearer, by ${drift}; a growing cache would do that`,
    unsettled: 'no steady state within the warm-up: what requests cost went up and down',
    leak: `memory grew by ${drift} while requests cost the same`,
  };
  const grown = steadyGrowth(
    memoryOf(findings)
      .points.filter(({ atMs }) => atMs > memoryOf(findings).loadedAtMs)
      .map(each => each.anonymous),
  );
  const leak =
    grown > LEAK
      ? [`a leak is suspected: memory went on growing, by ${(grown * 100).toFixed(0)} % over the second half of all measurements`]
      : [];
  return [words[warmUp.steadiness], ...leak].filter(text => text !== undefined);
}

function noiseWarnings(findings: Findings): string[] {
  const { session, outcome } = findings;
  const { windows } = session;
  const disturbed = windows.filter(each => disturbedBy(each) !== undefined);
  const warnings: string[] = [];
  if (disturbed.length * 10 > windows.length * 3) {
    warnings.push(
      `noisy machine: ${disturbed.length} of ${windows.length} measuring windows were disturbed (${disturbedBy(disturbed[0])}); run it again when nothing else runs`,
    );
  }
  const speeds = sorted(windows.map(each => each.coreSpeed));
  const spread = speeds[speeds.length - 1] / speeds[0];
  if (spread > 1.25)
    warnings.push(
      `the cores changed speed by a factor of ${spread.toFixed(2)} while measuring; costs are restated at the middle speed`,
    );
  for (const run of outcome.runs) {
    if (run.disturbedBy && run.verdict !== 'holds')
      warnings.push(`the run of ${cores(run.cpu)} was disturbed: ${run.disturbedBy}`);
  }
  return warnings;
}

/** A profiler that is throttled itself sees servers that are slower than they are. */
function quotaWarnings({ workplace }: Findings): string[] {
  const { cpuQuota, cores: all } = workplace.machine;
  if (cpuQuota === undefined || cpuQuota >= all) return [];
  return [
    `the profiler ran inside a control group of ${cores(cpuQuota)}, which the servers it measured and the load generator shared; ` +
      'run it without a CPU limit, or on a machine of its own',
  ];
}

function transferWarnings({ session }: Findings): string[] {
  const { speedFactor, speedUncertainty } = session.options;
  if (speedFactor === 1) return [];
  return [
    `transferred: costs are restated for cores of ${speedFactor} times the speed of those here, and widened by ${(speedUncertainty * 100).toFixed(0)} %`,
  ];
}

function sampleWarnings({ outcome }: Findings): string[] {
  const figures = outcome.verified?.figures;
  if (!figures) return [];
  const { requests, rate } = figures;
  const raised =
    rate === undefined
      ? []
      : [
          `the size was verified under ${rate} requests a second, more than asked for, to see enough requests; the figures are of that load`,
        ];
  if (quantileRanks(requests, 0.99, 0.95)) return raised;
  return [...raised, `p99 is not resolvable from ${requests} requests and is left out`];
}

/** Where the run that proves a size went better than the simulation of any other would. */
function headroomWarnings({ outcome, objective }: Findings, headroom: number): string[] {
  if (!outcome.verified || headroom >= objective.rate) return [];
  return [
    `no room: this size was run and kept the target, but the simulation keeps it only up to ${fmtRate(headroom)} requests a second; ` +
      'where it must hold on any server, take the next larger size',
  ];
}

function sizeWarnings({ outcome, cold, session }: Findings): string[] {
  const { options } = session;
  const warnings: string[] = [];
  const seconds = cold.cpuMs / outcome.size.cpu / 1000;
  if (seconds > 10)
    warnings.push(
      `a cold start needs ${(cold.cpuMs / 1000).toFixed(1)} s of CPU: at ${cores(outcome.size.cpu)} that is ${seconds.toFixed(0)} s or more`,
    );
  if (options.target === 'aci' && outcome.size.cpu < 1) {
    warnings.push('Azure Container Instances bills a group of one container for at least 1 core and 1 GB, whatever it requests');
  }
  return warnings;
}

const fmtRate = (rate: number): string => (rate >= 10 ? rate.toFixed(0) : rate.toPrecision(2));
