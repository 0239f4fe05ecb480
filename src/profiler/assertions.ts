import type { ProfiledPercentile, ProfileResult } from '../sizing/profile-result';
import { optionInvalid } from './errors';
import { gigabytes, inMs, percentileName } from './summary';

/** What became of one condition. */
export interface AssertionOutcome {
  /** As it was given. */
  readonly assertion: string;
  readonly holds: boolean;
  /** What was compared, in the words of the report; absent where the profile cannot tell. */
  readonly found?: string;
  /** One sentence for a person. */
  readonly statement: string;
}

type Operator = '<=' | '<' | '>=' | '>' | '==';

interface Assertion {
  readonly text: string;
  readonly subject: Subject;
  readonly operator: Operator;
  /** In the unit of the subject; a word for `evidence`. */
  readonly limit: number | string;
}

/** The value to compare and how to say it, or why there is none. */
type Found = { readonly value: number | string; readonly said: string } | { readonly unknown: string };

interface Subject {
  /** Units that the limit may have, and what they are worth; none where it is a bare number. */
  readonly units?: Readonly<Record<string, number>>;
  /** What the limit may be, where it is a word. */
  readonly words?: readonly string[];
  /** Chosen, not measured: it can equal something. */
  readonly exact?: boolean;
  /** `towards` is the end of an interval that makes the condition harder to keep. */
  read(result: ProfileResult, towards: 'low' | 'high'): Found;
}

const TIME = { ms: 1, s: 1000 };
const MEMORY = { GB: 1, MB: 1 / 1024 };

const requests = (value: number): string => `${round(value)} requests a second`;
const given = (value: number | undefined, say: (value: number) => string, otherwise: string): Found =>
  value === undefined ? { unknown: otherwise } : { value, said: say(value) };
const NO_PRICE = 'the profile has no cost: nothing is metered on this target, or no price file was given';

const SUBJECTS: Readonly<Record<string, Subject>> = {
  cpu: { exact: true, read: ({ recommendedCpu }) => given(recommendedCpu, value => `${round(value)} cores`, '') },
  memory: { exact: true, units: MEMORY, read: ({ recommendedMemoryInGB }) => given(recommendedMemoryInGB, gigabytes, '') },
  replicas: { exact: true, read: ({ replicas = 1 }) => given(replicas, String, '') },
  'cpu-ms': {
    units: { '': 1, ms: 1 },
    read: ({ cpuMsPerRequest }) => given(cpuMsPerRequest, value => `${round(value)} CPU ms a request`, ''),
  },
  'cold-start': { units: TIME, read: ({ coldStartMs }) => given(coldStartMs, inMs, '') },
  capacity: { read: ({ capacity }) => given(capacity, requests, 'the profile has no capacity') },
  headroom: { read: ({ headroomRate }) => given(headroomRate, requests, 'the profile has no headroom') },
  utilization: { read: ({ utilization }) => given(utilization, value => String(round(value)), 'the profile has no utilization') },
  'cost-per-hour': { read: ({ cost }) => given(cost?.perHour, value => `${round(value)} ${cost?.currency}`, NO_PRICE) },
  'cost-per-1000': { read: ({ cost }) => given(cost?.per1000Requests, value => `${round(value)} ${cost?.currency}`, NO_PRICE) },
  evidence: { words: ['verified', 'modelled'], read: ({ evidence }) => ({ value: evidence, said: evidence }) },
};

const COMPARE: Readonly<Record<Operator, (found: number | string, limit: number | string) => boolean>> = {
  '<=': (found, limit) => found <= limit,
  '<': (found, limit) => found < limit,
  '>=': (found, limit) => found >= limit,
  '>': (found, limit) => found > limit,
  '==': (found, limit) => found === limit,
};

/**
 * Whether a profile keeps conditions such as `p95<=50ms`, `cpu<=1`, `memory<=0.8GB`, `cold-start<=5s` and `evidence==verified`.
 *
 * A percentile is judged by the end of its 95 % confidence interval that is worse for the condition, where it has one. A
 * percentile that the sample cannot bound keeps no condition, and neither does a value that the profile lacks.
 *
 * @throws ProfileError OPTION_INVALID for a condition that cannot be read
 */
export function checkAssertions(result: ProfileResult, assertions: readonly string[]): AssertionOutcome[] {
  return assertions.map(parse).map(assertion => judge(assertion, result));
}

/** @throws ProfileError OPTION_INVALID for the first condition that cannot be read: to be called before anything is measured */
export function checkAssertionSyntax(assertions: readonly string[]): void {
  assertions.forEach(parse);
}

