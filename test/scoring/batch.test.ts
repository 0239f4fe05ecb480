import * as fc from 'fast-check';
import { batchKey, joinRows, sliceRows } from '../../src/scoring/model/batch';
import { scoresRowsByThemselves } from '../../src/scoring/model/batch-check';
import { PlainTensor } from '../../src/scoring/tensor/json-tensor';
import { ModelSignature } from '../../src/scoring/tensor/signature';

const rows = (values: number[][], width = values[0].length): PlainTensor => ({
  type: 'float32',
  data: Float32Array.from(values.flat()),
  dims: [values.length, width],
});

describe('rows of several requests', () => {
  test('come back from one tensor as they went in', () => {
    const table = fc.array(fc.array(fc.float({ noNaN: true }), { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(table, { minLength: 1, maxLength: 4 }), requests => {
        const tensors = requests.map(request => rows(request));
        const joined = joinRows(tensors);
        let row = 0;
        const back = tensors.map(({ dims }) => sliceRows(joined, row, (row += dims[0])));

        expect(back).toEqual(tensors);
      }),
    );
  });

  test('of strings as well', () => {
    const [a, b] = [['x'], ['y', 'z']].map(data => ({ type: 'string', data, dims: [data.length, 1] }));
    const joined = joinRows([a, b]);

    expect(joined).toEqual({ type: 'string', data: ['x', 'y', 'z'], dims: [3, 1] });
    expect(sliceRows(joined, 1, 3)).toEqual(b);
  });

  test('fit together where all but the number of rows is the same', () => {
    expect(batchKey([rows([[1, 2]])])).toBe(
      batchKey([
        rows([
          [1, 2],
          [3, 4],
        ]),
      ]),
    );
    expect(batchKey([rows([[1, 2]])])).not.toBe(batchKey([rows([[1]])]));
  });

  test('do not exist where the inputs of one request differ in their number, are none, or are scalars', () => {
    expect(batchKey([rows([[1]]), rows([[1], [2]])])).toBeUndefined();
    expect(batchKey([{ type: 'float32', data: new Float32Array(0), dims: [0, 2] }])).toBeUndefined();
    expect(batchKey([{ type: 'float32', data: Float32Array.of(1), dims: [] }])).toBeUndefined();
    expect(batchKey([])).toBeUndefined();
  });
});

describe('the self-check', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'x', type: 'float32', shape: ['rows', 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['rows', 2] }],
  };
  const sample = [rows([[0, 0]])];
  const model = (score: (values: Float32Array) => Float32Array) => (inputs: readonly PlainTensor[]) =>
    Promise.resolve([{ ...inputs[0], data: score(inputs[0].data as Float32Array) }]);

  test('passes a model that scores each row by itself, also where sums come out a little different', async () => {
    const honest = model(values => values.map(value => value * 2 + (values.length > 2 ? 1e-6 : 0)));

    expect(await scoresRowsByThemselves(signature, sample, honest)).toBe(true);
  });

  test('fails a model whose rows depend on each other', async () => {
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

    expect(
      await scoresRowsByThemselves(
        signature,
        sample,
        model(values => values.map(value => value - mean(values))),
      ),
    ).toBe(false);
  });

  test('fails a model that gives another number of rows than it got', async () => {
    const first = () => Promise.resolve([rows([[1, 1]])]);

    expect(await scoresRowsByThemselves(signature, sample, first)).toBe(false);
  });

  test('fails a model that refuses several rows, or whose signature allows one only', async () => {
    const refusing = (inputs: readonly PlainTensor[]) =>
      inputs[0].dims[0] > 1 ? Promise.reject(new Error('one row')) : Promise.resolve([...inputs]);
    const fixed = { ...signature, inputs: [{ ...signature.inputs[0], shape: [1, 2] }] };

    expect(await scoresRowsByThemselves(signature, sample, refusing)).toBe(false);
    expect(
      await scoresRowsByThemselves(
        fixed,
        sample,
        model(values => values),
      ),
    ).toBe(false);
  });
});
