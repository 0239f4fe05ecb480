import * as fs from 'fs';
import type { ProfileResult } from '../sizing/profile-result';
import { optionInvalid } from './errors';
import { compareSamples } from './mann-whitney';
import { median } from './statistics';
import { inMs } from './summary';

/** How a profile compares with a former one. */
export interface BaselineComparison {
  /**
   * `regression`: a request costs significantly more CPU time, and at least 3 % more. `improvement`: the mirror image.
   * `unchanged`: neither was shown. `incomparable`: one of the two profiles lacks the samples, or has too few.
   */
  readonly verdict: 'regression' | 'improvement' | 'unchanged' | 'incomparable';
  /** CPU time per request, the former restated at this profile's core speed; absent where one has no samples. */
  readonly cpu?: CpuComparison;
  /** What is chosen or billed differently. A changed size is told, and is no regression by itself: it may be one step of chance. */
  readonly changes: readonly BaselineChange[];
  /** Why the comparison says less than it could. */
  readonly cautions: readonly string[];
  /** One sentence for a person. */
  readonly statement: string;
}

export interface CpuComparison {
  /** Milliseconds per request; medians. */
  readonly beforeMs: number;
  readonly afterMs: number;
  /** after / before, and its 95 % confidence interval. */
  readonly ratio: number;
  readonly ratioInterval: readonly [number, number];
  /** One-sided, of the Mann–Whitney U test. */
  readonly pValue: number;
  /** −1 to 1. */
  readonly cliffsDelta: number;
  /** Measuring windows of the former and of this profile. */
  readonly windows: readonly [number, number];
  /** Core speed of this profile's machine as a multiple of the former's. */
  readonly coreSpeedRatio: number;
}

