import { Annotations } from 'cdktf';
import { IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';
import { boundText, fittingAlternative, LatencyBound, Question, shortfalls } from './coverage';
import {
  profileCoversLess,
  profileIsStale,
  profileModelUnknown,
  profileNeedsReplicas,
  profileOfOtherTarget,
  profileQuestionInvalid,
  profileSizeModelled,
} from './errors';
import { ProfiledAlternative, ProfiledSessionOptions, ProfileResult, ProfileTarget } from './profile-result';
import { readProfile } from './read-profile';

/** What a profile must cover to be used. Whatever is left out is taken as the profile has it. */
export interface FromProfileOptions {
  /**
   * Target that the profile must have been measured for, and that the service must run on: `local`, `aci`, `aks` or `edge`.
   * @default - any: the profiled size is rounded up to what the service's target keeps
   */
  readonly target?: string;

  /**
   * Requests per second that the service must carry.
   * @default - what the profile was measured for
   */
  readonly rate?: number;

  /**
   * Latency that must hold at the profile's percentile, milliseconds.
   * @default - what the profile was measured for
   */
  readonly latencyMs?: number;

  /**
   * Latency that half of the requests must stay below, milliseconds.
   * @default - what the profile was measured for
   */
  readonly p50?: number;

  /**
   * Latency that 90 % of the requests must stay below, milliseconds.
   * @default - what the profile was measured for
   */
  readonly p90?: number;

  /**
   * Latency that 95 % of the requests must stay below, milliseconds.
   * @default - what the profile was measured for
   */
  readonly p95?: number;

  /**
   * Latency that 99 % of the requests must stay below, milliseconds.
   * @default - what the profile was measured for
   */
  readonly p99?: number;
}

/** A size as the profile has it: not yet rounded to the target. @internal */
export interface ProfiledSize {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly intraOpThreads: number;
  readonly allowSpinning: boolean;
  readonly workers?: number;
  readonly maxBatch?: number;
  readonly targetUtilization?: number;
}

/** Where the size is to be used. @internal */
export interface ProfileUse {
  readonly target: ProfileTarget;
  readonly modelDigests: readonly string[];
}

/** Reads a profile and takes the size that covers what is asked. Throws where none does; annotates what to know about it. @internal */
export function sizeFromProfile(scope: IConstruct, file: string, options: FromProfileOptions, use: ProfileUse): ProfiledSize {
  throwAll(checkQuestion(scope, file, options));
  const profile = readProfile(scope, file);
  throwAll(checkTarget(scope, file, options.target, { use: use.target, profile: profile.objective.target }));
  checkModel(scope, file, profile, use.modelDigests);
  const question = asQuestion(options, profile);
  const missed = shortfalls(profile, question);
  const alternative = missed.length === 0 ? undefined : fittingAlternative(profile, question);
  if (alternative !== undefined) return modelled(scope, file, question, alternative);
  throwAll(missed.map(({ asked, measured }) => profileCoversLess(scope, file, asked, measured)));
  return recommended(scope, file, profile, use.target);
}

/** Another model is an error; where the profile cannot know the model, a warning says what is then nobody's check. */
function checkModel(scope: IConstruct, file: string, { model }: ProfileResult, served: readonly string[]): void {
  const isModel = model.kind === undefined || model.kind === 'onnx';
  const profiled = model.modelSha256 ?? (isModel ? model.sha256 : undefined);
  if (profiled === undefined) Annotations.of(scope).addWarning(profileModelUnknown(file, model.file));
  else if (!served.includes(profiled)) Annotations.of(scope).addError(profileIsStale(file, profiled, served));
}

function recommended(scope: IConstruct, file: string, profile: ProfileResult, target: ProfileTarget): ProfiledSize {
  const { replicas = 1, objective, scaling, recommendedCpu, recommendedMemoryInGB, sessionOptions } = profile;
  if (replicas > 1) Annotations.of(scope).addWarning(profileNeedsReplicas(file, objective.rate, replicas));
  return {
    cpu: recommendedCpu,
    memoryInGB: recommendedMemoryInGB,
    ...settings(sessionOptions),
    targetUtilization: target === 'aks' ? wholePercent(scaling?.targetCpuUtilizationPercent) : undefined,
  };
}

function modelled(scope: IConstruct, file: string, { rate, bounds }: Question, alternative: ProfiledAlternative): ProfiledSize {
  const { cpu, memoryInGB, evidence, sessionOptions } = alternative;
  const asked = [...bounds.map(boundText), ...(rate === undefined ? [] : [`${rate} requests a second`])].join(' and ');
  if (evidence !== 'verified') Annotations.of(scope).addWarning(profileSizeModelled(file, asked, cpu, memoryInGB));
  return { cpu, memoryInGB, ...settings(sessionOptions) };
}

const settings = ({ intraOpNumThreads, allowSpinning, workers, maxBatch }: ProfiledSessionOptions) => ({
  intraOpThreads: intraOpNumThreads,
  allowSpinning,
  workers,
  maxBatch,
});

/** As Kubernetes takes it; nothing where the profile has no number. */
const wholePercent = (percent: number | undefined) =>
  percent === undefined || !Number.isFinite(percent) ? undefined : Math.min(100, Math.max(1, Math.floor(percent)));

const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

function asQuestion(options: FromProfileOptions, { objective }: ProfileResult): Question {
  const named = Object.entries(PERCENTILES) as Array<[keyof typeof PERCENTILES, number]>;
  const asked: Array<[number, number | undefined]> = [
    [objective.percentile, options.latencyMs],
    ...named.map(([name, percentile]): [number, number | undefined] => [percentile, options[name]]),
  ];
  const bounds = asked.flatMap(([percentile, latencyMs]): LatencyBound[] =>
    latencyMs === undefined ? [] : [{ percentile, latencyMs }],
  );
  return { rate: options.rate, bounds };
}

function checkQuestion(scope: IConstruct, file: string, options: FromProfileOptions): ValidationError[] {
  const { target: _target, ...numbers } = options;
  return Object.entries(numbers)
    .filter((entry): entry is [string, number] => entry[1] !== undefined)
    .filter(([, value]) => !(isKnown(value) && Number.isFinite(value) && value > 0))
    .map(([what, value]) => profileQuestionInvalid(scope, file, what, isKnown(value) ? `${value}` : 'known only at apply'));
}

/** A profile without a named target serves every target: a size that was measured holds wherever it is rounded up. */
function checkTarget(
  scope: IConstruct,
  file: string,
  asked: string | undefined,
  found: { readonly use: string; readonly profile: string },
): ValidationError[] {
  if (asked === undefined) return [];
  const faults: ValidationError[] = [];
  if (asked !== found.profile) faults.push(profileOfOtherTarget(scope, file, asked, `a profile for ${found.profile}`));
  if (asked !== found.use) faults.push(profileOfOtherTarget(scope, file, asked, `used on ${found.use}`));
  return faults;
}
