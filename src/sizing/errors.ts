import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

const REPROFILE = 'measure again: npx model-serving profile <model> --input <samples> --rate <R> --p95 <T> --target <target>';

export const profileNotFound = (scope: IConstruct, file: string) =>
  new ValidationError(scope, 'PROFILE_NOT_FOUND', {
    problem: `the profile ${file} does not exist`,
    fix: REPROFILE,
  });

export const profileUnreadable = (scope: IConstruct, file: string, reason: string) =>
  new ValidationError(scope, 'PROFILE_UNREADABLE', {
    problem: `${file} is not a profile that this version reads: ${reason}`,
    fix: REPROFILE,
  });

export const profileFailed = (scope: IConstruct, file: string, reason: string) =>
  new ValidationError(scope, 'PROFILE_FAILED', {
    problem: `the profile ${file} records a failure and recommends no size: ${reason}`,
    fix: REPROFILE,
  });

export const profileCoversLess = (scope: IConstruct, file: string, asked: string, measured: string) =>
  new ValidationError(scope, 'PROFILE_COVERS_LESS', {
    problem: `${asked} is asked for, but ${file} was measured for ${measured}`,
    fix: REPROFILE,
  });

/** A question to a profile needs numbers, and needs them at synth: the profile is read then. */
export const profileQuestionInvalid = (scope: IConstruct, file: string, what: string, given: string) =>
  new ValidationError(scope, 'PROFILE_QUESTION_INVALID', {
    problem: `${what} is ${given}, so that ${file} cannot be asked`,
    fix: 'give a number above 0: requests a second, or milliseconds',
  });

/** Whoever names a target wants the size that was measured for it, not one that was rounded to another's steps. */
export const profileOfOtherTarget = (scope: IConstruct, file: string, asked: string, target: string) =>
  new ValidationError(scope, 'PROFILE_OTHER_TARGET', {
    problem: `Sizing.fromProfile('${file}') names the target ${asked}, but it is ${target}`,
    fix: `leave target out to use one profile for several targets, or ${REPROFILE}`,
  });

/** Text of the warning for a size that the profile computed and did not run. */
export const profileSizeModelled = (file: string, asked: string, cpu: number, memoryInGB: number) =>
  `[PROFILE_SIZE_MODELLED] for ${asked}, ${file} has a size that was computed and not run, ${cpu} cores and ${memoryInGB} GB, and it is taken; ` +
  `to have it verified, ${REPROFILE}`;

/** Text of the error annotation for a profile of other bytes. */
export const profileIsStale = (file: string, profiled: string, served: readonly string[]) =>
  `[PROFILE_STALE] ${file} was measured on a model with sha256 ${profiled.slice(0, 12)}…, but the image holds ` +
  `${served.map(digest => `${digest.slice(0, 12)}…`).join(', ')}; ${REPROFILE}`;

/** Text of the warning for a profile of a script or an image that does not say which model it serves. */
export const profileModelUnknown = (file: string, profiled: string) =>
  `[PROFILE_MODEL_UNKNOWN] ${file} was measured on ${profiled}, which does not say which model it serves, so nothing checks that the image ` +
  'serves what was measured; measure again when it changes';

export const sizeNotPositive = (scope: IConstruct, what: string, value: number) =>
  new ValidationError(scope, 'SIZE_NOT_POSITIVE', {
    problem: `${what} is ${value}; it must be a number above 0`,
    fix: 'give cores (0.5 is half a core) and GB of 1024³ bytes',
  });

export const limitBelowRequest = (scope: IConstruct, what: string, limit: number, request: number) =>
  new ValidationError(scope, 'SIZE_LIMIT_BELOW_REQUEST', {
    problem: `${what}Limit is ${limit}, below the ${request} that is requested`,
    fix: `raise the limit to ${request} or more, or leave it out`,
  });

/** Text of the warning for a size above `usual`, and for one above `most`. */
export const sizeAboveUsual = (target: string, what: string, value: number, usual: number, most = Infinity) =>
  value > most ? sizeRefused(target, what, value, most) : sizeSeldom(target, what, value, usual);

/** Not every region or node can give it. */
const sizeSeldom = (target: string, what: string, value: number, usual: number) =>
  `[SIZE_ABOVE_USUAL] ${value} ${what} is more than the ${usual} that ${target} gives everywhere; check that your region or node has it`;

/** The target documents that it gives it nowhere. A warning still, since such limits are raised. */
const sizeRefused = (target: string, what: string, value: number, most: number) =>
  `[SIZE_ABOVE_USUAL] ${value} ${what} is more than the ${most} that ${target} gives anywhere (docs/sizing.md says as of when); apply will fail`;

/** Text of the warning for a profile whose rate takes several replicas. */
export const profileNeedsReplicas = (file: string, rate: number, replicas: number) =>
  `[PROFILE_NEEDS_REPLICAS] ${file} promises ${rate} requests a second with ${replicas} replicas of this size; run at least as many: ` +
  `on AKS scale: Autoscale.between(${replicas}, …)`;

/** Text of the warning where nobody said how big the service must be. */
export const sizeNotMeasured = (cpu: number, memoryInGB: number) =>
  `[SIZE_NOT_MEASURED] no sizing is given, so the service gets Azure ML v1's default of ${cpu} cores and ${memoryInGB} GB; ` +
  `measure it: npx model-serving profile, then sizing: Sizing.fromProfile('profile.json')`;

/** Text of the note about what a lone container costs. */
export const billedAtMinimum = (cpu: number, memoryInGB: number) =>
  `[SIZE_BILLED_AT_MINIMUM] a lone container group is billed as at least ${cpu} core and ${memoryInGB} GB, more than this one requests`;
