import * as fc from 'fast-check';
import { oipMetadata, oipServerMetadata } from '../../../src/scoring/wire/oip-metadata';
import { PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { tensors, TYPES } from './arbitraries';
import { bytesOf, floats, infer, jsonOf, model, refusal } from './requests';

const one = model([['x', 'float32', ['N', 2]]]);
const x = (more: object = {}) => ({ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2], ...more });
const request = (more: object = {}) => ({ inputs: [x(more)] });

describe('the Open Inference Protocol in JSON', () => {
  test.each(TYPES)('a %s tensor survives the way out and back', type => {
    const signature = model([['y', type, []]]);
    fc.assert(
      fc.property(tensors(type, 0), tensor => {
        const answer = infer(model([['x', 'float32', [1]]]), request({ shape: [1], data: [1] })).encode([['y', tensor]]);
        // an answer's outputs have the form of a request's inputs
        const body = bytesOf(answer).toString().replace('"outputs":', '"inputs":');
        expect(infer(signature, body).inputs.get('y')).toEqual(tensor);
      }),
      { numRuns: 50 },
    );
  });

  test.each([
    ['flat', [1, 2, 3, 4]],
    [
      'nested',
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])('data may be %s', (_, data) => {
    expect(infer(one, request({ shape: [2, 2], data })).inputs.get('x')).toEqual(floats([2, 2], 1, 2, 3, 4));
  });

  test('the answer names the model, its version and the request', () => {
    const { encode, outputNames } = infer(one, { id: 'r "1"', ...request() }, { modelName: 'digits', modelVersion: '3' });

    expect(outputNames).toEqual(['y']);
    expect(encode([['y', floats([1, 2], 0.1, NaN)]]).contentType).toBe('application/json');
    expect(jsonOf(encode([['y', floats([1, 2], 0.1, NaN)]]))).toEqual({
      model_name: 'digits',
      model_version: '3',
      id: 'r "1"',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], data: [0.1, null] }],
    });
  });

  test('what the request and the model do not have is not in the answer', () => {
    expect(jsonOf(infer(one, { ...request(), id: null }).encode([]))).toEqual({ model_name: 'm', outputs: [] });
  });

  test('parameters that we do not know are let pass', () => {
    const body = {
      parameters: { priority: 3 },
      outputs: [{ name: 'y', parameters: { classification: 2 } }],
      ...request({ parameters: { content_type: 'np' } }),
    };

    expect(infer(one, body).inputs.get('x')).toEqual(floats([1, 2], 1, 2));
  });

  test('only the outputs asked for are computed, in that order', () => {
    const signature = model(
      [['x', 'float32', ['N', 2]]],
      [
        ['a', 'float32', []],
        ['b', 'float32', []],
        ['constructor', 'float32', []],
      ],
    );

    expect(infer(signature, { ...request(), outputs: [{ name: 'constructor' }, { name: 'a' }] }).outputNames).toEqual([
      'constructor',
      'a',
    ]);
    expect(infer(signature, { ...request(), outputs: [] }).outputNames).toEqual(['a', 'b', 'constructor']);
  });

  test('several inputs are found by name, also those named as what objects have', () => {
    const signature = model([
      ['__proto__', 'int64', ['B']],
      ['mask', 'bool', ['B']],
      ['text', 'string', ['B']],
    ]);
    const { inputs } = infer(
      signature,
      '{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","data":["ñ"]},{"name":"mask","shape":[1],"datatype":"BOOL","data":[true]},' +
        '{"name":"__proto__","shape":[1],"datatype":"INT64","data":[9007199254740993]}]}',
    );

    expect([...inputs]).toEqual([
      ['text', { type: 'string', dims: [1], data: ['ñ'] }],
      ['mask', { type: 'bool', dims: [1], data: Uint8Array.of(1) }],
      ['__proto__', { type: 'int64', dims: [1], data: BigInt64Array.of(9007199254740993n) }],
    ]);
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '{"inputs"', 'the body is not JSON'],
    ['nothing', '', 'the body is empty'],
    ['an array', [], 'the request must be a JSON object'],
    ['no inputs', {}, 'the request must have an array "inputs"'],
    ['inputs that are none', { inputs: { x: 1 } }, 'the request must have an array "inputs"'],
    ['an input that is none', { inputs: [1] }, 'inputs[0] must be a JSON object'],
    ['too many inputs', { inputs: [x(), x()] }, '"inputs" has 2 entries, but this model takes 1: "x"'],
    ['too few inputs', { inputs: [] }, 'missing from "inputs": "x"'],
    ['an unknown input', request({ name: 'z' }), 'inputs[0]: there is no input "z"; there are "x"'],
    ['an inherited name', request({ name: 'toString' }), 'there is no input "toString"'],
    ['no name', request({ name: 1 }), 'inputs[0]: "name" must be a string'],
    ['another datatype', request({ datatype: 'FP64' }), 'input "x" takes the datatype FP32, not "FP64"'],
    ['no datatype', request({ datatype: undefined }), 'input "x" takes the datatype FP32, not none'],
    ['no shape', request({ shape: undefined }), 'input "x" needs a "shape"'],
    ['a shape of texts', request({ shape: ['1', '2'] }), 'input "x" needs a "shape"'],
    ['a negative size', request({ shape: [-1, 2] }), 'a shape is a list of sizes from 0'],
    ['a fraction of a size', request({ shape: [0.5, 2] }), 'a shape is a list of sizes from 0'],
    ['another rank', request({ shape: [2] }), 'input "x": its shape is [2], but the model takes [N,2]'],
    ['another size', request({ shape: [1, 3] }), 'its shape is [1,3], but the model takes [N,2]'],
    ['too few elements', request({ data: [1] }), 'input "x": expected 2 elements, got 1'],
    ['ragged elements', request({ data: [[1]] }), 'input "x"[0]: expected 2 elements, got 1'],
    ['a wrong element', request({ data: [1, 'a'] }), 'input "x"[1]: expected a number in the range of float32, got "a"'],
    ['no data', request({ data: undefined }), 'input "x" needs "data", an array'],
    ['data that are none', request({ data: 'AAAA' }), 'input "x" needs "data", an array'],
    [
      'sizes of bytes without bytes',
      request({ data: undefined, parameters: { binary_data_size: 8 } }),
      'the header Inference-Header-Content-Length is missing',
    ],
    ['wrong parameters', request({ parameters: [] }), 'the "parameters" of input "x" must be a JSON object'],
    ['an id that is no text', { id: 7, ...request() }, '"id" must be a string of at most 1024 characters'],
    ['an endless id', { id: 'x'.repeat(2000), ...request() }, '"id" must be a string of at most 1024 characters'],
    ['an unknown output', { outputs: [{ name: 'z' }], ...request() }, 'there is no output "z"; there are "y"'],
    [
      'more outputs than there are',
      { outputs: [{ name: 'y' }, { name: 'y' }], ...request() },
      'asks for 2 outputs, but this model has 1',
    ],
    ['outputs without end', { outputs: new Array(9_000).fill({}), ...request() }, 'asks for 9000 outputs, but this model has 1'],
    ['an output without a name', { outputs: [{}], ...request() }, 'outputs[0]: "name" must be a string'],
    ['outputs that are none', { outputs: 'y', ...request() }, '"outputs" must be an array'],
    [
      'a flag that is none',
      { outputs: [{ name: 'y', parameters: { binary_data: 1 } }], ...request() },
      'the parameter "binary_data" must be true or false',
    ],
    ['nesting without end', `{"inputs":${'['.repeat(300_000)}`, 'nests deeper than 32 levels'],
  ])('%s is refused with its place', (_, body, text) => {
    expect(refusal(() => infer(one, body as object))).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  test('an input may be given once, and multipart bodies not at all', () => {
    const two = model([
      ['x', 'float32', [1, 2]],
      ['z', 'float32', [1]],
    ]);

    expect(refusal(() => infer(two, { inputs: [x(), x()] })).text).toBe('input "x" is given twice');
    expect(refusal(() => infer(one, request(), { contentType: 'multipart/form-data' })).status).toBe(415);
  });
});

