import { Construct } from 'constructs';
import { ModelSource, RegisteredModel, Sizing } from '../src';

/** What an example serves, for those who bring their own. Paths are absolute, or relative to the folder that synth runs in. */
export interface DigitsOptions {
  /** @default models/digits.onnx */
  readonly modelFile?: string;
  /** @default models.lock.json */
  readonly lockFile?: string;
  /** @default - half a core and half a GB */
  readonly profile?: string;
  /** @default digits */
  readonly webserviceName?: string;
}

/** The classifier of handwritten digits that this repository carries. */
export function digitsModel(scope: Construct, options: DigitsOptions): RegisteredModel {
  return new RegisteredModel(scope, 'Model', {
    source: ModelSource.fromFile(options.modelFile ?? 'models/digits.onnx'),
    modelName: 'digits',
    lockFile: options.lockFile,
  });
}

/** As big as it was measured, where it was. */
export function digitsSizing(options: DigitsOptions): Sizing {
  return options.profile === undefined ? Sizing.fixed({ cpu: 0.5, memoryInGB: 0.5 }) : Sizing.fromProfile(options.profile);
}
