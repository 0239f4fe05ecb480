import { Random } from '../../src/profiler/arrivals';
import { assessWarmUp } from '../../src/profiler/warm-up';

const series = (value: (i: number) => number, n = 20) => {
  const random = new Random(5);
  return Array.from({ length: n }, (_, i) => value(i) * (1 + (random.next() - 0.5) * 0.02));
};

describe('assessWarmUp', () => {
  test('a level series is steady', () => {
    expect(assessWarmUp(series(() => 10))).toMatchObject({ steadiness: 'steady' });
  });

  test('a slow start is dropped and the rest is steady', () => {
    const state = assessWarmUp(series(i => (i < 5 ? 50 - 8 * i : 10)));
    expect(state.steadiness).toBe('steady');
    expect(state.dropped).toBeGreaterThanOrEqual(4);
    expect(state.dropped).toBeLessThanOrEqual(10);
  });

  test('a leak is not steady and gets dearer', () => {
    const state = assessWarmUp(series(i => 10 + i));
    expect(state.steadiness).toBe('getting-dearer');
  });

  test('a series that still falls is not steady and gets cheaper', () => {
    const state = assessWarmUp(series(i => 100 * 0.9 ** i));
    expect(state.steadiness).toBe('getting-cheaper');
  });

  test('single outliers do not hide a steady state', () => {
    expect(assessWarmUp(series(i => (i === 12 ? 40 : 10)))).toMatchObject({ steadiness: 'steady' });
  });
});
