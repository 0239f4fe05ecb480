import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { InferenceImage, LocalWebservice } from '../../src';
import { DigitsOptions, digitsModel, digitsSizing } from '../digits';

export interface LocalExampleOptions extends DigitsOptions {
  /** @default - a free one */
  readonly port?: number;
}

/** The digits model on this machine's Docker engine. Its key is set by `TF_VAR_digits_primary_key`. */
export function localStack(app: App, id = 'local', options: LocalExampleOptions = {}): TerraformStack {
  const stack = new TerraformStack(app, id);
  new DockerProvider(stack, 'docker');

  const image = new InferenceImage(stack, 'Image', { models: [digitsModel(stack, options)] });
  new LocalWebservice(stack, 'Digits', {
    image,
    webserviceName: options.webserviceName,
    sizing: digitsSizing(options),
    port: options.port,
  }).addOutputs({ prefix: 'digits' });
  return stack;
}
