import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as fc from 'fast-check';
import * as path from 'path';
import { expectedInputs, readInputSet, syntheticInputs } from '../../src/profiler/inputs';
import type { InputSet } from '../../src/profiler/input-set';
import type { ElementType, ModelSignature, TensorSignature } from '../../src/scoring/onnx-signature';
import { decodeWire } from '../../src/scoring/wire/decode';
import { readNpy, writeNpy } from '../../src/scoring/wire/npy';
import { temporaryFile } from '../support/files';

const TEST_DATA = path.join(__dirname, '../fixtures/profiler-inputs');
const model = (...inputs: TensorSignature[]): ModelSignature => ({ inputs, outputs: [] });
const image = (...shape: Array<number | string>): ModelSignature => model({ name: 'image', type: 'float32', shape });
const bodies = ({ inputs }: InputSet) => inputs.map(({ body }) => body.toString());
/** Reads each as the scoring server will. */
const decode = ({ inputs }: InputSet, signature: ModelSignature): void => {
  for (const { body, contentType } of inputs)
    decodeWire(signature, { protocol: 'azureml', contentType, modelName: '', body: Buffer.from(body) });
};
const npy = (...dims: number[]) => {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i);
  return temporaryFile('rows.npy', Buffer.concat(writeNpy({ type: 'float32', dims, data })));
};

describe('.npy', () => {
  const shapes = (set: InputSet) => set.inputs.map(({ body }) => readNpy(body as Buffer).dims);

  test.each([
    [
      'any number of rows',
      image('batch', 2),
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ],
    [
      'one row at a time',
      image(1, 2),
      [
        [1, 2],
        [1, 2],
        [1, 2],
      ],
    ],
    ['a row without a batch dimension', image(2), [[2], [2], [2]]],
    ['a batch of a fixed size', image(3, 2), [[3, 2]]],
    ['nobody knows what', undefined, [[3, 2]]],
  ])('is cut for a model that takes %s', (_, signature, expected) => {
    const set = readInputSet(npy(3, 2), signature);
    expect(shapes(set)).toEqual(expected);
    expect(set.inputs[0].contentType).toBe('application/x-npy');
    if (signature) expect(() => decode(set, signature)).not.toThrow();
  });

  test('each row has its own values', () => {
    const rows = readInputSet(npy(3, 2), image('batch', 2)).inputs.map(({ body }) => readNpy(body as Buffer).bytes);
    expect([...new Float32Array(Uint8Array.from(rows[2]).buffer)]).toEqual([4, 5]);
  });

  test('rows of nothing are no request, and empty rows no endless list of them', () => {
    expect(() => readInputSet(npy(0, 2), image('batch', 2))).toThrow(expect.objectContaining({ code: 'NO_INPUTS' }));
    expect(readInputSet(npy(1_000_000_000, 0), image('batch', 0)).inputs).toHaveLength(1);
  });
});

describe('ONNX test data', () => {
  test('sets in natural order, tensors under their names, integers to their last digit', () => {
    const set = readInputSet(TEST_DATA);
    expect(bodies(set)).toEqual([
      '{"x":[[1,-2.5,0.1]],"ids":[9007199254740993,-1]}',
      '{"x":[[0.5,1,2]],"ids":["ä","b"]}',
      '{"x":[[4,5,6]],"ids":[7]}',
    ]);
    expect(set.source).toBe('profiler-inputs, 3 bodies');
  });

  test("tensors under other names are the model's inputs by number", () => {
    const signature = model({ name: 'pixels', type: 'float32', shape: [1, 3] }, { name: 'tokens', type: 'int64', shape: ['n'] });
    const set = readInputSet(path.join(TEST_DATA, 'test_data_set_0'), signature);
    expect(bodies(set)).toEqual(['{"pixels":[[1,-2.5,0.1]],"tokens":[9007199254740993,-1]}']);
    expect(() => decode(set, signature)).not.toThrow();
  });

  /** A tensor of 32-bit floats in the field of its own, packed. */
  const stored = (dims: readonly number[], values: readonly number[]) => {
    const writer = new BinaryWriter();
    for (const size of dims) writer.tag(1, WireType.Varint).int64(size);
    writer.tag(2, WireType.Varint).int32(1).tag(4, WireType.LengthDelimited).fork();
    for (const value of values) writer.float(value);
    return Buffer.from(writer.join().tag(8, WireType.LengthDelimited).string('x').finish());
  };

  test.each([
    ['text', Buffer.from('input'), /not a TensorProto|element type/],
    ['too few elements', stored([2, 2], [1, 2, 3]), /\[2, 2\] takes 4 elements, but it holds 3/],
    ['a NaN', stored([1], [NaN]), /tensor x holds a NaN/],
    ['a negative size', stored([-1], []), /its shape is \[-1\]/],
    ['endless empty lists', stored([1_000_000_000, 0], []), /its shape is/],
  ])('refuses %s', (_, content, message) => {
    expect(() => readInputSet(temporaryFile('input_0.pb', content))).toThrow(
      expect.objectContaining({ code: 'INPUT_UNREADABLE', message: expect.stringMatching(message) }),
    );
  });

  test('what is damaged anywhere is read or refused', () => {
    const whole = stored([2, 2], [1, 2, 3, 4]);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, end) => {
        const damaged = Buffer.from(whole.subarray(0, end));
        if (at < end) damaged[at] = byte;
        try {
          readInputSet(temporaryFile('input_0.pb', damaged));
        } catch (error) {
          expect((error as { code?: string }).code).toBe('INPUT_UNREADABLE');
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('syntheticInputs', () => {
  const TYPES: ElementType[] = ['float16', 'float32', 'float64', 'int8', 'int64', 'uint64', 'bool', 'string'];
  const all = model(...TYPES.map(type => ({ name: type, type, shape: ['batch', 2, ''] })));

  test('fit the model in every type, and say what they are', () => {
    const set = syntheticInputs(all, { count: 3, seed: 1, sizes: { batch: 2 } });
    expect(set).toMatchObject({ synthetic: true, source: "made up from the model's signature, 3 bodies" });
    expect(() => decode(set, all)).not.toThrow();
    const { float32, bool } = JSON.parse(bodies(set)[0]) as { float32: number[][][]; bool: number[][][] };
    expect([float32.length, float32[0].length, float32[0][0].length, bool.length]).toEqual([2, 2, 1, 2]);
  });

  test('differ from each other and follow from their seed', () => {
    const made = (seed: number) => bodies(syntheticInputs(all, { count: 5, seed }));
    expect(new Set(made(1)).size).toBe(5);
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
  });

  test('refuse a size that nobody sends', () => {
    expect(() => syntheticInputs(image(100_000, 100_000), { count: 1, seed: 1 })).toThrow(/10000000000 elements/);
  });
});

test('what a model takes, in a line', () => {
  const signature = model({ name: 'x', type: 'int64', shape: ['batch', '', 3] }, { name: 'y', type: 'string', shape: [] });
  expect(expectedInputs(signature)).toBe('x: int64 [batch, ?, 3]; y: string scalar, or of any shape');
});
