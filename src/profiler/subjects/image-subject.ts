import * as fs from 'fs';
import * as path from 'path';
import { ENV } from '../../core/server-contract';
import { docker } from '../docker';
import { dockerUnavailable, imageNotFound } from '../errors';
import type { Subject } from '../subject';
import { filesBelow } from './subject-files';
import { serverVariables, Variables } from './server-variables';

/** What `docker image inspect` says of an image, as far as it matters. */
interface InspectedImage {
  readonly Id: string;
  readonly Size: number;
  /** Where the engine keeps the layers; empty where it does not say. */
  readonly GraphDriver?: { readonly Data?: { readonly LowerDir?: string; readonly UpperDir?: string } | null } | null;
  readonly Config: { readonly Env?: readonly string[] | null; readonly Labels?: Readonly<Record<string, string>> | null };
}

/** The label by which our images name the digest of the one model inside. */
const MODEL_LABEL = 'cdktf-model-serving.model.sha256';

/**
 * An image on this machine's Docker engine, run with its own program and variables. Its digest is the image's id.
 *
 * @throws ProfileError IMAGE_NOT_FOUND, DOCKER_UNAVAILABLE
 */
export function imageSubject(image: string, env: Variables): Subject {
  const { Id, Size, Config, GraphDriver } = inspect(image);
  const script = variable(Config.Env ?? [], ENV.entryScript);
  const modelSha256 = Config.Labels?.[MODEL_LABEL];
  return {
    kind: 'image',
    name: nameOf(image),
    // which ONNX Runtime is inside only the image knows
    described: { file: image, sha256: Id.replace('sha256:', ''), sizeInBytes: Size, onnxRuntimeVersion: 'unknown' },
    batches: script === undefined,
    ...(script === undefined ? {} : { entryScript: path.posix.basename(script) }),
    ...(modelSha256 === undefined ? {} : { modelSha256 }),
    files: layerFiles(GraphDriver?.Data ?? {}),
    image,
    launch: (settings, options) => ({
      command: 'docker',
      args: [],
      env: { ...env, ...serverVariables(settings, options) },
      port: options.port,
    }),
  };
}

function inspect(image: string): InspectedImage {
  try {
    return JSON.parse(docker('image', 'inspect', '--format', '{{json .}}', '--', image)) as InspectedImage;
  } catch (error) {
    const { message } = error as Error;
    throw /no such (image|object)|invalid reference/i.test(message) ? imageNotFound(image, message) : dockerUnavailable(message);
  }
}

/** Smaller files are many and hold little. */
const NOTABLE_BYTES = 256 * 1024;

/**
 * The notable files of all layers, where this process may read them: containers read those very files, and one that finds them in the
 * page cache is not charged for them.
 */
function layerFiles({ LowerDir = '', UpperDir = '' }: { readonly LowerDir?: string; readonly UpperDir?: string }): string[] {
  try {
    const layers = [...LowerDir.split(':'), UpperDir].filter(Boolean);
    return layers.flatMap(filesBelow).filter(file => fs.statSync(file).size >= NOTABLE_BYTES);
  } catch {
    return []; // not root, or an engine on another machine
  }
}

/** `registry/team/reader:1.2` is called `reader`. */
const nameOf = (image: string): string => path.posix.basename(image.replace(/@sha256:.*$/, '')).replace(/:.*$/, '');

function variable(environment: readonly string[], name: string): string | undefined {
  const prefix = `${name}=`;
  return environment.find(entry => entry.startsWith(prefix))?.slice(prefix.length) || undefined;
}
