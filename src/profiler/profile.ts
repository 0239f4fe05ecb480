import { availableParallelism, cpus } from 'os';
import { createHash } from 'crypto';
import * as fs from 'fs';
import { costOf } from '../sizing/cost';
import { DEFAULT_PRICES, parsePriceList, PriceList } from '../sizing/price-list';
import { ProfileResult } from '../sizing/profile-result';
import { readSignature } from '../scoring/onnx-signature';
import { Budget, BUDGETS } from './budget';
import { calibrateByWindows } from './calibration';
import { Cleanup } from './cleanup';
import { MeasuredDemand, scaleDemand } from './demand';
import { noInputs, outOfMemory, pricesUnreadable, targetUnreachable } from './errors';
import { Finalists, Outcome, verifyFinalists } from './finalists';
import type { Findings } from './findings';
import { toInputSet } from './given-inputs';
import type { InputSet } from './input-set';
import { syntheticInputs } from './inputs';
import { Journal } from './journal';
import { memoryForPeak } from './memory';
import { lookForCliff } from './memory-limits';
import { profileOperators } from './operators';
import { CheckedOptions, checkOptions, ProfileOptions } from './options';
import { Progress, ProgressListener } from './progress';
import { Workload, workloads } from './quota-simulator';
import { planReplicas, ReplicaPlan } from './replicas';
import { toResult } from './result';
import { bestAchievable, Candidate, cpuSizes, evaluate, MAX_UTILISATION, SearchObjective } from './search';
import { buildSeries, OperatorCost, ProfileSeries } from './series';
import { describeSettings, sameSettings } from './server-settings';
import { ProfileSession } from './session';
import { openSubject, Subject } from './subject';
import { cores, inMs, percentileName } from './summary';
import { memoryWith, survey } from './survey';

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

/**
 * Measures what is to be served in the real scoring server, searches the cheapest legal size that carries `rate` requests a second
 * with the stated percentile of latency, and runs that size, and the next cheaper one, under its real limits where this machine
 * can set them.
 *
 * Starts processes, and control groups or containers; removes them on every way out.
 *
 * @throws ProfileError with a code and what to do about it
 */
export async function profile(options: ProfileOptions, progress?: ProgressListener): Promise<Profile> {
  return profileWithin(BUDGETS[options.budget ?? 'standard'], options, progress);
}

/** The same in other times than those of the named budgets. */
export async function profileWithin(budget: Budget, options: ProfileOptions, listener?: ProgressListener): Promise<Profile> {
  const checked = checkOptions(options);
  const prices = readPrices(checked.prices);
  const subject = await openSubject(checked);
  const inputs = await inputsFor(subject, checked);
  const cleanup = new Cleanup();
  let journal: Journal | undefined;
  try {
    journal = new Journal(fingerprint(checked, subject, inputs), checked.journal);
    const progress = new Progress(listener, budget.expectedMs);
    return await walk(new ProfileSession(checked, subject, inputs, budget, journal, progress, cleanup), prices);
  } catch (error) {
    throw cleanup.explain(error);
  } finally {
    cleanup.run();
    journal?.close();
  }
}

/** From the first look at the machine to the result; everything that is not computed is a step of the journal. */
async function walk(session: ProfileSession, prices: PriceList): Promise<Profile> {
  const { options } = session;
  const workplace = await session.lookAround();
  const cold = await session.coldStart();
  await session.checkInputs();
  const found = await survey(session, workplace);
  const operators = await heaviestOperators(session);

  session.progress.tell('search', 'searching the cheapest size');
  const memory: MemoryOf = ({ settings }) => memoryForPeak(memoryWith(found.memory, settings).neededBytes, session.grid);
  const sizes = cpuSizes(session.grid, options.maxCpu);
  const streams = workloads(options.seed, STREAMS, REQUESTS_PER_STREAM, options.pattern, options.rate);
  const calibrated = affordable(session, found.demands, memory).map(each => calibrateByWindows(each, streams, session.windows));
  const demands = forTarget(calibrated, options);
  const plan = choosePlan(session, { demands, streams, sizes, prices, memory });
  const objective = { rate: options.rate / plan.replicas, percentile: options.percentile, latencyMs: options.latencyMs };
  const finalists = { candidates: plan.candidates, best: plan.best, sizes, demands, streams, objective, workplace };
  const outcome = await verifyFinalists(session, { ...finalists, memoryInGB: memory });
  if (outcome.exhausted)
    throw unreachable(session, `${inMs(outcome.exhausted.figures.latencyMs)} at ${cores(outcome.exhausted.cpu)}, measured`);
  const cliff = await lookForCliff(session, workplace, outcome.size, found);

  const searched = { objective, streams, sizes, prices, ...asRun(outcome, plan, { demands, streams, objective, sizes }) };
  const findings: Findings = { session, workplace, cold, survey: found, cliff, operators, outcome, ...searched };
  const result = toResult(findings);
  session.progress.tell('done', result.summary);
  return { result, series: buildSeries(findings, result) };
}

function readPrices(file: string | undefined): PriceList {
  if (file === undefined) return DEFAULT_PRICES;
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw pricesUnreadable(file, (error as Error).message);
  }
  const prices = parsePriceList(text);
  if ('problems' in prices) throw pricesUnreadable(file, prices.problems.join('; '));
  return prices;
}

const SYNTHETIC_INPUTS = 16;

async function inputsFor(subject: Subject, { inputs, seed }: CheckedOptions): Promise<InputSet> {
  if (inputs !== undefined) {
    const set = toInputSet(inputs);
    if (set.inputs.length === 0) throw noInputs('the list of inputs');
    return set;
  }
  if (!subject.onnxFile) throw noInputs(`${subject.name}, which tells nobody what it takes,`);
  return syntheticInputs(await readSignature(subject.onnxFile), { count: SYNTHETIC_INPUTS, seed });
}

