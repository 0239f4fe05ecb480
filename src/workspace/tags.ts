import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';
import { invalidTags } from './errors';

/** Azure's limits for the tags of one resource. Source: "Use tags to organize your Azure resources", limitations. */
const LIMITS = { count: 50, name: 512, value: 256 };

/** Faults of the tags of one resource; values that Terraform knows first are left to it. */
export function checkTags(scope: IConstruct, tags: { [name: string]: string } | undefined): ValidationError[] {
  if (tags === undefined || !isKnown(tags)) return [];
  const entries = Object.entries(tags);
  const faults = entries.flatMap(([name, value]) => {
    if (isKnown(name) && !/^[^<>%&\\?/]+$/.test(name)) return [invalidTags(scope, `the tag name "${name}" is not allowed`)];
    if (isKnown(name) && name.length > LIMITS.name)
      return [invalidTags(scope, `the tag name "${name.slice(0, 20)}…" is too long`)];
    if (isKnown(value) && value.length > LIMITS.value) return [invalidTags(scope, `the value of tag "${name}" is too long`)];
    return [];
  });
  return entries.length > LIMITS.count ? [...faults, invalidTags(scope, `${entries.length} tags are too many`)] : faults;
}
