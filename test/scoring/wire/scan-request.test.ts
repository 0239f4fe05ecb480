import * as fc from 'fast-check';
import { parseRequest } from '../../../src/scoring/tensor/json-request';
import { InputError, PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { scanRequest } from '../../../src/scoring/tensor/scan-request';
import { ElementType, ModelSignature } from '../../../src/scoring/tensor/signature';
import { FIXED_TYPES } from './arbitraries';
import { model } from './requests';

const scan = (signature: ModelSignature, body: string) => scanRequest(signature, Buffer.from(body));
const parse = (signature: ModelSignature, body: string): Map<string, PlainTensor> | InputError => {
  try {
    return parseRequest(signature, Buffer.from(body));
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
};

/** Number texts of all kinds: short, long, with many digits, at the edges of the types, and some that JSON does not know. */
const numbers = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.integer({ min: -130, max: 300 }).map(String),
  fc.maxSafeInteger().map(String),
  fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,40})?([eE][+-]?\d{1,4})?$/),
  fc.stringMatching(/^-?\d{0,3}\.?\d{0,3}e?\d?$/),
  fc.constantFrom(
    '-0',
    '0.0',
    '-0.0e-0',
    '1e400',
    '-1e-400',
    '3.4028235677973366e38',
    '3.4028235677973362e38',
    '16777217',
    '1e22',
    '1e23',
  ),
  fc.constantFrom(
    '9007199254740993',
    '9007199254740992',
    '9007199254740991',
    '-9007199254740993',
    '01',
    '+1',
    '1.',
    '.5',
    'NaN',
    'null',
    '""',
  ),
);
const spaces = fc.constantFrom('', '', '', ' ', '\n', '\r\n\t ');
const rows = fc
  .tuple(fc.array(fc.array(numbers, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 4 }), fc.boolean())
  // mostly regular
  .map(([table, ragged]) => (ragged ? table : table.map(() => table[0])));
const nested = fc.tuple(rows, spaces).map(([table, space]) => {
  return `[${table.map(row => `[${row.join(`${space},${space}`)}]`).join(`,${space}`)}]`;
});

describe('the scanner of plain requests', () => {
  test.each(FIXED_TYPES.filter(type => type !== 'bool'))('reads nothing of %s that JSON.parse reads otherwise', type => {
    const signature = model([['x', type, ['N', 'M']]]);
    fc.assert(
      fc.property(nested, spaces, fc.constantFrom('x', 'data'), (array, space, name) => {
        const body = `${space}{${space}"${name}"${space}:${space}${array}${space}}${space}`;
        const scanned = scan(signature, body);
        if (scanned !== undefined) expect(scanned).toEqual(parse(signature, body));
      }),
      { numRuns: 400 },
    );
  });

  test('a double becomes the same single as by way of JSON.parse, also next to where two singles part', () => {
    const signature = model([['x', 'float32', ['N']]]);
    const halfWay = fc.float({ noNaN: true, noDefaultInfinity: true, min: 1, max: 1e6 }).chain(single => {
      const next = Math.fround(single * (1 + 2 ** -23));
      const middle = (single + next) / 2;
      return fc.integer({ min: -3, max: 3 }).map(ulps => (middle * (1 + ulps * 2 ** -52)).toPrecision(20));
    });
    fc.assert(
      fc.property(fc.array(halfWay, { minLength: 1, maxLength: 20 }), texts => {
        const body = `{"x":[${texts.join()}]}`;
        expect(scan(signature, body)).toEqual(parse(signature, body));
      }),
      { numRuns: 300 },
    );
  });

  test.each<[ElementType, string]>([
    ['float32', '[[0.1,-2.5e-3],[3,4]]'],
    ['float64', '[[0.1,-2.5e-3],[3,4]]'],
    ['float16', '[[0.1,-2.5e-3],[3,4]]'],
    ['int64', '[[1,-9007199254740991],[3,4]]'],
    ['uint64', '[[1,9007199254740991],[3,4]]'],
    ['uint8', '[[ 0 , 255 ],\n[3,4]]'],
  ])('reads a plain request of %s', (type, array) => {
    const signature = model([['x', type, ['N', 2]]]);

    const scanned = scan(signature, `{"x":${array}}`);

    expect(scanned).toBeDefined();
    expect(scanned).toEqual(parse(signature, `{"x":${array}}`));
  });

  test('reads several inputs in any order, and their common dimensions', () => {
    const signature = model([
      ['ids', 'int64', ['B', 'S']],
      ['__proto__', 'int64', ['B', 'S']],
      ['w', 'float32', ['B']],
    ]);
    const body = '{"w":[0.5,1], "__proto__":[[1,1],[1,0]], "ids":[[7,8],[9,1]]}';

    expect(scan(signature, body)).toBeDefined();
    expect(scan(signature, body)).toEqual(parse(signature, body));
    expect(scan(signature, body.replace('[0.5,1]', '[0.5]'))).toBeUndefined();
  });

  test.each([
    ['a second value of a name', '{"x":[1],"x":[2]}'],
    ['a name in escapes', '{"\\u0078":[1]}'],
    ['an unknown name', '{"x":[1],"y":[2]}'],
    ['a missing input', '{}'],
    ['a string', '{"x":["1"]}'],
    ['an empty array', '{"x":[]}'],
    ['too many dimensions', '{"x":[[1]]}'],
    ['ragged rows', '{"x":[[1],[1,2]]}'],
    ['text behind the object', '{"x":[1]}}'],
    ['no end', '{"x":[1'],
    ['no end of the object', '{"x":[1]'],
    ['a comma too many', '{"x":[1,]}'],
    ['no comma', '{"x":[1 2]}'],
    ['a byte order mark', '\ufeff{"x":[1]}'],
    ['a number beyond float32', '{"x":[1e39]}'],
    ['nesting without end', `{"x":${'['.repeat(1000)}}`],
  ])('leaves %s to JSON.parse', (_, body) => {
    expect(scan(model([['x', 'float32', ['N']]]), body)).toBeUndefined();
  });

  test.each(['1e340', '-1e400', `${'9'.repeat(400)}`])('leaves %s, which is no finite double, to JSON.parse', number => {
    expect(scan(model([['x', 'float64', ['N']]]), `{"x":[0,${number}]}`)).toBeUndefined();
  });

  test('a request after one that was given up is read as if nothing had been', () => {
    const signature = model([['x', 'float32', ['N']]]);
    scan(signature, '{"x":[1,2,3,4,');

    expect(scan(signature, '{"x":[5]}')?.get('x')).toEqual({ type: 'float32', dims: [1], data: Float32Array.of(5) });
  });

  test('many numbers of a free size are read whole', () => {
    const values = Array.from({ length: 10_003 }, (_, i) => i / 8);

    expect(scan(model([['x', 'float32', ['N']]]), JSON.stringify({ x: values }))?.get('x')?.data).toEqual(
      Float32Array.from(values),
    );
  });
});
