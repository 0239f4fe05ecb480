import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { describeFile, FileEntry, listFiles } from '../core/file-tree';
import { CONTAINER } from '../core/server-contract';
import { BuildContext } from './build-context';
import { Layer } from './dockerfile';
import { runtimeNotInstalled, serverNotBundled } from './errors';
import { ImagePlatform } from './image-platform';

const SERVER_BUNDLE = 'scoring-server.js';

/** How the image starts the server. The heap follows the container's memory limit (Node.js reads the cgroup). */
export const SERVER_COMMAND = ['node', SERVER_BUNDLE] as const;

/**
 * Adds ONNX Runtime's Node binding with the binaries of one platform: 46 MB of the package's 288.
 * Its licence texts come along.
 */
export function addOnnxRuntime(
  scope: IConstruct,
  context: BuildContext,
  platform: ImagePlatform,
  // the user's project first: that is the version which their lock file names
  from = [process.cwd(), packageRoot()],
): Layer {
  const node = packageDirectory(scope, 'onnxruntime-node', from);
  const binaries = `bin/napi-v6/${platform._os}/${platform._architecture}/`;
  const nodeFiles = listFiles(node).filter(file => isLoadedAtRun(file) || file.path.startsWith(binaries));
  if (!nodeFiles.some(file => file.path.startsWith(binaries))) throw runtimeNotInstalled(scope, `onnxruntime-node/${binaries}`);
  context.addInstalledFiles('node_modules/onnxruntime-node', nodeFiles);
  const common = packageDirectory(scope, 'onnxruntime-common', [node]);
  context.addInstalledFiles('node_modules/onnxruntime-common', listFiles(common).filter(isLoadedAtRun));
  return { from: 'node_modules', to: `${CONTAINER.serverRoot}/node_modules` };
}

/** Adds the bundled server: one file, copied, since a build of this package writes it in place. */
export function addScoringServer(scope: IConstruct, context: BuildContext, root = packageRoot()): Layer {
  const bundle = path.join(root, 'programs', SERVER_BUNDLE);
  if (!fs.existsSync(bundle)) throw serverNotBundled(scope, bundle);
  context.addFiles('server', [describeFile(bundle, SERVER_BUNDLE)]);
  return { from: 'server', to: CONTAINER.serverRoot };
}

/** CommonJS code, the manifests that say so, and the licence; no type files, source maps or install scripts. */
function isLoadedAtRun(file: FileEntry): boolean {
  return /^package\.json$|^LICENSE|^dist\/(?!esm\/).*(\.js|package\.json)$/.test(file.path);
}

/** Found through its main file, as a package need not export its package.json. */
function packageDirectory(scope: IConstruct, name: string, from: string[]): string {
  try {
    return nearestManifest(path.dirname(require.resolve(name, { paths: from })), manifest => manifest.name === name);
  } catch {
    throw runtimeNotInstalled(scope, name);
  }
}

/** This package's folder, whether the code runs from `src`, from `lib` or from a bundle in `programs`. */
function packageRoot(): string {
  return nearestManifest(__dirname, manifest => manifest.name !== undefined);
}

function nearestManifest(directory: string, matches: (manifest: { name?: string }) => boolean): string {
  const file = path.join(directory, 'package.json');
  if (fs.existsSync(file) && matches(JSON.parse(fs.readFileSync(file, 'utf8')) as { name?: string })) return directory;
  const parent = path.dirname(directory);
  if (parent === directory) throw new Error(`no package above ${directory}`);
  return nearestManifest(parent, matches);
}
