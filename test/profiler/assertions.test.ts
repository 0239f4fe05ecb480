import fc from 'fast-check';
import { checkAssertions, checkAssertionSyntax } from '../../src/profiler/assertions';
import { ProfileError } from '../../src/profiler/errors';
import { verifiedResult } from './support/verified-result';

const check = (assertion: string, result = verifiedResult()) => checkAssertions(result, [assertion])[0];

describe('checkAssertions', () => {
  test.each([
    ['cpu<=0.7', true],
    ['cpu<0.7', false],
    ['cpu==0.7', true],
    ['memory<=0.6GB', true],
    ['memory<=600MB', false],
    ['replicas==1', true],
    ['cpu-ms<=10', true],
    ['cpu-ms>10ms', false],
    ['cold-start<=5s', true],
    ['cold-start<=500ms', false],
    ['capacity>=100', false],
    ['headroom>=50', true],
    ['utilization<=0.8', true],
    ['cost-per-1000<=0.002', true],
    ['cost-per-hour<0.01', false],
    ['evidence==verified', true],
    ['evidence==modelled', false],
    [' p50 <= 12ms ', true],
  ])('%s is %s', (assertion, holds) => {
    expect(check(assertion)).toMatchObject({ assertion: assertion.trim(), holds });
  });

  test('judges a percentile by the end of its interval that is worse', () => {
    expect(check('p95<=33ms')).toEqual({
      assertion: 'p95<=33ms',
      holds: false,
      found: '31 ms, upper confidence bound 35 ms',
      statement: 'p95<=33ms fails: 31 ms, upper confidence bound 35 ms',
    });
    expect(check('p95<=35ms').holds).toBe(true);
    expect(check('p95>=30ms').holds).toBe(false);
  });

  test('fails for a percentile that the sample is too small for, and says so', () => {
    expect(check('p99.9<=1s')).toMatchObject({
      holds: false,
      statement: 'p99.9<=1s cannot be told: p99.9 is not resolvable with 2000 requests, worth 650 that are independent',
    });
    const { percentiles: _, latencyPercentile99InMs: __, ...former } = verifiedResult();
    expect(check('p99<=1s', former).statement).toMatch(/not resolvable/);
  });

  test('reads a former profile, which lists no percentiles', () => {
    const { percentiles: _, ...former } = verifiedResult();
    expect(check('p90<=25ms', former).holds).toBe(true);
    expect(check('p42.5<=25ms'.replace('p42.5', 'p97'), former).statement).toMatch(/does not tell p97/);
  });

  test('fails where the profile has no such value', () => {
    expect(check('cost-per-1000<=1', verifiedResult({ cost: undefined }))).toMatchObject({
      holds: false,
      statement: expect.stringContaining('has no cost'),
    });
  });
});

describe('checkAssertionSyntax', () => {
  test.each([
    ['p95', /a condition such as p95<=50ms/],
    ['p95=50ms', /a condition such as/],
    ['p95<=50', /a number with ms or s/],
    ['p95<=fast', /a number with ms or s/],
    ['p95==50ms', /p95<=… or p95>=…/],
    ['p12<=50ms', /one of p50 to p99\.9/],
    ['speed>=3', /cost-per-1000/],
    ['toString<=3', /a condition such as|one of p50/],
    ['memory<=0.8', /a number with GB or MB/],
    ['cpu<=1core', /a number without a unit/],
    ['evidence<=verified', /evidence==verified/],
    ['evidence==certain', /evidence==verified or evidence==modelled/],
  ])('refuses %s', (assertion, message) => {
    expect(() => checkAssertionSyntax([assertion])).toThrow(message);
  });

  test('never fails in another way', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.stringMatching(/^(p[0-9.]{1,5}|cpu|memory|evidence|__proto__)(<=|>=|==|<|>)[0-9.]*[A-Za-z]{0,2}$/),
    );
    fc.assert(
      fc.property(anything, text => {
        try {
          checkAssertionSyntax([text]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProfileError);
        }
      }),
    );
  });
});