function judge({ text, subject, operator, limit }: Assertion, result: ProfileResult): AssertionOutcome {
  const found = subject.read(result, operator.startsWith('>') ? 'low' : 'high');
  if ('unknown' in found) return { assertion: text, holds: false, statement: `${text} cannot be told: ${found.unknown}` };
  const holds = COMPARE[operator](found.value, limit);
  return { assertion: text, holds, found: found.said, statement: `${text} ${holds ? 'holds' : 'fails'}: ${found.said}` };
}

function parse(text: string): Assertion {
  const match = /^\s*([a-z][a-z0-9.-]*)\s*(<=|>=|==|<|>)\s*(\S+)\s*$/.exec(text);
  if (match === null) throw optionInvalid('assert', `"${text}"`, 'a condition such as p95<=50ms, cpu<=1 or evidence==verified');
  const [, name, operator, limit] = match;
  const subject = subjectOf(name);
  if (subject === undefined) {
    throw optionInvalid('assert', `"${text}"`, `one of p50 to p99.9, ${Object.keys(SUBJECTS).join(', ')} on the left`);
  }
  if (subject.words ? operator !== '==' : operator === '==' && !subject.exact) {
    throw optionInvalid('assert', `"${text}"`, subject.words ? `${name}==${subject.words[0]}` : `${name}<=… or ${name}>=…`);
  }
  return { text: text.trim(), subject, operator: operator as Operator, limit: limitOf(text, name, subject, limit) };
}

function limitOf(text: string, name: string, { units = { '': 1 }, words }: Subject, limit: string): number | string {
  if (words?.includes(limit)) return limit;
  if (words) throw optionInvalid('assert', `"${text}"`, `${name}==${words.join(` or ${name}==`)}`);
  const match = /^(\d+(?:\.\d+)?|\.\d+)([A-Za-z]*)$/.exec(limit);
  const [, amount, unit] = match ?? [];
  if (match === null || !Object.hasOwn(units, unit)) {
    const named = Object.keys(units).filter(Boolean);
    throw optionInvalid(
      'assert',
      `"${text}"`,
      named.length > 0 ? `a number with ${named.join(' or ')}` : 'a number without a unit',
    );
  }
  return Number(amount) * units[unit];
}

function subjectOf(name: string): Subject | undefined {
  if (Object.hasOwn(SUBJECTS, name)) return SUBJECTS[name];
  const percent = /^p(\d{2}(?:\.\d+)?)$/.exec(name);
  if (percent === null || Number(percent[1]) < 50) return undefined;
  const percentile = Number((Number(percent[1]) / 100).toFixed(6));
  return { units: TIME, read: (result, towards) => latency(result, percentile, towards) };
}

function latency(result: ProfileResult, percentile: number, towards: 'low' | 'high'): Found {
  const stated = result.percentiles?.find(each => Math.abs(each.percentile - percentile) < 1e-9) ?? older(result, percentile);
  const name = percentileName(percentile);
  if (stated === undefined) return { unknown: `the profile does not tell ${name}` };
  if (!stated.resolved || stated.latencyMs === undefined) {
    const worth = Math.floor(stated.effectiveSamples);
    return { unknown: `${name} is not resolvable with ${stated.samples} requests, worth ${worth} that are independent` };
  }
  if (stated.intervalMs === undefined) return { value: stated.latencyMs, said: inMs(stated.latencyMs) };
  const [low, high] = stated.intervalMs;
  const [end, value] = towards === 'high' ? ['upper', high] : ['lower', low];
  return { value, said: `${inMs(stated.latencyMs)}, ${end} confidence bound ${inMs(value)}` };
}

/** The percentile in a profile that has no list of them. */
function older(result: ProfileResult, percentile: number): ProfiledPercentile | undefined {
  const fields: Readonly<Record<string, number | undefined>> = {
    p50: result.latencyPercentile50InMs,
    p90: result.latencyPercentile90InMs,
    p95: result.latencyPercentile95InMs,
    p99: result.latencyPercentile99InMs,
    'p99.9': result.latencyPercentile999InMs,
  };
  const name = percentileName(percentile);
  if (!Object.hasOwn(fields, name)) return undefined;
  const latencyMs = fields[name];
  const { verification, objective } = result;
  const samples = verification?.requests ?? result.totalQueries;
  const intervalMs = objective.percentile === percentile ? verification?.latencyIntervalMs : undefined;
  return { percentile, resolved: latencyMs !== undefined, latencyMs, intervalMs, samples, effectiveSamples: samples };
}

const round = (value: number): number => Number(value.toPrecision(4));
