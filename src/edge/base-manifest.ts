import * as fs from 'fs';
import { IConstruct } from 'constructs';
import { throwAll } from '../core/errors';
import { baseManifestUnreadable, manifestFault } from './errors';
import { isObject, JsonObject } from './json';
import { manifestFaults } from './manifest-rules';

/** The deployment that devices run below a layered one: read, and refused where its own devices would refuse it. */
export function readBaseManifest(scope: IConstruct, file: string): JsonObject {
  const manifest = parse(scope, file);
  throwAll(manifestFaults(manifest).map(fault => manifestFault(scope, fault)));
  return manifest;
}

function parse(scope: IConstruct, file: string): JsonObject {
  const unreadable = (reason: string) => manifestFault(scope, baseManifestUnreadable(file, reason));
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw unreadable((error as Error).message);
  }
  if (!isObject(content)) throw unreadable('it is no JSON object');
  return content;
}
