import * as fc from 'fast-check';
import { jsonText } from '../../../src/scoring/script/json-text';

describe('the JSON text of a result', () => {
  test('is what JSON.stringify writes, of whatever that can write', () => {
    fc.assert(fc.property(fc.jsonValue(), value => expect(jsonText(value)).toBe(JSON.stringify(value))));
  });

  test('is the same where something in it needs care', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.bigInt(), (value, integer) => {
        expect(jsonText([value, integer, new Map([['key', value]])])).toBe(
          `[${JSON.stringify(value)},${integer},{"key":${JSON.stringify(value)}}]`,
        );
      }),
    );
  });

  test.each([
    [new Float32Array([0.5, NaN, Infinity]), '[0.5,null,null]'],
    [new BigUint64Array([2n ** 64n - 1n, 0n]), '[18446744073709551615,0]'],
    [new BigInt64Array(), '[]'],
    [{ bytes: new Uint8Array([1, 2]).buffer }, '{"bytes":[1,2]}'],
    [{ left: undefined, of: [undefined, new Set([1n])] }, '{"of":[null,[1]]}'],
  ])('writes %p', (value, text) => {
    expect(jsonText(value)).toBe(text);
  });

  test('is refused where it nests beyond the stack', () => {
    let deep: unknown[] = [];
    for (let level = 0; level < 200_000; level++) deep = [deep];

    expect(() => jsonText(deep)).toThrow(/cannot be written as JSON/);
  });

  test.each([new DataView(new ArrayBuffer(1)), Symbol('s'), { stream: new ReadableStream() }])('is refused for %p', value => {
    expect(() => jsonText(value)).toThrow(/cannot be written as JSON/);
  });
});
