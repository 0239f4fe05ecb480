import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { InferenceImage, ModelSource, RegisteredModel } from '../src';

/** A stack that fingerprints, registers and stages the model that MODEL_FILE names. */
const stack = new TerraformStack(new App(), 'model');
new DockerProvider(stack, 'docker');
const source = ModelSource.fromFile(process.env.MODEL_FILE ?? 'models/digits.onnx');
new InferenceImage(stack, 'Image', { models: [new RegisteredModel(stack, 'Model', { source })] });
App.of(stack).synth();
