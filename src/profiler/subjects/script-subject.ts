import * as fs from 'fs';
import * as path from 'path';
import { sha256File } from '../../core/fingerprint';
import { ENV } from '../../core/server-contract';
import { optionInvalid } from '../errors';
import type { Subject } from '../subject';
import { described, filesBelow, serverFiles, withExternalData } from './subject-files';
import { serverVariables, Variables } from './server-variables';

/** An entry script as it is started: its folder, its path in there, and the model that it gets. */
export interface ScriptSource {
  readonly appRoot: string;
  /** Relative to `appRoot`. */
  readonly script: string;
  /** A file, a folder, or a folder of `<name>/<version>` folders. */
  readonly model?: string;
  /** The interpreter of a `.py` script. */
  readonly python: string;
  readonly env: Variables;
}

const isScript = (file: string): boolean => /\.(py|[cm]?[jt]s)$/.test(file);

/**
 * A Python, JavaScript or TypeScript entry script with `init` and `run`. It has no `onnxFile` even where its model is one: what a
 * request looks like and what is computed is the script's affair.
 *
 * @throws ProfileError OPTION_INVALID where script or model is not there
 */
export function scriptSubject({ appRoot, script, model, python, env }: ScriptSource, serverBundle: string): Subject {
  const file = path.resolve(appRoot, script);
  if (!isScript(script) || !fs.statSync(file, { throwIfNoEntry: false })?.isFile())
    throw optionInvalid('entryScript', file, 'the path of a script that ends in .py, .js, .cjs, .mjs, .ts, .cts or .mts');
  if (model !== undefined && !fs.existsSync(model)) throw optionInvalid('model', model, "the path of the script's model");
  const models = model === undefined ? [] : filesBelow(model);
  return {
    kind: 'script',
    name: path.parse(script).name,
    described: described(file, serverBundle),
    batches: false,
    entryScript: path.basename(script),
    ...(models.length === 1 ? { modelSha256: sha256File(models[0]) } : {}),
    files: [...new Set([...models.flatMap(withExternalData), file, ...serverFiles(serverBundle)])],
    launch: (settings, options) => ({
      command: process.execPath,
      args: [serverBundle],
      env: {
        ...env,
        ...serverVariables(settings, options),
        [ENV.modelDir]: model === undefined ? '' : path.resolve(model),
        [ENV.appRoot]: path.resolve(appRoot),
        [ENV.entryScript]: script,
        [ENV.python]: python,
      },
      port: options.port,
    }),
  };
}
