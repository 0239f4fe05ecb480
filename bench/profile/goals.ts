import { mean, median, quantile, sorted, Verdict } from '../../src/profiler/statistics';
import { costOf } from '../../src/sizing/cost';
import { DEFAULT_PRICES } from '../../src/sizing/price-list';
import { BenchCase, BenchModel, CASES, MODELS, SMALL_NETWORK } from './cases';
import { flagsNoise, recommendationOf } from './command';
import { CONVOLUTIONS, IDLE, Ledger, REPEATED, REPLICATED } from './ledger';
import { stepBelow } from './parts/holds';
import type { Oracle } from './parts/oracle';
import type { MatchedCheck } from './parts/matched';
import type { Prediction } from './parts/prediction';
import type { Answer } from './parts/repeats';
import type { ProfileResult } from '../../src/sizing/profile-result';

/** One goal and what was measured. */
export interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  /** Absent where nothing was measured. */
  readonly met?: boolean;
}

const STEP = 0.1;
const EPSILON = 1e-6;

export function goalsOf(ledger: Ledger): Goal[] {
  return [
    holds(ledger),
    outOfMemory(ledger),
    tight(ledger),
    cores(ledger),
    cost(ledger),
    capacity(ledger),
    latencyOfRuns(ledger),
    latency(ledger),
    ...replicas(ledger),
    memory(ledger),
    ...sessionOptions(ledger),
    time(ledger),
    quick(ledger),
    sameAnswer(ledger),
    sameBytes(ledger),
    flagged(ledger),
    answerBesideNeighbour(ledger),
    falseFlags(ledger),
    stall(ledger),
  ];
}

function holds(ledger: Ledger): Goal {
  const found = present(CASES.map(bench => ledger.holding(bench).get()));
  const count = found.filter(each => each.verdict === 'holds').length;
  const unresolved = found.filter(each => each.verdict === 'unresolved').length;
  // no answer is no answer that holds
  const total = found.length + CASES.filter(bench => ledger.profile(bench).get() && !succeeded(ledger, bench)).length;
  return {
    what: 'recommendation holds in a fresh group, new seeds, 95 % confidence',
    goal: '≥ 19 of 20',
    measured: `${count} of ${total}` + (unresolved > 0 ? `; ${unresolved} undecided` : ''),
    met: total === 0 ? undefined : count >= 0.95 * total,
  };
}

function outOfMemory(ledger: Ledger): Goal {
  const found = present(CASES.map(bench => ledger.holding(bench).get()));
  const count = found.filter(each => each.outOfMemory).length;
  return { what: 'out of memory there', goal: '0', measured: String(count), met: found.length === 0 ? undefined : count === 0 };
}

function tight(ledger: Ledger): Goal {
  const found = present(CASES.map(bench => stepBelowOf(ledger, bench)));
  const what = 'tight: one step below does not hold in fresh groups, new seeds';
  if (found.length === 0) return unmeasured(what, '≥ 16 of 20');
  const kinds = (['fails', 'unresolved', 'none'] as const).map(kind => found.filter(each => each === kind).length);
  const [failed, unresolved, smallest] = kinds;
  const count = failed + unresolved + smallest;
  const words = [
    `${failed} shown to fail`,
    `${unresolved} not shown to hold`,
    ...(smallest > 0 ? [`${smallest} the smallest size`] : []),
  ];
  return {
    ...{ what, goal: '≥ 16 of 20' },
    measured: `${count} of ${found.length} (${words.join(', ')})`,
    met: count >= 0.8 * found.length,
  };
}

/** How the size one step below the recommended one did; `none` where there is none. */
export function stepBelowOf(ledger: Ledger, bench: BenchCase): Verdict | 'none' | undefined {
  const profile = succeeded(ledger, bench);
  if (!profile) return undefined;
  return stepBelow(recommendationOf(profile)) ? ledger.below(bench).get()?.verdict : 'none';
}

/** Recommended cores as a multiple of the cheapest that brute force found. */
export function coresRatio(profile: ProfileResult | undefined, oracle: Oracle | undefined): number | undefined {
  return profile && oracle?.cpu !== undefined ? profile.recommendedCpu / oracle.cpu : undefined;
}

/** The same in money, as the target bills it, with the recommended memory for both; in cores where the target has no meter. */
export function costRatio(
  { target, rate }: BenchCase,
  profile: ProfileResult | undefined,
  oracle: Oracle | undefined,
): number | undefined {
  const perHour = (cpu: number, memoryInGB: number) =>
    costOf(target, { cpu, memoryInGB }, 1, DEFAULT_PRICES, rate)?.perHour ?? cpu;
  return profile && oracle?.cpu !== undefined
    ? perHour(profile.recommendedCpu, profile.recommendedMemoryInGB) / perHour(oracle.cpu, profile.recommendedMemoryInGB)
    : undefined;
}

