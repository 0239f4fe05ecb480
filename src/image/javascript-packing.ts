import * as fs from 'fs';
import * as path from 'path';
import { describeFile } from '../core/file-tree';
import { CONTAINER } from '../core/server-contract';
import { run, Step } from './dockerfile';
import { packageLockMissing } from './inference-errors';
import { JavaScriptInferenceOptions } from './inference-options';
import { BoundInferenceConfig, imageEnvironment, NODE_IMAGE, PackRequest } from './packing';
import { addScript, asRoot, baseImageOf, extraSteps } from './script-files';
import { addOnnxRuntime, addScoringServer, SERVER_COMMAND } from './server-files';

/** Node.js 24 runs TypeScript that only has types to strip. */
const ENDINGS = ['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'];

/** Packs a JavaScript or TypeScript script: the script's packages, ONNX Runtime, server, models, script. */
export function packJavaScript(request: PackRequest, options: JavaScriptInferenceOptions): BoundInferenceConfig {
  const { scope, context, platform } = request;
  const script = addScript(scope, context, options, ENDINGS);
  const packages = installPackages(request, options);
  const extra = extraSteps(scope, options);
  return {
    baseImage: baseImageOf(options, NODE_IMAGE),
    runtimeSteps: [
      ...asRoot(options.baseImage !== undefined && packages.length > 0),
      ...packages,
      ...extra,
      ...(options.onnxRuntime === false ? [] : [{ ...addOnnxRuntime(scope, context, platform), to: '/node_modules' }]),
      addScoringServer(scope, context),
    ],
    scriptSteps: [script.layer],
    environment: { ...imageEnvironment(scope, options.environment), ...script.environment },
    command: SERVER_COMMAND,
    needsNetwork: packages.length > 0 || extra.length > 0,
  };
}

/** Below everything else, as npm takes its time and the lock file seldom changes. */
function installPackages({ scope, context }: PackRequest, options: JavaScriptInferenceOptions): Step[] {
  const { sourceDirectory: folder } = options;
  if (folder === undefined || !(options.npmInstall ?? needsInstall(folder))) return [];
  if (!fs.existsSync(path.join(folder, 'package-lock.json'))) throw packageLockMissing(scope, folder);
  const manifests = ['package.json', 'package-lock.json'].map(name => describeFile(path.join(folder, name), name));
  context.addFiles('packages', manifests);
  return [
    { from: 'packages', to: CONTAINER.appRoot },
    {
      lines: [
        run(
          `cd ${CONTAINER.appRoot}`,
          'npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /tmp/npm-cache',
          'rm -rf /tmp/npm-cache',
        ),
      ],
    },
  ];
}

function needsInstall(folder: string): boolean {
  const manifest = path.join(folder, 'package.json');
  if (!fs.existsSync(manifest) || fs.existsSync(path.join(folder, 'node_modules'))) return false;
  const { dependencies } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { dependencies?: Record<string, string> };
  return Object.keys(dependencies ?? {}).length > 0;
}
