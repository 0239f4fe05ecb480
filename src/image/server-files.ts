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
/** What the server loads where data is collected. */
const DATA_COLLECTION_BUNDLE = 'azure-blobs.js';

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

/** Adds the bundled server: copied, since a build of this package writes it in place. */
export function addScoringServer(scope: IConstruct, context: BuildContext, root = packageRoot()): Layer {
  for (const name of [SERVER_BUNDLE, DATA_COLLECTION_BUNDLE]) {
    const bundle = path.join(root, 'programs', name);
    if (!fs.existsSync(bundle)) throw serverNotBundled(scope, bundle);
    context.addFiles('server', [describeFile(bundle, name)]);
  }
  return { from: 'server', to: CONTAINER.serverRoot };
}

/** The Python side of the server, and what must be installed for it. */
const PYTHON_FOLDER = 'python';
const PYTHON_MANIFESTS = ['requirements-server.txt', 'constraints.txt'];

/**
 * Adds what pip installs: the server's requirements with their constraints, and the script's. They are a layer of their own, so that
 * neither a new server nor a new script installs anything again.
 */
export function addPythonRequirements(
  scope: IConstruct,
  context: BuildContext,
  requirements: readonly string[],
  root = packageRoot(),
): void {
  for (const name of PYTHON_MANIFESTS) {
    const file = path.join(root, 'programs', PYTHON_FOLDER, name);
    if (!fs.existsSync(file)) throw serverNotBundled(scope, file);
    context.addFiles('requirements', [describeFile(file, name)]);
  }
  context.addText('requirements/requirements.txt', requirements.map(line => `${line}\n`).join(''));
}

/** Adds the bundled server and its Python side, which the server looks for beside itself. */
export function addPythonServer(scope: IConstruct, context: BuildContext, root = packageRoot()): Layer[] {
  const files = listFiles(path.join(root, 'programs', PYTHON_FOLDER));
  context.addFiles(
    `server/${PYTHON_FOLDER}`,
    files.filter(file => !PYTHON_MANIFESTS.includes(file.path) && !file.path.includes('__pycache__/')),
  );
  return [addScoringServer(scope, context, root)];
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