const cores = (ledger: Ledger): Goal =>
  besideBruteForce('cores, as a multiple of what brute force finds', bench =>
    coresRatio(succeeded(ledger, bench), ledger.oracle(bench).get()),
  );

const cost = (ledger: Ledger): Goal =>
  besideBruteForce('cost per hour as the target bills it, as a multiple of that size with the same memory', bench =>
    costRatio(bench, succeeded(ledger, bench), ledger.oracle(bench).get()),
  );

function besideBruteForce(what: string, ratioOf: (bench: BenchCase) => number | undefined): Goal {
  const ratios = present(CASES.map(ratioOf));
  const goal = 'median ≤ 1.05, worst ≤ 1.15';
  if (ratios.length === 0) return unmeasured(what, goal);
  const [middle, worst] = [median(ratios), Math.max(...ratios)];
  const measured = `median ${middle.toFixed(2)}, worst ${worst.toFixed(2)}`;
  return { what, goal, measured, met: middle <= 1.05 + EPSILON && worst <= 1.15 + EPSILON };
}

/** Restated at the speed that the cores had during the profile: throughput grows with it. */
export const capacityError = ({ predicted, measured, speedRatio }: Prediction): number =>
  Math.abs((predicted * speedRatio) / measured - 1);

/** Restated likewise: a faster core waits less, at least in proportion. */
export const latencyError = ({ predicted, measured, speedRatio }: Omit<Prediction, 'cpu'>): number =>
  Math.abs(predicted / speedRatio / measured - 1);

function capacity(ledger: Ledger): Goal {
  const errors = present(CASES.map(bench => ledger.capacity(bench).get())).map(capacityError);
  const what = 'predicted capacity, error';
  if (errors.length === 0) return unmeasured(what, 'median ≤ 3 %');
  return {
    ...{ what, goal: 'median ≤ 3 %' },
    measured: `median ${percent(median(errors))}, worst ${percent(Math.max(...errors))}`,
    met: median(errors) <= 0.03,
  };
}

/** Of each fresh run, computed for the arrivals that it had. */
export const matchedErrors = ({ runs }: MatchedCheck): number[] => runs.map(latencyError);

function latencyOfRuns(ledger: Ledger): Goal {
  const errors = present(CASES.map(bench => ledger.matched(bench).get())).map(found => median(matchedErrors(found)));
  const what = 'predicted percentile, for the arrivals that each fresh run had, error';
  const goal = 'median ≤ 10 %, worst ≤ 20 %';
  if (errors.length === 0) return unmeasured(what, goal);
  const [middle, worst] = [median(errors), Math.max(...errors)];
  return { what, goal, measured: `median ${percent(middle)}, worst ${percent(worst)}`, met: middle <= 0.1 && worst <= 0.2 };
}

function latency(ledger: Ledger): Goal {
  const errors = present(CASES.map(bench => ledger.latency(bench).get())).map(latencyError);
  const what = 'the same, for any arrivals, against the middle of three runs';
  const goal = 'median ≤ 10 %, worst ≤ 20 %';
  if (errors.length === 0) return unmeasured(what, goal);
  const [middle, worst] = [median(errors), Math.max(...errors)];
  return { what, goal, measured: `median ${percent(middle)}, worst ${percent(worst)}`, met: middle <= 0.1 && worst <= 0.2 };
}

function replicas(ledger: Ledger): Goal[] {
  const found = REPLICATED.flatMap(({ bench }) => ledger.replicas(bench).get() ?? []);
  const error = 'p95 of two replicas behind a balancer, for the arrivals that they had, error';
  const more = 'a balancer that picks at random takes more replicas than one that pools';
  if (found.length === 0) return [unmeasured(error, '≤ 15 %'), unmeasured(more, 'as computed')];
  const errors = found.map(({ pooled, random }) => [latencyError(pooled), latencyError(random)]);
  const told = found.map(({ rate, promise, pooled, random }) => {
    const { latencyMs } = promise;
    const counts = `${promise.pooled ?? 'no number'} pooled and ${promise.random ?? 'no number'} at random`;
    return `${counts} for p95 ≤ ${latencyMs} ms at ${rate}/s, where two took ${pooled.measured.toFixed(0)} and ${random.measured.toFixed(0)} ms`;
  });
  const agrees = found.map(
    ({ promise: { latencyMs, pooled = Infinity, random = Infinity }, ...measured }) =>
      pooled < random && measured.pooled.measured <= latencyMs && measured.random.measured > latencyMs,
  );
  return [
    {
      ...{ what: error, goal: '≤ 15 %' },
      measured: errors.map(([pooled, random]) => `pooled ${percent(pooled)}, random ${percent(random)}`).join('; '),
      met: errors.flat().every(each => each <= 0.15),
    },
    { what: more, goal: 'as computed', measured: told.join('; '), met: agrees.every(Boolean) },
  ];
}

