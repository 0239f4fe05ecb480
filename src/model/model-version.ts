import { IConstruct } from 'constructs';
import { lockFileUnreadable, modelBytesChanged, modelVersionConflict } from './errors';
import { findByDigest, findVersion, latest, readRegistry, Registry } from './model-registry';

const CLAIMS = Symbol.for('cdktf-model-serving.model-versions');

interface Claim {
  readonly digest: string;
  readonly path: string;
}

/**
 * The version of these bytes: the one asked for, the one that the lock file gives them, or 1 for a name it does not know.
 * A known (name, version) never changes its bytes; bytes that nobody registered never pass under a registered name.
 */
export function resolveVersion(
  scope: IConstruct,
  lockFile: string,
  name: string,
  digest: string,
  asked: number | undefined,
): number {
  const registry = lockedModels(scope, lockFile);
  const known = asked === undefined ? findByDigest(registry, name, digest) : undefined;
  const rival = known ?? (asked === undefined ? latest(registry, name) : findVersion(registry, name, asked));
  if (rival !== undefined && rival.sha256 !== digest) throw modelBytesChanged(scope, name, rival.version, rival.sha256, digest);
  return rival?.version ?? asked ?? 1;
}

/** Notes the model's (name, version) for the whole app, and refuses another one's with other bytes. */
export function claimVersion(
  model: IConstruct & { modelId: string; modelName: string; modelVersion: number; modelDigest: string },
): void {
  const root = model.node.root as IConstruct & { [CLAIMS]?: Map<string, Claim> };
  const claims = (root[CLAIMS] ??= new Map<string, Claim>());
  const other = claims.get(model.modelId);
  if (other !== undefined && other.digest !== model.modelDigest) {
    throw modelVersionConflict(model, model.modelName, model.modelVersion, other.path);
  }
  claims.set(model.modelId, { digest: model.modelDigest, path: model.node.path });
}

/** A stack without a lock file works, too. */
function lockedModels(scope: IConstruct, lockFile: string): Registry {
  try {
    return readRegistry(lockFile);
  } catch (error) {
    throw lockFileUnreadable(scope, lockFile, (error as Error).message);
  }
}
