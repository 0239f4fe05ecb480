import * as fs from 'fs';
import { IConstruct } from 'constructs';
import { profileFailed, profileNotFound, profileUnreadable } from './errors';
import { ProfiledAlternative, ProfileResult } from './profile-result';

/** Reads a profile and refuses what `Sizing` could not use: a failed one, another version's, a damaged or foreign file. */
export function readProfile(scope: IConstruct, file: string): ProfileResult {
  if (!fs.existsSync(file)) throw profileNotFound(scope, file);
  const profile = parse(scope, file);
  if (profile.schemaVersion !== 1)
    throw profileUnreadable(scope, file, `schemaVersion is ${String(profile.schemaVersion)}, not 1`);
  if (profile.state !== 'Succeeded') throw profileFailed(scope, file, profile.error ?? `state is ${String(profile.state)}`);
  const missing = missingField(profile);
  if (missing !== undefined) throw profileUnreadable(scope, file, `${missing} is missing or of another type`);
  return profile as ProfileResult;
}

function parse(scope: IConstruct, file: string): Partial<ProfileResult> {
  try {
    const content: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (typeof content === 'object' && content !== null) return content;
  } catch (error) {
    throw profileUnreadable(scope, file, (error as Error).message);
  }
  throw profileUnreadable(scope, file, 'it is no JSON object');
}

/** The first field that sizing reads and that a hand-edited or foreign file lacks, or has in another form. */
function missingField(profile: Partial<ProfileResult>): string | undefined {
  const { sessionOptions, objective } = profile;
  const checks: Record<string, boolean> = {
    recommendedCpu: isAmount(profile.recommendedCpu),
    recommendedMemoryInGB: isAmount(profile.recommendedMemoryInGB),
    'model.sha256': typeof profile.model?.sha256 === 'string',
    'objective.target': typeof objective?.target === 'string',
    'objective.rate': isAmount(objective?.rate),
    'objective.percentile': isAmount(objective?.percentile),
    'objective.latencyMs': isAmount(objective?.latencyMs),
    'sessionOptions.intraOpNumThreads': isAmount(sessionOptions?.intraOpNumThreads),
    'sessionOptions.workers': isCountOrAbsent(sessionOptions?.workers),
    'sessionOptions.maxBatch': isCountOrAbsent(sessionOptions?.maxBatch),
    percentiles: isListOrAbsent(profile.percentiles, each => isAmount(each.percentile)),
    alternatives: isListOrAbsent(profile.alternatives, isAlternative),
  };
  return Object.keys(checks).find(name => !checks[name]);
}

const isAmount = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;

const isCountOrAbsent = (value: unknown) => value === undefined || (Number.isSafeInteger(value) && isAmount(value));

function isListOrAbsent<T>(list: readonly T[] | undefined, isItem: (item: T) => boolean): boolean {
  const items: unknown = list;
  if (!Array.isArray(items)) return items === undefined;
  return items.every((item: T) => typeof item === 'object' && item !== null && isItem(item));
}

function isAlternative({ cpu, memoryInGB, sessionOptions }: ProfiledAlternative): boolean {
  return (
    [cpu, memoryInGB, sessionOptions?.intraOpNumThreads].every(isAmount) &&
    [sessionOptions.workers, sessionOptions.maxBatch].every(isCountOrAbsent)
  );
}
