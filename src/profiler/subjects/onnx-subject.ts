import * as path from 'path';
import { ENV } from '../../core/server-contract';
import { findModels, ServedModel } from '../../scoring/model/model-layout';
import { modelLoadFailed } from '../errors';
import type { Subject } from '../subject';
import { described, serverFiles, withExternalData } from './subject-files';
import { serverVariables, Variables } from './server-variables';

/** Models as they are: an .onnx file, a folder with one, or a folder of `<name>/<version>` folders. */
export function onnxSubject(model: string, serverBundle: string, env: Variables): Subject {
  const models = modelsOf(model);
  const [{ name, file }] = models;
  const target = models.length === 1 ? file : model;
  return {
    kind: 'onnx',
    name: models.length === 1 ? name : path.basename(path.resolve(model)),
    described: described(target, serverBundle),
    ...(models.length === 1 ? { onnxFile: file } : {}),
    batches: true,
    files: [...models.flatMap(each => withExternalData(each.file)), ...serverFiles(serverBundle)],
    launch: (settings, options) => ({
      command: process.execPath,
      args: [serverBundle],
      env: {
        ...env,
        ...serverVariables(settings, options),
        [ENV.modelDir]: path.resolve(model),
        [ENV.entryScript]: undefined,
        [ENV.appRoot]: undefined,
      },
      port: options.port,
    }),
  };
}

/** As the server finds them. @throws ProfileError MODEL_LOAD_FAILED with the words that it would have */
function modelsOf(model: string): ServedModel[] {
  try {
    return findModels(model);
  } catch (error) {
    throw modelLoadFailed(model, (error as Error).message);
  }
}
