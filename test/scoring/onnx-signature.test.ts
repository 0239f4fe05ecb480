import { ModelError, readSignature } from '../../src/scoring/onnx-signature';
import { fixture } from './support/server';

describe('readSignature', () => {
  test('gives names, types and shapes, free dimensions by their names', async () => {
    expect(await readSignature(fixture('dense'))).toEqual({
      inputs: [{ name: 'features', type: 'float32', shape: ['batch', 4] }],
      outputs: [{ name: 'probabilities', type: 'float32', shape: ['batch', 3] }],
    });
  });

  test('lists outputs that are no tensors apart', async () => {
    const { outputs, skippedOutputs } = await readSignature(fixture('zipmap_classifier'));

    expect(outputs.map(({ name, type }) => [name, type])).toEqual([['output_label', 'int64']]);
    expect(skippedOutputs).toEqual(['output_probability']);
  });

  test('is plain JSON', async () => {
    const signature = await readSignature(fixture('add'));

    expect(JSON.parse(JSON.stringify(signature))).toEqual(signature);
  });

  test('says why a file cannot be loaded', async () => {
    await expect(readSignature(__filename)).rejects.toThrow(ModelError);
    await expect(readSignature('/no/such/model.onnx')).rejects.toThrow("ONNX Runtime cannot load '/no/such/model.onnx': ");
  });
});
