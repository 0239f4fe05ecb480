import { existsSync } from 'fs';
import * as path from 'path';
import { CommandFailure } from './failure';

/** A program of this package; bundled, they lie side by side. */
export function programFile(name: 'scoring-server' | 'load-generator'): string {
  const file = path.join(__dirname, `${name}.js`);
  if (existsSync(file)) return file;
  throw new CommandFailure(
    'PROGRAM_NOT_FOUND',
    `this installation lacks ${file}`,
    'install cdktf-model-serving again; in a clone of it: npm run build',
  );
}

/** @throws CommandFailure where ONNX Runtime, an optional dependency, was not installed */
export function requireOnnxRuntime(): void {
  try {
    require.resolve('onnxruntime-node');
  } catch {
    throw new CommandFailure(
      'ONNX_RUNTIME_MISSING',
      'ONNX Runtime is not installed, and it is what runs the model',
      'npm install onnxruntime-node@1.30.0',
    );
  }
}