function memory(ledger: Ledger): Goal {
  const found = present(MODELS.map(model => ledger.memory(model).get()));
  const what = 'memory before rounding, as a multiple of the smallest limit without slowdown';
  const goal = '1 to 1.30 in all';
  if (found.length === 0) return unmeasured(what, goal);
  const ratios = present(found.map(each => each.smallestInGB && each.beforeRoundingInGB / each.smallestInGB));
  const good = ratios.filter(ratio => ratio >= 1 && ratio <= 1.3).length;
  const range = ratios.length === 0 ? '' : `; ${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  const measured = `${good} of ${found.length}${range}`;
  return { what, goal, measured, met: good === found.length };
}

function sessionOptions(ledger: Ledger): Goal[] {
  const loaded = CONVOLUTIONS.map((model): Goal => {
    const found = ledger.options(model).get();
    const what = `session options against ONNX Runtime's defaults at one core, ${model.title}`;
    const goal = '≥ 15 % throughput or ≥ 30 % p95';
    if (!found) return unmeasured(what, goal);
    const more = found.chosen.throughput / found.defaults.throughput - 1;
    const sooner = 1 - found.chosen.p95Ms / found.defaults.p95Ms;
    const measured = `${percent(more)} more throughput, p95 ${percent(sooner)} lower`;
    return { what, goal, measured, met: more >= 0.15 || sooner >= 0.3 };
  });
  return [...loaded, ...IDLE.map(model => idleCost(ledger, model))];
}

function idleCost(ledger: Ledger, model: BenchModel): Goal {
  const found = ledger.idleCost(model).get();
  const what = `CPU per request at 10 requests a second against the defaults, ${model.title}`;
  // ONNX Runtime gives the threads of a smaller one nothing to do
  const goal = model === SMALL_NETWORK ? '≤ 1/20' : 'no more';
  if (!found) return unmeasured(what, goal);
  const { chosen, defaults } = found;
  const measured = `1/${(defaults / chosen).toFixed(1)} (${chosen.toFixed(2)} and ${defaults.toFixed(2)} ms)`;
  return { what, goal, measured, met: chosen <= (model === SMALL_NETWORK ? defaults / 20 : 1.05 * defaults) };
}

function time(ledger: Ledger): Goal {
  const runs = present(CASES.filter(({ model }) => !model.large).map(bench => ledger.profile(bench).get()));
  const seconds = runs.map(run => run.wallMs / 1000);
  const what = 'time to a verified answer, models up to 100 MB';
  const goal = 'median ≤ 60 s, p95 ≤ 120 s';
  if (seconds.length === 0) return unmeasured(what, goal);
  const [middle, late] = [median(seconds), quantile(sorted(seconds), 0.95)];
  const verified = runs.filter(run => run.profile?.evidence === 'verified').length;
  const measured = `median ${middle.toFixed(0)} s, p95 ${late.toFixed(0)} s; ${verified} of ${runs.length} verified`;
  return { what, goal, measured, met: middle <= 60 && late <= 120 };
}

function quick(ledger: Ledger): Goal {
  const runs = present(MODELS.filter(model => !model.large).map(model => ledger.quick(model).get()));
  const what = '`--quick`, models up to 100 MB';
  const goal = '≤ 15 s, and marked';
  if (runs.length === 0) return unmeasured(what, goal);
  const worst = Math.max(...runs.map(run => run.wallMs / 1000));
  const marked = runs.filter(run => run.profile?.budget === 'quick').length;
  const measured = `at most ${worst.toFixed(1)} s; ${marked} of ${runs.length} marked`;
  return { what, goal, measured, met: worst <= 15 && marked === runs.length };
}

function sameAnswer(ledger: Ledger): Goal {
  const sets = REPEATED.map(bench => ledger.all(index => ledger.repeat(bench, index))).filter(set => set.length > 0);
  const what = 'the same answer again, quiet machine';
  const goal = '≥ 9 of 10; within one step always';
  if (sets.length === 0) return unmeasured(what, goal);
  const each = sets.map(set => ({
    usual: shareOfUsual(set),
    near: set.every(answer => withinOneStep(answer, usualOf(set))),
    cv: variation(set),
  }));
  const measured = each.map(
    ({ usual, near, cv }) => `${percent(usual)}${near ? '' : ', not all within one step'}, CPU time varies by ${percent(cv)}`,
  );
  return { what, goal, measured: measured.join('; '), met: each.every(({ usual, near }) => usual >= 0.9 && near) };
}

