import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { CONTAINER, ENV } from '../core/server-contract';
import type { Launch } from './confinement';

/** What a way to run adds to the command line. */
export interface ContainerProgram {
  readonly flags: readonly string[];
  readonly env: Launch['env'];
  /** Image and arguments. */
  readonly command: readonly string[];
}

/** The image as its deployments run it: nothing to write to but /tmp, no rights. */
export function deployed({ args, env }: Launch, image: string): ContainerProgram {
  const scratch = ['--tmpfs', `${CONTAINER.scratch}:rw,noexec,nosuid,nodev`];
  const flags = ['--read-only', ...scratch, '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
  return { flags, env, command: [image, ...args] };
}

/** Read-only mounts of the server, ONNX Runtime, the model and the script, in an image that has Node. */
export function mounted({ args, env }: Launch, image: string): ContainerProgram {
  const [bundle, ...rest] = args;
  const model = env[ENV.modelDir];
  const place = model ? modelPlace(path.resolve(model)) : undefined;
  const appRoot = env[ENV.appRoot];
  const programs = `${CONTAINER.serverRoot}/programs`;
  return {
    flags: [
      ...mount(path.dirname(path.resolve(bundle)), programs),
      ...runtimeMounts(bundle),
      ...(place ? mount(place.folder, place.target) : []),
      ...(appRoot ? mount(path.resolve(appRoot), CONTAINER.appRoot) : []),
      ...['--entrypoint', 'node'],
    ],
    env: {
      ...env,
      ...(place ? { [ENV.modelDir]: place.modelDir } : {}),
      ...(appRoot ? { [ENV.appRoot]: CONTAINER.appRoot } : {}),
    },
    command: [image, `${programs}/${path.basename(bundle)}`, ...rest],
  };
}

/** Where a model goes: with the folder, for its weights in files beside it, and under the names by which the server knows it. */
function modelPlace(model: string): { readonly folder: string; readonly target: string; readonly modelDir: string } {
  const isFolder = fs.statSync(model, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? model : path.dirname(model);
  const nameAndVersion = folder.split(path.sep).filter(Boolean).slice(-2);
  const target = path.posix.join(CONTAINER.modelRoot, ...nameAndVersion);
  return { folder, target, modelDir: isFolder ? target : path.posix.join(target, path.basename(model)) };
}

/** Docker reads the value as a line of CSV. */
const mount = (source: string, target: string): string[] => {
  const fields = ['type=bind', `source=${source}`, `target=${target}`, 'readonly'];
  return ['--mount', fields.map(field => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')];
};

function runtimeMounts(bundle: string): string[] {
  const require = createRequire(path.resolve(bundle));
  return ['onnxruntime-node', 'onnxruntime-common'].flatMap(name => {
    const entry = require.resolve(name);
    const marker = path.join('node_modules', name);
    const root = entry.slice(0, entry.lastIndexOf(marker) + marker.length);
    return mount(root, `${CONTAINER.serverRoot}/node_modules/${name}`);
  });
}
