/**
 * The profile step for programs: `cdktf-model-serving/profiler`.
 *
 * Not part of the constructs: measuring takes a minute and starts processes, and a synth must do neither.
 * @see docs/profiling.md
 */
import * as fs from 'fs';
import * as path from 'path';
import type { ProfileOptions as PipelineOptions } from './options';
import { profile as runPipeline, Profile } from './profile';
import type { ProgressListener } from './progress';

export { checkAssertions } from './assertions';
export type { AssertionOutcome } from './assertions';
export { compareToBaseline, readBaseline } from './baseline';
export type { BaselineChange, BaselineComparison, CpuComparison } from './baseline';
export { ProfileError } from './errors';
export type { ProfileErrorCode } from './errors';
export { handOff } from './hand-off';
export type { InputSet, ProfileInput } from './input-set';
export { readInputSet } from './inputs';
export type { LoadPattern } from './load-pattern';
export type { Profile } from './profile';
export type { ProgressEvent, ProgressListener } from './progress';
export { renderReport } from './report';
export type { ProfileSeries } from './series';
export type { ProfileResult, ProfileTarget } from '../sizing/profile-result';

type Programs = 'serverBundle' | 'loadGenerator' | 'operatorProfiler';

/** What to profile, and what it must reach. The programs that measuring takes are those of this package unless named. */
export type ProfileOptions = Omit<PipelineOptions, Programs> & Partial<Pick<PipelineOptions, Programs>>;

/**
 * Measures a model, an entry script or an image and finds the cheapest size that carries a rate within a latency, as
 * `model-serving profile` does.
 *
 * Takes about a minute, `budget: 'quick'` a quarter of it. Starts processes, and control groups or containers, and removes them
 * on every way out. Do one at a time: two would disturb each other.
 *
 * @throws ProfileError with a code and what to do about it
 */
export function profile(options: ProfileOptions, progress?: ProgressListener): Promise<Profile> {
  return runPipeline({ ...programsOfThisPackage(), ...options }, progress);
}

/** Bundled, this file is `profiler/index.js` beside `programs/`. */
function programsOfThisPackage(): Pick<PipelineOptions, Programs> {
  const program = (name: string): string => path.join(__dirname, '..', 'programs', `${name}.js`);
  const operatorProfiler = program('operator-profile');
  return {
    serverBundle: program('scoring-server'),
    loadGenerator: program('load-generator'),
    ...(fs.existsSync(operatorProfiler) && { operatorProfiler }),
  };
}
