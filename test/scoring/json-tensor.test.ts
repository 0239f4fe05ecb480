import * as fc from 'fast-check';
import { decodeRequest, encodeResponse } from '../../src/scoring/tensor/json-request';
import { PlainTensor } from '../../src/scoring/tensor/json-tensor';
import { ElementType, ModelSignature, TensorSignature } from '../../src/scoring/tensor/signature';
import { tensors, TYPES } from './wire/arbitraries';

const signature = (...inputs: Array<[string, ElementType, TensorSignature['shape']]>): ModelSignature => ({
  inputs: inputs.map(([name, type, shape]) => ({ name, type, shape })),
  outputs: [],
});
const decode = (model: ModelSignature, body: unknown): Map<string, PlainTensor> =>
  decodeRequest(model, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

describe('tensors as JSON', () => {
  test.each(TYPES)('a %s tensor of any shape survives the way out and back', type => {
    fc.assert(
      fc.property(tensors(type), tensor => {
        const decoded = decode(signature(['x', type, tensor.dims]), encodeResponse([['x', tensor]])).get('x');
        expect(decoded).toEqual(tensor);
      }),
    );
  });

  test('a scalar is a bare value', () => {
    const tensor = { type: 'int64', dims: [], data: BigInt64Array.of(-5n) };

    expect(encodeResponse([['x', tensor]])).toBe('{"x":-5}');
    expect(decode(signature(['x', 'int64', []]), '{"x":-5}').get('x')).toEqual(tensor);
  });

  test('where the rank is unknown the nesting shows it', () => {
    expect(decode(signature(['x', 'float32', []]), { x: [[1, 2, 3]] }).get('x')?.dims).toEqual([1, 3]);
  });

  test('infinities and what is no number become null', () => {
    const data = Float32Array.of(NaN, Infinity, -Infinity, 1);

    expect(encodeResponse([['x', { type: 'float32', dims: [4], data }]])).toBe('{"x":[null,null,null,1]}');
  });

  test('an empty batch keeps the fixed dimensions', () => {
    expect(decode(signature(['x', 'float32', ['N', 4]]), { x: [] }).get('x')?.dims).toEqual([0, 4]);
  });

  test('64-bit integers keep all digits, as numbers and as strings', () => {
    const decoded = decode(
      signature(['i', 'int64', [3]], ['f', 'float64', [1]]),
      '{"i":[9007199254740993,"-9223372036854775808",5.0],"f":[9007199254740993]}',
    );

    expect(decoded.get('i')?.data).toEqual(BigInt64Array.of(9007199254740993n, -(2n ** 63n), 5n));
    expect(decoded.get('f')?.data).toEqual(Float64Array.of(9007199254740992));
  });

  test('a fraction of many digits does not disturb a long integer beside it', () => {
    const decoded = decode(
      signature(['f', 'float64', [1]], ['i', 'int64', [1]]),
      '{"f":[0.12345678901234567],"i":[9007199254740993]}',
    );

    expect(decoded.get('f')?.data).toEqual(Float64Array.of(0.12345678901234567));
    expect(decoded.get('i')?.data).toEqual(BigInt64Array.of(9007199254740993n));
  });

  test('digits inside of strings are left alone where long integers are read again', () => {
    const text = '"12345678901234567890\\"';
    const decoded = decode(signature(['s', 'string', [1]], ['i', 'uint64', [1]]), `{"s":[${text}"],"i":[18446744073709551615]}`);

    expect(decoded.get('s')?.data).toEqual(['12345678901234567890"']);
    expect(decoded.get('i')?.data).toEqual(BigUint64Array.of(2n ** 64n - 1n));
  });
});

describe('what does not fit the signature', () => {
  test.each<[string, TensorSignature['shape'], ElementType, unknown, string]>([
    [
      'an integer out of range',
      [2, 2],
      'uint8',
      [
        [1, 2],
        [3, 300],
      ],
      'input "x"[1][1]: expected an integer 0..255, got 300',
    ],
    ['a fraction', [1], 'int32', [1.5], 'input "x"[0]: expected an integer -2147483648..2147483647, got 1.5'],
    ['a number beyond float32', [1], 'float32', [1e39], 'input "x"[0]: expected a number in the range of float32, got 1e+39'],
    ['a number beyond float16', [1], 'float16', [65520], 'input "x"[0]: expected a number from -65504 to 65504, got 65520'],
    ['null', [1], 'float64', [null], 'input "x"[0]: expected a finite number, got null'],
    ['a string for a number', [1], 'float32', ['1'], 'input "x"[0]: expected a number in the range of float32, got "1"'],
    ['a number for a truth value', [1], 'bool', [1], 'input "x"[0]: expected true or false, got 1'],
    ['a NUL character', ['N'], 'string', ['a', 'b\0'], 'input "x"[1]: expected a string without NUL characters, got "b\\u0000"'],
    ['a long integer out of range', [1], 'int64', ['9223372036854775808'], 'got "9223372036854775808"'],
    ['too few elements', ['N', 3], 'float32', [[1, 2]], 'input "x"[0]: expected 3 elements, got 2'],
    ['ragged rows', ['N', 'M'], 'float32', [[1, 2], [3]], 'input "x"[1]: expected 2 elements, got 1'],
    [
      'a row that is none',
      ['N', 'M'],
      'float32',
      [[1, 2], 3],
      'input "x"[1]: expected an array of 2, got 3 (the input has 2 dimensions)',
    ],
    ['too few dimensions', ['N', 'M'], 'float32', [1], 'input "x"[0]: expected an array, got 1 (the input has 2 dimensions)'],
    [
      'too many dimensions',
      ['N'],
      'float32',
      [[1]],
      'input "x"[0]: expected a number in the range of float32, got an array of 1 (the input has 1 dimension)',
    ],
    ['an object', ['N'], 'float32', { length: 3 }, 'input "x": expected an array, got an object (the input has 1 dimension)'],
    ['a wrong scalar', [], 'float32', 'a', 'input "x": expected a number in the range of float32, got "a"'],
    ['a wrong element of unknown rank', [], 'float32', ['a'], 'input "x"[0]: expected a number in the range of float32, got "a"'],
  ])('%s is refused with its place', (_, shape, type, x, text) => {
    expect(() => decode(signature(['x', type, shape]), { x })).toThrow(text);
  });

  test('a 64-bit integer with an exponent is refused where its digits are not known', () => {
    const model = signature(['x', 'int64', [1]]);

    expect(() => decode(model, '{"x":[1e17]}')).toThrow('input "x": integers beyond 2^53 must be written with all their digits');
    expect(decode(model, '{"x":[1e3]}').get('x')?.data).toEqual(BigInt64Array.of(1000n));
  });

  test('a dimension of one name must have one size', () => {
    const model = signature(['a', 'float32', ['N', 'M']], ['b', 'float32', ['N', 2]]);

    expect(() => decode(model, { a: [[1], [2]], b: [[1, 2]] })).toThrow(
      'input "b": dimension 0 is 1, but "N" is already 2 in input "a"',
    );
    expect(decode(model, { a: [[1]], b: [[1, 2]] }).size).toBe(2);
  });

  test('a long first row does not make the server take memory for rows that are not there', () => {
    const body = `{"x":[[${'0,'.repeat(200_000)}0]${',[]'.repeat(200_000)}]}`;

    expect(() => decode(signature(['x', 'float64', ['N', 'M']]), body)).toThrow('input "x"[1]: expected 200001 elements, got 0');
  });
});

describe('the body around the tensors', () => {
  const one = signature(['x', 'float32', ['N']]);
  const two = signature(['a', 'float32', [1]], ['b', 'float32', [1]]);

  test('"data" stands for the only input', () => {
    expect(decode(one, { data: [1, 2] }).get('x')?.dims).toEqual([2]);
    expect(() => decode(two, { data: [1] })).toThrow('unknown: "data"; missing: "a", "b"');
  });

  test('an input that is called data is an input', () => {
    expect(decode(signature(['data', 'float32', [1]]), { data: [7] }).get('data')?.data).toEqual(Float32Array.of(7));
  });

  test.each([
    ['', 'the body is empty'],
    ['{"x":[1,]}', 'the body is not JSON'],
    ['[1]', 'expected a JSON object with the input "x"'],
    ['null', 'expected a JSON object with the input "x"'],
    ['{}', 'missing: "x"'],
    ['{"x":[1],"y":1}', 'unknown: "y"'],
    ['{"__proto__":{"x":[1]}}', 'unknown: "__proto__"; missing: "x"'],
    ['{"constructor":[1]}', 'unknown: "constructor"; missing: "x"'],
  ])('%s is refused', (body, text) => {
    expect(() => decode(one, body)).toThrow(text);
  });

  test('an input may have the name of a prototype', () => {
    expect(decode(signature(['__proto__', 'float32', [1]]), '{"__proto__":[3]}').get('__proto__')?.data).toEqual(
      Float32Array.of(3),
    );
  });

  test('bytes that are not UTF-8 are refused, and a byte order mark is not', () => {
    expect(() => decodeRequest(one, Buffer.from([0x7b, 0xff, 0x7d]))).toThrow('not UTF-8');
    expect(decode(one, '\ufeff{"x":[1]}').size).toBe(1);
  });

  test.each(['[', '{"a":', '[0,['])('a large body that nests %s without end is refused before it is built', opening => {
    expect(() => decode(one, `{"x":${opening.repeat(300_000)}`)).toThrow('nests deeper than 2 levels');
  });

  test('a large body that holds more values than the model takes is refused before it is built', () => {
    const body = `{"x":[${'null,'.repeat(200_000)}1]}`;

    expect(() => decode(signature(['x', 'float32', [4]]), body)).toThrow('as JSON this model takes at most');
  });

  test.each(['{}', '{"a":1}'])('a large body of objects such as %s is refused before it is built, whatever its end', object => {
    const model = signature(['x', 'float32', ['N', 'M']]);

    expect(() => decode(model, `{"x":[${`${object},`.repeat(100_000)}"`)).toThrow('the body holds more than 10000 objects');
  });

  test('brackets inside of strings do not count as nesting', () => {
    const model = signature(['s', 'string', ['N']]);
    const text = `\\"${'['.repeat(300_000)}\\\\`;

    expect(decode(model, `{"s":["${text}","]"]}`).get('s')?.dims).toEqual([2]);
  });
});