describe('large data in the Open Inference Protocol', () => {
  const values = Array.from({ length: 2000 }, (_, i) => i / 7);
  const signature = model([
    ['x', 'float32', ['N', 2]],
    ['ids', 'int64', ['N']],
  ]);
  const ids = { name: 'ids', datatype: 'INT64', shape: [1000], data: values.slice(0, 1000).map(Math.floor) };
  const large = { ...x({ shape: [1000, 2], data: values }) };
  const expected = new Map<string, PlainTensor>([
    ['x', floats([1000, 2], ...values)],
    ['ids', { type: 'int64', dims: [1000], data: BigInt64Array.from(ids.data, BigInt) }],
  ]);
  const rows = values.flatMap((value, i) => (i % 2 === 0 ? [[value, values[i + 1]]] : []));

  test.each<[string, object | string]>([
    ['flat data', { inputs: [large, ids] }],
    ['nested data', { inputs: [{ ...large, data: rows }, ids] }],
    ['data in lines of their own', JSON.stringify({ inputs: [large, ids] }, null, 1)],
    ['nested data in lines of their own', JSON.stringify({ inputs: [{ ...large, data: rows }, ids] }, null, 1)],
    [
      'data before their datatype',
      `{"inputs":[{"data":${JSON.stringify(values)},"shape":[1000,2],"datatype":"FP32","name":"x"},${JSON.stringify(ids)}]}`,
    ],
    [
      'data that are given twice',
      `{"inputs":[{"data":[3],"data":${JSON.stringify(values)},"shape":[1000,2],"datatype":"FP32","name":"x"},${JSON.stringify(ids)}]}`,
    ],
    ['other data', { parameters: { data: [1, 2], text: '"data":[1' }, inputs: [large, ids] }],
    ['names that end as data do', { parameters: { 'a"data': [7], 'ü"data': ']]' }, inputs: [large, ids] }],
  ])('%s are read as small data are', (_, body) => {
    expect(infer(signature, body).inputs).toEqual(expected);
  });

  test('a wrong element is found', () => {
    const wrong = { inputs: [large, { ...ids, data: [...ids.data.slice(0, 999), 0.5] }] };

    expect(refusal(() => infer(signature, wrong)).text).toContain('input "ids"[999]: expected an integer');
  });

  test('data without end are refused', () => {
    expect(refusal(() => infer(signature, `{"inputs":[${'{"data":['.repeat(100_000)}]}`)).status).toBe(400);
  });
});

describe('metadata of the Open Inference Protocol', () => {
  test('a model tells its tensors, free sizes as -1', () => {
    const signature = model(
      [
        ['x', 'float16', ['N', 3, '']],
        ['s', 'string', []],
      ],
      [['y', 'bool', [1]]],
    );

    expect(oipMetadata('digits', ['1', '2'], signature)).toEqual({
      name: 'digits',
      versions: ['1', '2'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'x', datatype: 'FP16', shape: [-1, 3, -1] },
        { name: 's', datatype: 'BYTES', shape: [] },
      ],
      outputs: [{ name: 'y', datatype: 'BOOL', shape: [1] }],
    });
  });

  test('the server tells its extensions', () => {
    expect(oipServerMetadata('1.2.3')).toEqual({
      name: 'cdktf-model-serving',
      version: '1.2.3',
      extensions: ['binary_tensor_data'],
    });
  });
});
