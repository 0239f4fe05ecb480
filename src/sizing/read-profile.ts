import * as fs from 'fs';
import { IConstruct } from 'constructs';
import { profileFailed, profileNotFound, profileUnreadable } from './errors';
import { ProfileResult } from './profile-result';

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

/** The first field that sizing reads and that a hand-edited or foreign file lacks. */
function missingField(profile: Partial<ProfileResult>): string | undefined {
  const isAmount = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;
  const checks: Record<string, boolean> = {
    recommendedCpu: isAmount(profile.recommendedCpu),
    recommendedMemoryInGB: isAmount(profile.recommendedMemoryInGB),
    'model.sha256': typeof profile.model?.sha256 === 'string',
    'objective.rate': isAmount(profile.objective?.rate),
    'objective.latencyMs': isAmount(profile.objective?.latencyMs),
    'sessionOptions.intraOpNumThreads': isAmount(profile.sessionOptions?.intraOpNumThreads),
  };
  return Object.keys(checks).find(name => !checks[name]);
}
