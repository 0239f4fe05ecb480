import { existsSync } from 'fs';
import * as path from 'path';
import { Runtime } from './row';

const ROOT = path.join(__dirname, 'fixtures');
const MODELS = path.join(__dirname, '../fixtures/models');

/** Fixtures that a model without code behaves as. */
const ONNX: Readonly<Record<string, string>> = { identity: 'identity_float32' };

export function fixtureFolder(fixture: string): string {
  return path.join(ROOT, fixture);
}

/** The path of what the runtime serves for this fixture: a script, or a model. */
export function served(fixture: string, runtime: Runtime): string {
  if (runtime === 'onnx') return path.join(MODELS, `${ONNX[fixture]}.onnx`);
  return path.join(fixtureFolder(fixture), runtime === 'python' ? 'score.py' : 'score.js');
}

/** The folder that scripts get as `AZUREML_MODEL_DIR`. */
export function modelFolder(fixture: string): string {
  const own = path.join(fixtureFolder(fixture), 'models');
  return existsSync(own) ? own : path.join(ROOT, 'models');
}

/** The environment of a setup for this fixture. */
export function resolvedEnv(fixture: string, env: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const entries = Object.entries(env).map(([name, value]) => [
    name,
    value.replaceAll('$FIXTURE', fixtureFolder(fixture)) || undefined,
  ]);
  return Object.fromEntries(entries) as Record<string, string | undefined>;
}
