import * as fc from 'fast-check';
import { encodeResponse } from '../../../src/scoring/tensor/json-request';
import { JsonWriter } from '../../../src/scoring/tensor/json-writer';

const written = (data: Float32Array) => encodeResponse([['y', { type: 'float32', dims: [data.length], data }]]);
const texts = (data: Float32Array) => written(data).slice('{"y":['.length, -2).split(',');

describe('numbers of single precision as JSON', () => {
  test('every one reads back as itself', () => {
    // all exponents, and mantissas spread over all that there are
    const bits = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
    const data = new Float32Array(bits.buffer).filter(value => Number.isFinite(value) && value !== 0);

    const changed = texts(data).filter((text, i) => Math.fround(Number(text)) !== data[i]);

    expect(changed).toEqual([]);
  });

  test('they take no more digits than nine', () => {
    const positive = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(1e-10), max: Math.fround(1e14) });
    fc.assert(
      fc.property(positive, value => {
        const [text] = texts(Float32Array.of(value));
        expect(text.replace(/e.*|\./g, '').replace(/^0+|0+$/g, '').length).toBeLessThanOrEqual(9);
      }),
    );
  });

  test('decimals of six digits are written as they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 12 }), (digits, places) => {
        const value = Number(`${digits}e${-places}`) || 0;
        expect(texts(Float32Array.of(value))).toEqual([String(value)]);
      }),
    );
  });

  test.each([
    [0, '0'],
    [-0, '0'],
    [0.1, '0.1'],
    [-0.1, '-0.1'],
    [1 / 3, '0.33333334'],
    [100, '100'],
    [16777216, '16777216'],
    [1234.5, '1234.5'],
    [1e-6, '0.000001'],
    [1.5e-7, '1.5e-7'],
    [1e-7, '1e-7'],
    [1e-12, '1e-12'],
    [123456789, '123456790'],
    [1e14, '100000000000000'],
    [3.4028234663852886e38, '3.4028234663852886e+38'],
    [1.401298464324817e-45, '1.401298464324817e-45'],
  ])('%d is written as %s', (value, text) => {
    expect(texts(Float32Array.of(value))).toEqual([text]);
  });

  test('an answer is what was written since the last, however long that was', () => {
    const writer = new JsonWriter();
    writer.singles(new Float32Array(10_000).fill(0.1), 0, 10_000);
    expect(writer.take()).toHaveLength(40_000 - 1);
    writer.string('é');

    expect(writer.take().toString()).toBe('"é"');
  });

  test('a taken answer is not written over by the next', () => {
    const writer = new JsonWriter();
    writer.ascii('[1]');
    const first = writer.take();
    writer.ascii('[2]');
    writer.take();

    expect(first.toString()).toBe('[1]');
  });
});
