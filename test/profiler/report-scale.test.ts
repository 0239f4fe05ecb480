import { nines, scaleOf } from '../../src/profiler/report/scale';

describe('the scales of the report', () => {
  test('values of one size stand on a linear scale that begins at zero', () => {
    const scale = scaleOf([20, 40, 60]);
    expect(scale.min).toBe(0);
    expect(scale.ticks).toBeUndefined();
    expect(scale.at(30)).toBe(30);
    expect(scale.max).toBeGreaterThan(60);
  });

  test('values of many sizes stand on a logarithmic scale with round labels', () => {
    const scale = scaleOf([3, 40, 900]);
    expect(scale.ticks?.map(([, label]) => label)).toEqual(['5', '10', '20', '50', '100', '200', '500', '1000']);
    expect(scale.at(100) - scale.at(10)).toBeCloseTo(scale.at(1000) - scale.at(100), 2);
  });

  test('values without bound, or none at all, make no broken scale', () => {
    for (const values of [[], [Infinity, NaN], [0, 5]]) {
      const { min, max } = scaleOf(values);
      expect([min, max].every(Number.isFinite)).toBe(true);
      expect(max).toBeGreaterThan(min);
    }
  });

  test('90, 99 and 99.9 per cent of requests are equally far apart', () => {
    const scale = nines(0.999);
    expect(scale.at(0.99) - scale.at(0.9)).toBeCloseTo(1, 3);
    expect(scale.at(0.999) - scale.at(0.99)).toBeCloseTo(1, 3);
    expect(scale.ticks?.map(([, label]) => label)).toEqual(['0 %', '50 %', '90 %', '95 %', '99 %', '99.9 %']);
  });
});