function sameBytes(ledger: Ledger): Goal {
  const found = present(REPEATED.map(bench => ledger.sameBytes(bench).get()));
  const what = 'the same raw file again';
  if (found.length === 0) return unmeasured(what, 'same bytes');
  return { what, goal: 'same bytes', measured: found.every(Boolean) ? 'same bytes' : 'other bytes', met: found.every(Boolean) };
}

function flagged(ledger: Ledger): Goal {
  const all = REPEATED.flatMap(bench => ledger.all(index => ledger.noise(bench, index)));
  return share(
    'a busy neighbour on one core is flagged',
    '≥ 95 %',
    all,
    each => each.flagged,
    measured => measured >= 0.95,
  );
}

function answerBesideNeighbour(ledger: Ledger): Goal {
  const all = REPEATED.flatMap(bench => {
    const usual = usualOf(ledger.all(index => ledger.repeat(bench, index)));
    return ledger.all(index => ledger.noise(bench, index)).map(answer => withinOneStep(answer, usual));
  });
  return share(
    'the answer beside it is within one step of the quiet one',
    '≥ 8 of 10',
    all,
    Boolean,
    measured => measured >= 0.8,
  );
}

function falseFlags(ledger: Ledger): Goal {
  const all = [
    ...present(CASES.map(bench => ledger.profile(bench).get())).map(flagsNoise),
    // the first repeat is the case's own profile
    ...REPEATED.flatMap(bench => ledger.all(index => ledger.repeat(bench, index + 1))).map(answer => answer.flagged),
  ];
  return share('flagged without a neighbour', '≤ 5 %', all, Boolean, measured => measured <= 0.05);
}

function stall(ledger: Ledger): Goal {
  const found = present([ledger.stall('constant').get(), ledger.stall('poisson').get()]);
  const what = 'p99 with a stall of one second, against computation';
  if (found.length === 0) return unmeasured(what, 'within 10 %');
  const errors = found.map(({ reportedMs, analyticMs }) => Math.abs(reportedMs / analyticMs - 1));
  const measured = `${errors.map(percent).join(' and ')} off`;
  return { what, goal: 'within 10 %', measured, met: errors.every(error => error <= 0.1) };
}

function share<T>(
  what: string,
  goal: string,
  all: readonly T[],
  is: (each: T) => boolean,
  meets: (share: number) => boolean,
): Goal {
  if (all.length === 0) return unmeasured(what, goal);
  const count = all.filter(is).length;
  return { what, goal, measured: `${count} of ${all.length}`, met: meets(count / all.length) };
}

/** The answer that came most often. */
export function usualOf(answers: readonly Answer[]): string | undefined {
  const keys = answers.map(keyOf);
  const counted = (key: string | undefined) => keys.filter(each => each === key).length;
  return [...keys].sort((a, b) => counted(b) - counted(a))[0];
}

const shareOfUsual = (answers: readonly Answer[]): number =>
  answers.filter(answer => keyOf(answer) === usualOf(answers)).length / answers.length;

/** "0.5 cores, 0.2 GB, 1 × 1 threads"; the same for the same recommendation. */
const keyOf = ({ answer }: Answer): string | undefined =>
  answer && [answer.cpu, answer.memoryInGB, answer.settings.threads, answer.settings.workers].join(' ');

function withinOneStep({ answer }: Answer, usual: string | undefined): boolean {
  if (!answer || usual === undefined) return false;
  const [cpu, memoryInGB] = usual.split(' ').map(Number);
  return Math.abs(answer.cpu - cpu) <= STEP + EPSILON && Math.abs(answer.memoryInGB - memoryInGB) <= STEP + EPSILON;
}

function variation(answers: readonly Answer[]): number {
  const costs = present(answers.map(answer => answer.cpuMsPerRequest));
  const centre = mean(costs);
  return Math.sqrt(mean(costs.map(cost => (cost - centre) ** 2))) / centre;
}

export function succeeded(ledger: Ledger, bench: BenchCase): ProfileResult | undefined {
  const profile = ledger.profile(bench).get()?.profile;
  return profile?.state === 'Succeeded' ? profile : undefined;
}

const unmeasured = (what: string, goal: string): Goal => ({ what, goal, measured: '–' });
const present = <T>(values: ReadonlyArray<T | undefined>): T[] => values.filter(value => value !== undefined);
export const percent = (value: number): string => `${(value * 100).toFixed(Math.abs(value) < 0.1 ? 1 : 0)} %`;
