import fc from 'fast-check';
import { compareSamples } from '../../src/profiler/mann-whitney';

describe('compareSamples', () => {
  // the p-values are scipy.stats.mannwhitneyu's, alternative='greater'
  test.each([
    ['apart', [1, 2, 3], [4, 5, 6], 1 / 20],
    ['of one value each', [1], [2], 1 / 2],
    ['the two groups of the ages at diagnosis', [20, 11, 17, 12], [19, 22, 16, 29, 24], 7 / 126],
  ])('counts the exact tail of samples %s', (_, first, second, expected) => {
    expect(compareSamples(first, second).pValue).toBeCloseTo(expected, 12);
  });

  test('gives values that are equal the mean of their ranks', () => {
    // of the 6 ways to choose two of the ranks 1.5, 1.5, 3.5, 3.5, one has a sum of 7
    expect(compareSamples([1, 1], [2, 2]).pValue).toBeCloseTo(1 / 6, 12);
    expect(compareSamples([5, 5, 5], [5, 5, 5]).pValue).toBe(1);
  });

  test('approximates large samples as closely as they would be counted', () => {
    const values = Array.from({ length: 62 }, (_, i) => (i * 37) % 62);
    const second = values.slice(31).map(value => value + 8.5);
    expect(compareSamples(values.slice(0, 31), second).pValue).toBeCloseTo(0.14989, 2);
  });

  test('estimates the ratio and how often the second is larger', () => {
    const first = [9.8, 9.9, 10, 10.1, 10.2, 10.3];
    const found = compareSamples(
      first,
      first.map(value => value * 1.1),
    );
    expect(found.ratio).toBeCloseTo(1.1, 2);
    expect(found.ratioInterval[0]).toBeLessThan(1.1);
    expect(found.ratioInterval[1]).toBeGreaterThan(1.1);
    expect(found.cliffsDelta).toBe(1);
  });

  test('says the mirror image of samples that change places', () => {
    const sample = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(sample, sample, (first, second) => {
        const there = compareSamples(first, second);
        const back = compareSamples(second, first);
        expect(there.ratio * back.ratio).toBeGreaterThan(0);
        expect(there.cliffsDelta).toBeCloseTo(-back.cliffsDelta, 9);
        // both tails hold the observed value itself
        expect(there.pValue + back.pValue).toBeGreaterThanOrEqual(1 - 1e-9);
      }),
    );
  });
});
