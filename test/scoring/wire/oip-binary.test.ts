import * as fc from 'fast-check';
import { tensors, TYPES } from './arbitraries';
import { bytesOf, floats, infer, inferBinary, model, refusal } from './requests';

const f32 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const bytes = (...texts: string[]) =>
  Buffer.concat(
    texts.flatMap(text => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
const one = model([['x', 'float32', ['N']]]);
const x = (size: unknown, more: object = {}) => ({
  name: 'x',
  shape: [2],
  datatype: 'FP32',
  parameters: { binary_data_size: size },
  ...more,
});

describe('the binary tensor extension', () => {
  test.each(TYPES)('a %s tensor survives the way out and back', type => {
    const signature = model([['y', type, []]]);
    const want = { parameters: { binary_data_output: true }, inputs: [x(8)] };
    fc.assert(
      fc.property(tensors(type, 0), tensor => {
        const answer = inferBinary(one, want, f32(1, 2)).encode([['y', tensor]]);
        expect(answer.contentType).toBe('application/octet-stream');
        const [name, length] = answer.headers ?? [];
        expect(name).toBe('Inference-Header-Content-Length');
        const all = bytesOf(answer);
        const header = JSON.parse(all.toString('utf8', 0, Number(length)).replace('"outputs":', '"inputs":')) as object;
        expect(inferBinary(signature, header, all.subarray(Number(length))).inputs.get('y')).toEqual(tensor);
      }),
      { numRuns: 50 },
    );
  });

  test('tensors follow each other, mixed with those in JSON', () => {
    const signature = model([
      ['x', 'float32', ['N']],
      ['s', 'string', ['N']],
      ['j', 'bool', ['M']],
      ['h', 'float16', [1]],
    ]);
    const header = {
      inputs: [
        x(8),
        { name: 'j', shape: [1], datatype: 'BOOL', data: [true] },
        { name: 's', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
        { name: 'h', shape: [1], datatype: 'FP16', parameters: { binary_data_size: 2 } },
      ],
    };

    expect([...inferBinary(signature, header, f32(1, 2), bytes('ñ', ''), Buffer.from('003c', 'hex')).inputs]).toEqual([
      ['x', floats([2], 1, 2)],
      ['j', { type: 'bool', dims: [1], data: Uint8Array.of(1) }],
      ['s', { type: 'string', dims: [2], data: ['ñ', ''] }],
      ['h', { type: 'float16', dims: [1], data: Uint16Array.of(0x3c00) }],
    ]);
  });

  test('each output may be asked for as bytes', () => {
    const signature = model(
      [['x', 'float32', ['N']]],
      [
        ['a', 'float32', []],
        ['b', 'float32', []],
        ['s', 'string', []],
      ],
    );
    const outputs = [
      { name: 's', parameters: { binary_data: true } },
      { name: 'a', parameters: { binary_data: false } },
      { name: 'b' },
    ];
    const { encode, outputNames } = inferBinary(
      signature,
      { parameters: { binary_data_output: true }, inputs: [x(8)], outputs },
      f32(1, 2),
    );

    const answer = encode([
      ['s', { type: 'string', dims: [1], data: ['ñ'] }],
      ['a', floats([1], 5)],
      ['b', floats([1], 6)],
    ]);

    expect(outputNames).toEqual(['s', 'a', 'b']);
    expect(JSON.parse(answer.body[0].toString())).toEqual({
      model_name: 'm',
      outputs: [
        { name: 's', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 6 } },
        { name: 'a', datatype: 'FP32', shape: [1], data: [5] },
        { name: 'b', datatype: 'FP32', shape: [1], parameters: { binary_data_size: 4 } },
      ],
    });
    expect(answer.headers).toEqual(['Inference-Header-Content-Length', String(answer.body[0].length)]);
    expect(Buffer.concat(answer.body.slice(1))).toEqual(Buffer.concat([bytes('ñ'), f32(6)]));
  });

  test('a request in JSON may be answered in bytes', () => {
    const body = { parameters: { binary_data_output: true }, inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] };

    expect(infer(one, body).encode([['y', floats([1], 7)]]).body[1]).toEqual(f32(7));
  });

  test.each<[string, object, Buffer, string]>([
    ['too few bytes', { inputs: [x(8)] }, f32(1), 'input "x": "binary_data_size" is 8, but only 4 bytes are left of the body'],
    [
      'too many bytes',
      { inputs: [x(8)] },
      f32(1, 2, 3),
      'the body has 4 bytes more than the inputs\' "binary_data_size" add up to',
    ],
    [
      'a size that is not the shape’s',
      { inputs: [x(4)] },
      f32(1),
      'input "x": the shape [2] of float32 takes 8 bytes, but there are 4',
    ],
    ['a negative size', { inputs: [x(-8)] }, f32(1, 2), 'input "x" has a "binary_data_size" that is no number of bytes'],
    ['a size that is no number', { inputs: [x('8')] }, f32(1, 2), 'no number of bytes'],
    ['a size beyond all', { inputs: [x(1e300)] }, f32(1, 2), 'no number of bytes'],
    ['both forms', { inputs: [x(8, { data: [1, 2] })] }, f32(1, 2), 'input "x" has both "data" and "binary_data_size"'],
    ['a shape that overflows', { inputs: [x(8, { shape: [2 ** 53] })] }, f32(1, 2), 'a shape is a list of sizes'],
  ])('%s is refused', (_, header, blob, text) => {
    expect(refusal(() => inferBinary(one, header, blob))).toEqual({ status: 400, text: expect.stringContaining(text) });
  });

  test.each<[string, Buffer, string]>([
    ['fewer elements', bytes('a'), '5 bytes cannot hold 2 elements'],
    ['a cut element', Buffer.concat([bytes('a'), Buffer.from([9, 0, 0, 0, 1])]), 'element 1 is longer than the data'],
    ['a cut length', Buffer.concat([bytes('abcd'), Buffer.from([0])]), 'the data end before element 1 of 2'],
    ['bytes behind', Buffer.concat([bytes('a', 'b'), Buffer.from([0])]), '1 bytes are left behind its 2 elements'],
    ['no UTF-8', Buffer.concat([bytes('a'), Buffer.from([1, 0, 0, 0, 0xff])]), 'element 1 is not UTF-8'],
    ['a NUL', bytes('a', 'b\0'), 'element 1 has a NUL character'],
  ])('BYTES with %s are refused', (_, blob, text) => {
    const input = { name: 's', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: blob.length } };

    expect(refusal(() => inferBinary(model([['s', 'string', ['N']]]), { inputs: [input] }, blob))).toEqual({
      status: 400,
      text: `input "s": ${text}`.replace('hold 2 elements', 'hold 2 elements of BYTES'),
    });
  });

  test('a shape cannot promise more texts than the bytes hold', () => {
    const input = { name: 's', shape: [2 ** 31 - 1], datatype: 'BYTES', parameters: { binary_data_size: 4 } };

    expect(refusal(() => inferBinary(model([['s', 'string', ['N']]]), { inputs: [input] }, Buffer.alloc(4))).text).toContain(
      '4 bytes cannot hold 2147483647 elements',
    );
  });

  test.each(['0', '-1', '1.5', '1e2', 'ten', '', '99999999', '9'.repeat(400)])('a JSON length of %s is refused', jsonBytes => {
    const { status, text } = refusal(() => infer(one, { inputs: [x(8)] }, { jsonBytes }));

    expect(status).toBe(400);
    expect(text).toContain('the header Inference-Header-Content-Length is');
  });

  test('bytes without the length of their JSON are refused', () => {
    expect(refusal(() => infer(one, Buffer.alloc(8), { contentType: 'application/octet-stream' }))).toEqual({
      status: 400,
      text: expect.stringContaining('needs the header Inference-Header-Content-Length'),
    });
  });
});
