import { isValidAt, TokenCache } from '../../../src/scoring/http/token-cache';

const validity = { from: 100, until: 200, recheckAt: 1_000 };

describe('the cache of accepted tokens', () => {
  test('is bounded: the least recently used one gives way', () => {
    const cache = new TokenCache(2);
    cache.set('a', validity);
    cache.set('b', validity);
    cache.get('a');
    cache.set('c', validity);

    expect(['a', 'b', 'c'].map(token => cache.get(token) !== undefined)).toEqual([true, false, true]);
    expect(cache.size).toBe(2);
  });

  test('one that is remembered again takes no second place', () => {
    const cache = new TokenCache(2);
    cache.set('a', validity);
    cache.set('b', validity);
    cache.set('b', { ...validity, until: 300 });

    expect(cache.get('a')).toBe(validity);
    expect(cache.get('b')?.until).toBe(300);
  });

  test.each([
    [100, 0, true],
    [199, 999, true],
    [99, 0, false],
    [200, 0, false],
    [150, 1_000, false],
  ])('at %i by the wall clock and %i by the monotonic one it is valid: %s', (wall, monotonic, valid) => {
    expect(isValidAt(validity, wall, monotonic)).toBe(valid);
  });
});
