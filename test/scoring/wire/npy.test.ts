import * as fc from 'fast-check';
import { ElementType } from '../../../src/scoring/tensor/signature';
import { PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { FIXED_TYPES, tensors } from './arbitraries';
import { bytesOf, floats, model, refusal, score } from './requests';

/** A file as NumPy's `save` writes it, its header padded or not. */
function npy(header: string, data: Buffer, version = 1): Buffer {
  const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1');
  const text = Buffer.from(`${header}\n`, version === 3 ? 'utf8' : 'latin1');
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(text.length, 0, length.length);
  return Buffer.concat([start, length, text, data]);
}
const header = (descr: string, shape: string, fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const f32 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const read = (body: Buffer, type: ElementType = 'float32', shape: string[] = ['N', 'M']) =>
  score(model([['x', type, shape]]), body, { contentType: 'application/x-npy' }).inputs.get('x');
const write = (tensor: PlainTensor) =>
  score(model([['x', 'float32', ['N']]], [['y', tensor.type as ElementType, []]]), '{"x":[1]}', {
    accept: 'application/x-npy',
  }).encode([['y', tensor]]);

describe('.npy files', () => {
  test.each(FIXED_TYPES)('a %s tensor survives the way out and back', type => {
    fc.assert(
      fc.property(tensors(type, 0), tensor => {
        expect(
          read(
            bytesOf(write(tensor)),
            type,
            tensor.dims.map(() => ''),
          ),
        ).toEqual(tensor);
      }),
      { numRuns: 50 },
    );
  });

  test('what is written is what NumPy writes', () => {
    const bytes = bytesOf(write(floats([3], 1, 2, 3)));

    expect(bytes.subarray(0, 10)).toEqual(Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'));
    expect(bytes.toString('latin1', 10, 128)).toBe(`${header('<f4', '(3,)').padEnd(117)}\n`);
    expect(bytes.subarray(128)).toEqual(f32(1, 2, 3));
  });

  test.each([1, 2, 3])('format version %d is read', version => {
    expect(read(npy(header('<f4', '(1, 2)'), f32(1, 2), version))).toEqual(floats([1, 2], 1, 2));
  });

  test('a body of bytes that starts as such a file is one', () => {
    const body = npy(header('<f4', '(1, 2)'), f32(1, 2));
    const { inputs } = score(model([['x', 'float32', [1, 2]]]), body, { contentType: 'application/octet-stream' });

    expect(inputs.get('x')).toEqual(floats([1, 2], 1, 2));
  });

  test('the keys may come in any order and in other quotes', () => {
    expect(read(npy(`{"shape":(2L,1L),"fortran_order":False,"descr":"<f4"}`, f32(1, 2)))).toEqual(floats([2, 1], 1, 2));
  });

  test.each<[string, ElementType, Buffer, PlainTensor['data']]>([
    ['>f4', 'float32', Buffer.from('3f800000c0000000', 'hex'), Float32Array.of(1, -2)],
    ['>f2', 'float16', Buffer.from('3c00c000', 'hex'), Uint16Array.of(0x3c00, 0xc000)],
    ['>i8', 'int64', Buffer.from('0000000000000001fffffffffffffffe', 'hex'), BigInt64Array.of(1n, -2n)],
    ['=i2', 'int16', Buffer.from('0100feff', 'hex'), Int16Array.of(1, -2)],
    ['|u1', 'uint8', Buffer.from('01ff', 'hex'), Uint8Array.of(1, 255)],
    ['|b1', 'bool', Buffer.from('0100', 'hex'), Uint8Array.of(1, 0)],
    ['?', 'bool', Buffer.from('0100', 'hex'), Uint8Array.of(1, 0)],
  ])('elements of %s are read as %s', (descr, type, data, elements) => {
    expect(read(npy(header(descr, '(1, 2)'), data), type)).toEqual({ type, dims: [1, 2], data: elements });
  });

  test('Fortran order becomes row-major', () => {
    const columns = f32(1, 4, 2, 5, 3, 6);
    const cube = f32(0, 4, 2, 6, 1, 5, 3, 7);

    expect(read(npy(header('<f4', '(2, 3)', 'True'), columns))).toEqual(floats([2, 3], 1, 2, 3, 4, 5, 6));
    expect(read(npy(header('<f4', '(2, 2, 2)', 'True'), cube), 'float32', ['', '', ''])).toEqual(
      floats([2, 2, 2], 0, 1, 2, 3, 4, 5, 6, 7),
    );
  });

  test.each<[string, Buffer, string]>([
    ['no such file', Buffer.from('PK\x03\x04 something else'), 'does not start with the bytes'],
    ['an empty body', Buffer.alloc(0), 'does not start with the bytes'],
    ['another version', npy(header('<f4', '(1, 2)'), f32(1, 2), 4), 'its format version is 4.0'],
    ['a cut header', npy(header('<f4', '(1, 2)'), Buffer.alloc(0)).subarray(0, 40), 'it ends within its header'],
    ['an endless header', npy(header('<f4', `(1, 2)${' '.repeat(20_000)}`), f32(1, 2)), 'at most 10000 are read'],
    ['too little data', npy(header('<f4', '(1, 2)'), f32(1)), '(1, 2) of float32 takes 8 bytes of data, but there are 4'],
    ['too much data', npy(header('<f4', '(1, 2)'), f32(1, 2, 3)), 'takes 8 bytes of data, but there are 12'],
    [
      'another element type',
      npy(header('<f8', '(1, 1)'), Buffer.alloc(8)),
      'takes float32, but the .npy file holds float64; convert it with astype()',
    ],
    ['strings', npy(header('<U3', '(1,)'), Buffer.alloc(12)), "its element type is '<U3'"],
    ['objects', npy(header('|O', '(1,)'), Buffer.alloc(12)), "its element type is '|O'"],
    [
      'a structured type',
      npy(`{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }`, f32(1)),
      'its header is no dictionary',
    ],
    ['no order', npy(`{'descr': '<f4', 'shape': (1,), }`, f32(1)), 'does not say whether it is in Fortran order'],
    ['no shape', npy(`{'descr': '<f4', 'fortran_order': False}`, f32(1)), 'names no shape'],
    ['no header', npy('', f32(1)), 'names no element type'],
    [
      'code in the header',
      npy(`{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os')}`, f32(1)),
      'is no dictionary',
    ],
    ['another shape', npy(header('<f4', '(2,)'), f32(1, 2)), 'input "x": its shape is [2], but the model takes [N,M]'],
    ['a strange shape', npy(header('<f4', '(1 2)'), f32(1, 2)), 'its shape is (1 2)'],
    ['huge sizes', npy(header('<f4', '(9999999999, 0)'), Buffer.alloc(0)), 'a shape is a list of sizes from 0 to 2147483647'],
  ])('%s is refused', (_, body, text) => {
    expect(refusal(() => score(model([['x', 'float32', ['N', 'M']]]), body, { contentType: 'application/x-npy' }))).toEqual({
      status: 400,
      text: expect.stringContaining(text),
    });
  });

  test('one file carries one input', () => {
    const signature = model([
      ['a', 'float32', [1]],
      ['b', 'float32', [1]],
    ]);

    expect(
      refusal(() => score(signature, npy(header('<f4', '(1,)'), f32(1)), { contentType: 'application/x-npy' })).text,
    ).toContain('A .npy file carries one input, but this model has 2: "a", "b"');
  });
});
