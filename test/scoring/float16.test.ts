import * as fc from 'fast-check';
import { fromFloat16Bits, toFloat16Bits } from '../../src/scoring/tensor/float16';

const ALL_HALVES = Array.from({ length: 0x10000 }, (_, half) => half);
const FINITE = ALL_HALVES.filter(half => (half & 0x7c00) !== 0x7c00);
const ascending = FINITE.filter(half => half < 0x8000).map(fromFloat16Bits);

describe('half precision', () => {
  test('every half that is a number survives the way out and back', () => {
    const changed = ALL_HALVES.filter(
      half => !Number.isNaN(fromFloat16Bits(half)) && toFloat16Bits(fromFloat16Bits(half)) !== half,
    );

    expect(changed).toEqual([]);
  });

  test('a number becomes the nearest half', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 65504, noNaN: true }), value => {
        const error = Math.abs(fromFloat16Bits(toFloat16Bits(value)) - value);
        const above = ascending.findIndex(half => half >= value);
        const least = Math.min(ascending[above] - value, value - (ascending[above - 1] ?? -Infinity));
        expect(error).toBe(least);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    [2049, 2048],
    [2051, 2052],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2 ** -23],
    // through single precision this would be rounded to a tie first, and then down
    [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
  ])('%d, half-way or almost, becomes %d', (value, rounded) => {
    expect(fromFloat16Bits(toFloat16Bits(value))).toBe(rounded);
    expect(fromFloat16Bits(toFloat16Bits(-value))).toBe(rounded === 0 ? -0 : -rounded);
  });

  test('what is too large becomes infinity, and what is no number stays none', () => {
    expect(fromFloat16Bits(toFloat16Bits(65519.99))).toBe(65504);
    expect(fromFloat16Bits(toFloat16Bits(65520))).toBe(Infinity);
    expect(fromFloat16Bits(toFloat16Bits(-1e300))).toBe(-Infinity);
    expect(fromFloat16Bits(toFloat16Bits(NaN))).toBeNaN();
  });
});
