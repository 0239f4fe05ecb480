import { ProfileResult } from '../sizing/profile-result';
import type { Findings } from './findings';
import { disturbedBy } from './measurement';
import { GIBIBYTE, MEMORY_MARGIN } from './memory';
import { capacity, MAX_UTILISATION } from './search';
import { quantile, quantileRanks, sorted } from './statistics';
import { cores, gigabytes, inMs, percentileName } from './summary';

/** A chosen number, why it was chosen, and what would change it. */
export interface Reason {
  readonly choice: string;
  readonly because: string;
  readonly change: string;
}

/** A "because" for every number that the profile recommends. */
export function explainChoices(findings: Findings, result: ProfileResult): Reason[] {
  return [cpuReason(findings, result), threadReason(findings), memoryReason(findings, result), ...replicaReason(findings)];
}

function cpuReason({ outcome, demands, options, predicted, plan }: Findings, result: ProfileResult): Reason {
  const { size, verified, boundary } = outcome;
  const demand = demands.find(each => each.threads === size.threads) ?? demands[0];
  const carries = capacity(demand, size.cpu);
  const rate = options.rate / plan.replicas;
  const bound = (size.cpu * 1000) / demand.atRateCpuMs <= demand.capacity ? 'its CPU quota' : 'its one engine';
  const evidence = verified
    ? `a fresh server under this limit had ${percentileName(options.percentile)} ${inMs(verified.figures.latencyMs)} in ${verified.figures.requests} requests`
    : `the simulation of this quota gives ${percentileName(options.percentile)} ${inMs(predicted.predictedMs)}`;
  const below = boundary
    ? `; ${cores(boundary.cpu)} ${boundary.verdict === 'fails' ? 'was run and fails' : 'was run and neither shown to hold nor to fail'} (${inMs(boundary.figures.latencyMs)})`
    : '';
  const headroom = carries * MAX_UTILISATION;
  return {
    choice: cores(result.recommendedCpu),
    because:
      `a request costs ${demand.atRateCpuMs.toFixed(2)} ms of CPU, so this size carries ${carries.toFixed(0)} a second, bounded by ${bound}, ` +
      `and ${fmtRate(rate)} a second take ${((rate / carries) * 100).toFixed(0)} % of it; ${evidence}${below}`,
    change: `more than about ${fmtRate(headroom)} requests a second, costlier inputs, or a shorter latency`,
  };
}

function threadReason({ outcome, demands }: Findings): Reason {
  const { threads, cpu } = outcome.size;
  const others = demands.filter(each => each.threads !== threads);
  const compared = others.map(
    each => `${each.threads} threads: ${each.atRateCpuMs.toFixed(2)} ms of CPU and ${inMs(each.serviceMs)} alone on the machine`,
  );
  const chosen = demands.find(each => each.threads === threads) ?? demands[0];
  const own = `${threads === 1 ? '1 thread' : `${threads} threads`}: ${chosen.atRateCpuMs.toFixed(2)} ms of CPU, ${inMs(chosen.serviceMs)}`;
  return {
    choice: threads === 1 ? '1 thread' : `${threads} threads`,
    because:
      `more threads than whole cores spend the quota in bursts and then stand still until the next period, and ${cores(cpu)} allow ` +
      `${Math.max(1, Math.floor(cpu))}; ${[own, ...compared].join('; ')}. Spinning is off: it burns CPU between requests`,
    change: 'a size of two cores or more with a model that gains from threads',
  };
}

function memoryReason({ peakBytes, cold, outcome, session }: Findings, result: ProfileResult): Reason {
  const step = Math.max(session.grid.searchStep.memoryInGB, session.grid.memoryStepInGB);
  const where = cold.peakBytes >= 0.98 * peakBytes ? 'while loading' : 'while running';
  const margin = `${((MEMORY_MARGIN - 1) * 100).toFixed(0)} %`;
  return {
    choice: gigabytes(result.recommendedMemoryInGB),
    because:
      `the worst moment, ${where}, needed ${(peakBytes / GIBIBYTE).toFixed(3)} GB (own pages and mapped files of all processes); with ${margin} ` +
      `on top and rounded up to ${gigabytes(step)}${outcome.verified ? '; the verified run stayed inside it' : ''}`,
    change: 'larger inputs or batches than the samples: the arena keeps the largest it ever needed',
  };
}

function replicaReason({ plan, options }: Findings): Reason[] {
  if (plan.replicas === 1) return [];
  return [
    {
      choice: `${plan.replicas} replicas`,
      because: `one replica cannot carry ${options.rate} requests a second within the target; the balancer is taken to pick at random, so that each gets its own queue`,
      change: 'a balancer that picks the least busy replica needs fewer',
    },
  ];
}

/** What a reader must know before trusting the numbers. */
export function warningsOf(findings: Findings): string[] {
  return [
    ...findings.session.warnings,
    ...evidenceWarnings(findings),
    ...inputWarnings(findings),
    ...steadinessWarnings(findings),
    ...noiseWarnings(findings),
    ...sampleWarnings(findings),
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

function inputWarnings({ options }: Findings): string[] {
  const { bodies } = options;
  if (new Set(bodies).size > 1) return [];
  return [
    bodies.length === 1
      ? 'one input only: cost and memory that depend on the input are not seen'
      : `all ${bodies.length} inputs are identical: cost and memory that depend on the input are not seen`,
  ];
}

function steadinessWarnings({ warmUp }: Findings): string[] {
  if (warmUp.steadiness === 'steady') return [];
  const drift = `${(Math.abs(warmUp.drift) * 100).toFixed(0)} %`;
  return warmUp.steadiness === 'getting-cheaper'
    ? [`no steady state within the warm-up: requests were still getting cheaper, by ${drift}, when measuring began`]
    : [`no steady state within the warm-up: requests kept getting dearer, by ${drift}; a leak or a growing cache would do that`];
}

function noiseWarnings(findings: Findings): string[] {
  const { session, outcome } = findings;
  const windows = session.meter.taken.filter(each => each.kind !== 'verification' && each.kind !== 'warm-up');
  const disturbed = windows.filter(each => disturbedBy(each) !== undefined);
  const warnings: string[] = [];
  if (disturbed.length * 10 > windows.length * 3) {
    warnings.push(
      `noisy machine: ${disturbed.length} of ${windows.length} measuring windows were disturbed; run it again when nothing else runs`,
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

/** How late the latest hundredth of requests was sent, milliseconds; it counts as latency. */
export const lateSends = (lagMs: Float64Array): number => (lagMs.length === 0 ? 0 : quantile(sorted(lagMs), 0.99));

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

function sizeWarnings({ outcome, cold, options }: Findings): string[] {
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

/** What was measured and then left out, with the reason, for the report. */
export function listDiscarded({ session }: Findings): string[] {
  return session.meter.taken
    .filter(each => each.kind !== 'verification' && each.kind !== 'warm-up')
    .flatMap(each => {
      const reason = disturbedBy(each);
      return reason
        ? [
            `${each.kind}, ${each.threads} thread${each.threads === 1 ? '' : 's'}, second ${(each.atMs / 1000).toFixed(0)}: ${reason}`,
          ]
        : [];
    });
}

const fmtRate = (rate: number): string => (rate >= 10 ? rate.toFixed(0) : rate.toPrecision(2));
