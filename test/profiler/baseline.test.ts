import { compareToBaseline, readBaseline } from '../../src/profiler/baseline';
import { ProfileResult } from '../../src/sizing/profile-result';
import { temporaryFile } from '../support/files';
import { verifiedResult } from './support/verified-result';

/** Standard normal values from a seed (Box and Muller over mulberry32). */
function normals(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A profile whose windows vary by 3 %, as they do on a quiet machine. */
function profile(seed: number, { ms = 10, windows = 15, speed = 20 } = {}): ProfileResult {
  const next = normals(seed);
  const cpuMsSamples = Array.from({ length: windows }, () => ms * (1 + 0.03 * next()));
  return verifiedResult({ cpuMsSamples, transfer: { ...verifiedResult().transfer!, hostGigaMultiplyAdds: speed } });
}

const verdicts = (pairs: number, after: (seed: number) => ProfileResult) =>
  Array.from({ length: pairs }, (_, i) => compareToBaseline(after(2 * i + 1), profile(2 * i + 2)).verdict);

const share = (found: readonly string[], verdict: string) => found.filter(each => each === verdict).length / found.length;

describe('compareToBaseline', () => {
  test('finds that requests became 5 % dearer in at least 90 % of cases', () => {
    expect(
      share(
        verdicts(200, seed => profile(seed, { ms: 10.5 })),
        'regression',
      ),
    ).toBeGreaterThanOrEqual(0.9);
  });

  test('raises a false alarm in at most 2 % of cases', () => {
    expect(
      share(
        verdicts(200, seed => profile(seed)),
        'regression',
      ),
    ).toBeLessThanOrEqual(0.02);
  });

  test('calls a significant change of less than 3 % unchanged', () => {
    const cpuMsSamples = [10, 10.01, 10.02, 10.03, 10.04, 10.05, 10.06, 10.07];
    const dearer = verifiedResult({ cpuMsSamples: cpuMsSamples.map(ms => ms * 1.02) });
    expect(compareToBaseline(dearer, verifiedResult({ cpuMsSamples }))).toMatchObject({ verdict: 'unchanged' });
  });

  test('restates what a slower machine measured', () => {
    const onSlower = profile(1, { ms: 14, speed: 20 / 1.4 });
    expect(compareToBaseline(onSlower, profile(2)).verdict).toBe('unchanged');
    expect(compareToBaseline(profile(1, { ms: 14 }), profile(2)).verdict).toBe('regression');
  });

  test('tells what a request costs now, and before at the same core speed', () => {
    const cpuMsSamples = Array.from({ length: 12 }, () => 10);
    const before = verifiedResult({ cpuMsSamples });
    const { statement, verdict } = compareToBaseline(verifiedResult({ cpuMsSamples: cpuMsSamples.map(ms => ms * 0.8) }), before);
    expect(verdict).toBe('improvement');
    expect(statement).toBe('improvement: −20.0 % (−20.0 % to −20.0 %) of CPU time a request; 10 ms before, 8.0 ms now');
  });

  test('tells changed sizes', () => {
    const { changes } = compareToBaseline(verifiedResult({ recommendedCpu: 0.8 }), verifiedResult());
    expect(changes).toEqual([{ what: 'cores', before: '0.7', after: '0.8' }]);
  });

  test('is incomparable with a profile of a version that kept no samples', () => {
    expect(compareToBaseline(profile(1), verifiedResult({ cpuMsSamples: undefined }))).toMatchObject({
      verdict: 'incomparable',
      statement: expect.stringContaining('the baseline has no samples'),
    });
  });

  test('is incomparable with so few windows that chance explains any change', () => {
    const twice = compareToBaseline(profile(1, { ms: 20, windows: 3 }), profile(2, { windows: 3 }));
    expect(twice).toMatchObject({ verdict: 'incomparable', statement: expect.stringContaining('3 and 3 measuring windows') });
    expect(compareToBaseline(profile(1, { ms: 20, windows: 3 }), profile(2)).verdict).toBe('regression');
  });

  test('warns of few windows and of other machines', () => {
    const few = { ...profile(1, { windows: 6 }), machine: { ...verifiedResult().machine, cpuModel: 'Another CPU' } };
    const { cautions } = compareToBaseline(few, profile(2));
    expect(cautions.join('\n')).toMatch(/6 measuring windows[^]*Another CPU/);
  });
});

describe('readBaseline', () => {
  test('reads what the profile step wrote', () => {
    const written = verifiedResult();
    expect(readBaseline(temporaryFile('profile.json', JSON.stringify(written)))).toEqual(written);
  });

  test.each([
    ['no JSON', 'not JSON'],
    ['no object', '3'],
    ['nothing', 'null'],
    ['another version', JSON.stringify({ ...verifiedResult(), schemaVersion: 2 })],
    ['samples that are none', JSON.stringify({ ...verifiedResult(), cpuMsSamples: ['a'] })],
    ['a failure', JSON.stringify({ ...verifiedResult(), state: 'Failed' })],
  ])('refuses %s', (_, text) => {
    const file = temporaryFile('profile.json', text);
    expect(() => readBaseline(file)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