export interface BaselineChange {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** A change must be beyond chance (error rate) and worth a word (share of the CPU time). */
const ERROR = 0.01;
const WORTH = 1.03;
/** Windows with a usual spread of 3 % show a 5 % change in 9 of 10 cases from so many on. */
const ENOUGH_WINDOWS = 12;

/**
 * Compares the CPU time that requests cost, by its samples in both profiles, and tells what else changed.
 *
 * CPU time and not latency, since it hardly depends on what else the machines did. Both profiles' machines measured their own
 * cores' speed meanwhile; the former samples are restated at this one's.
 */
export function compareToBaseline(result: ProfileResult, baseline: ProfileResult): BaselineComparison {
  const before = baseline.cpuMsSamples ?? [];
  const after = result.cpuMsSamples ?? [];
  const changes = changesBetween(baseline, result);
  const speed = coreSpeedRatio(baseline, result);
  if (before.length === 0 || after.length === 0) {
    const which = before.length === 0 ? 'the baseline' : 'this profile';
    const statement = `incomparable: ${which} has no samples of CPU time; measure it again with this version`;
    return { verdict: 'incomparable', changes, cautions: [], statement };
  }
  const restated = before.map(ms => ms / speed);
  const { pValue, ratio, ratioInterval, cliffsDelta } = compareSamples(restated, after);
  const cpu: CpuComparison = {
    ...{ beforeMs: median(restated), afterMs: median(after), ratio, ratioInterval, pValue, cliffsDelta },
    windows: [before.length, after.length],
    coreSpeedRatio: speed,
  };
  const cautions = cautionsOf(baseline, result, cpu);
  if (!canBeShown(before.length, after.length)) {
    const statement = `incomparable: ${before.length} and ${after.length} measuring windows are too few to tell a change from chance`;
    return { verdict: 'incomparable', cpu, changes, cautions, statement };
  }
  const dearer = pValue < ERROR && ratio >= WORTH;
  const cheaper = ratio <= 1 / WORTH && compareSamples(after, restated).pValue < ERROR;
  const verdict = dearer ? 'regression' : cheaper ? 'improvement' : 'unchanged';
  return { verdict, cpu, changes, cautions, statement: stated(verdict, cpu) };
}

/**
 * Reads a former profile.
 *
 * @throws ProfileError OPTION_INVALID where the file is none, or records a failure
 */
export function readBaseline(file: string): ProfileResult {
  const allowed = 'a profile.json that model-serving profile wrote';
  let found: unknown;
  try {
    found = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw optionInvalid('baseline', `${file}: ${(error as Error).message}`, allowed);
  }
  if (!isProfile(found)) throw optionInvalid('baseline', `${file}, which is no profile of this version`, allowed);
  if (found.state !== 'Succeeded') throw optionInvalid('baseline', `${file}, which records a failure`, 'one that succeeded');
  return found;
}

function isProfile(found: unknown): found is ProfileResult {
  const profile = (found ?? {}) as Partial<Record<keyof ProfileResult, unknown>>;
  const objective = (profile.objective ?? {}) as Partial<Record<string, unknown>>;
  const { cpuMsSamples: samples = [] } = profile;
  return (
    profile.schemaVersion === 1 &&
    [profile.recommendedCpu, profile.recommendedMemoryInGB, profile.cpuMsPerRequest, objective.rate].every(isAmount) &&
    Array.isArray(samples) &&
    samples.every(isAmount) &&
    typeof profile.sessionOptions === 'object' &&
    typeof profile.machine === 'object'
  );
}

const isAmount = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** Whether samples of these sizes can be significant at all: one way to draw the ranks of all must be rare enough. */
function canBeShown(n: number, m: number): boolean {
  let ways = 1;
  for (let i = 1; i <= n; i++) ways *= (m + i) / i;
  return 1 / ways < ERROR;
}

function coreSpeedRatio(baseline: ProfileResult, result: ProfileResult): number {
  const ratio = (result.transfer?.hostGigaMultiplyAdds ?? NaN) / (baseline.transfer?.hostGigaMultiplyAdds ?? NaN);
  return Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
}

function changesBetween(before: ProfileResult, after: ProfileResult): BaselineChange[] {
  const read: Readonly<Record<string, (profile: ProfileResult) => string | undefined>> = {
    cores: profile => String(profile.recommendedCpu),
    'memory, GB': profile => String(profile.recommendedMemoryInGB),
    replicas: profile => String(profile.replicas ?? 1),
    threads: profile => String(profile.sessionOptions?.intraOpNumThreads),
    workers: profile => String(profile.sessionOptions?.workers ?? 1),
    'cost per hour': ({ cost }) => cost && `${cost.perHour} ${cost.currency}`,
  };
  return Object.entries(read).flatMap(([what, of]) => {
    const [was, is] = [of(before), of(after)];
    return was === undefined || is === undefined || was === is ? [] : [{ what, before: was, after: is }];
  });
}

function cautionsOf(baseline: ProfileResult, result: ProfileResult, { windows }: CpuComparison): string[] {
  const cautions: string[] = [];
  const fewest = Math.min(...windows);
  if (fewest < ENOUGH_WINDOWS) cautions.push(`with ${fewest} measuring windows a change of 5 % is often missed: not --quick`);
  if (!baseline.transfer || !result.transfer) cautions.push('core speed was not recorded, so CPU times are compared as they are');
  if (baseline.machine.cpuModel !== result.machine.cpuModel) {
    cautions.push(
      `${baseline.machine.cpuModel} and ${result.machine.cpuModel} differ in more than speed: the comparison is rough`,
    );
  }
  if (baseline.objective.rate !== result.objective.rate) cautions.push('the two profiles were made for different rates');
  if (baseline.inputs && result.inputs && baseline.inputs.source !== result.inputs.source)
    cautions.push('the two profiles were made with different inputs');
  return cautions;
}

function stated(verdict: 'regression' | 'improvement' | 'unchanged', cpu: CpuComparison): string {
  const percent = (ratio: number): string => `${ratio >= 1 ? '+' : '−'}${Math.abs((ratio - 1) * 100).toFixed(1)} %`;
  const range = `${percent(cpu.ratioInterval[0])} to ${percent(cpu.ratioInterval[1])}`;
  const change = `${percent(cpu.ratio)} (${range}) of CPU time a request`;
  const times = `${inMs(cpu.beforeMs)} before, ${inMs(cpu.afterMs)} now`;
  return `${verdict}: ${change}; ${times}`;
}
