import * as path from 'path';
import { Construct } from 'constructs';
import { ModelSource } from '../../src/model/model-source';
import { RegisteredModel } from '../../src/model/registered-model';
import { temporaryFile, temporaryFolder } from './files';

const NO_LOCK = path.join(temporaryFolder(), 'models.lock.json');

/** A registered model for tests that never run it: `content` stands for the trained bytes. */
export function someModel(
  scope: Construct,
  options: { id?: string; name?: string; version?: number; content?: string } = {},
): RegisteredModel {
  const { id = 'Model', name = 'digits', version, content = 'trained' } = options;
  return new RegisteredModel(scope, id, {
    source: ModelSource.fromFile(temporaryFile(`${name}.onnx`, content)),
    modelVersion: version,
    lockFile: NO_LOCK,
  });
}