/** What a raw file belongs to: the same subject, inputs, objective and machine. */
function fingerprint(options: CheckedOptions, subject: Subject, inputs: InputSet): string {
  const { rate, percentile, latencyMs, target, pattern, maxCpu, maxMemoryInGB, maxReplicas, balancer, maxBatch } = options;
  const { speedFactor, speedUncertainty, seed, budget, verify, allowNoise, allowUnsteady } = options;
  const asked = { rate, percentile, latencyMs, target, pattern, maxCpu, maxMemoryInGB, maxReplicas, balancer, maxBatch };
  const how = { speedFactor, speedUncertainty, seed, budget, verify, allowNoise, allowUnsteady };
  const machine = [cpus()[0]?.model, availableParallelism()];
  const hash = createHash('sha256').update(JSON.stringify([asked, how, subject.described, machine]));
  for (const { body, contentType, weight } of inputs.inputs) hash.update(`\n${contentType ?? ''} ${weight ?? 1}\n`).update(body);
  return hash.digest('hex');
}

async function heaviestOperators(session: ProfileSession): Promise<readonly OperatorCost[]> {
  const { operatorProfiler } = session.options;
  const { onnxFile } = session.subject;
  if (!session.budget.operators || !operatorProfiler || !onnxFile) return [];
  const found = await session.step('operators', 'measure', 'timing the operators of the graph', () =>
    profileOperators(operatorProfiler, onnxFile, session.inputs.inputs),
  );
  if (found.reason) session.warnings.push(`the operators could not be timed: ${found.reason}`);
  return found.operators;
}

type MemoryOf = (candidate: Pick<Candidate, 'settings'>) => number;

/** The demands whose memory is allowed. @throws ProfileError OUT_OF_MEMORY where there is none */
function affordable(
  { mostMemoryInGB, warnings }: ProfileSession,
  demands: readonly MeasuredDemand[],
  memory: MemoryOf,
): readonly MeasuredDemand[] {
  const fitting = demands.filter(demand => memory(demand) <= mostMemoryInGB);
  if (fitting.length === 0) {
    const least = Math.min(...demands.map(memory));
    throw outOfMemory('its peak while loading and running, and a margin', least, mostMemoryInGB);
  }
  for (const demand of demands) {
    if (fitting.includes(demand)) continue;
    warnings.push(`${describeSettings(demand.settings)} would need ${memory(demand)} GB, more than is allowed, and was left out`);
  }
  return fitting;
}

/** Demands on the cores of the target, at the slow end of what is known of their speed. */
function forTarget(
  demands: readonly MeasuredDemand[],
  { speedFactor, speedUncertainty }: CheckedOptions,
): readonly MeasuredDemand[] {
  const factor = (1 + speedUncertainty) / speedFactor;
  return factor === 1 ? demands : demands.map(demand => scaleDemand(demand, factor));
}

/** What was searched, restated by what requests cost under the limits. */
function asRun(
  { costFactor, size }: Outcome,
  plan: ReplicaPlan,
  { demands, streams, objective, sizes }: Pick<Finalists, 'demands' | 'streams' | 'objective' | 'sizes'>,
): Pick<Findings, 'demands' | 'plan' | 'predicted'> {
  const restated = costFactor === 1 ? demands : demands.map(each => scaleDemand(each, costFactor));
  const candidates = costFactor === 1 ? plan.candidates : evaluate(restated, streams, objective, sizes);
  const predicted = candidates.find(each => each.cpu === size.cpu && sameSettings(each.settings, size.settings)) ?? plan.best;
  return { demands: restated, plan: { ...plan, candidates }, predicted };
}

interface SearchSpace {
  readonly demands: readonly MeasuredDemand[];
  readonly streams: readonly Workload[];
  readonly sizes: readonly number[];
  readonly prices: PriceList;
  readonly memory: MemoryOf;
}

function choosePlan(session: ProfileSession, { demands, streams, sizes, prices, memory }: SearchSpace): ReplicaPlan {
  const { rate, percentile, latencyMs, target, balancer, maxReplicas } = session.options;
  const objective: SearchObjective = { rate, percentile, latencyMs };
  const cheapestMemory = Math.min(...demands.map(memory));
  const plan = planReplicas(demands, streams, objective, sizes, {
    maxReplicas: target === 'aks' ? maxReplicas : 1,
    balancer,
    // the second term orders sizes that a meter, or the lack of one, makes equal
    cost: cpu => (costOf(target, { cpu, memoryInGB: cheapestMemory }, 1, prices, rate)?.perHour ?? 0) + 1e-6 * cpu,
  });
  if (plan) return plan;
  const best = bestAchievable(evaluate(demands, streams, objective, sizes));
  if (!best) throw unreachable(session, 'nothing: no legal size is that small');
  const most = Math.max(...demands.map(demand => demand.capacity)) * MAX_UTILISATION;
  throw unreachable(
    session,
    Number.isFinite(best.predictedMs) && best.utilisation <= MAX_UTILISATION
      ? `${inMs(best.predictedMs)} with ${cores(best.cpu)} and ${describeSettings(best.settings)}`
      : `${most.toFixed(0)} requests a second from one container`,
  );
}

function unreachable(session: ProfileSession, best: string): Error {
  const { rate, percentile, latencyMs, target, maxReplicas } = session.options;
  const limit = `${cores(session.mostCpu)}${target === 'aks' ? ` and ${maxReplicas} replicas` : ''}`;
  return targetUnreachable(`${percentileName(percentile)} ${inMs(latencyMs)} at ${rate} requests a second`, limit, best);
}
