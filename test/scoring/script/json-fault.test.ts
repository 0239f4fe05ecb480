import * as fc from 'fast-check';
import { jsonFaultAt } from '../../../src/scoring/script/json-fault';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('the place where a text stops being JSON', () => {
  test.each([
    ['{"a":}', 5],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['[1}', 2],
    ['01', 1],
    ['1.', 1],
    ['nul', 0],
    ['"a\nb"', 2],
    ['"\\x"', 1],
    ['1 2', 2],
    ['', 0],
    ['[', 1],
  ])('of %j is %i', (text, at) => {
    expect(jsonFaultAt(text)).toBe(at);
    expect(isJson(text)).toBe(false);
  });

  test('is the end of what is JSON', () => {
    fc.assert(fc.property(fc.json(), text => expect(jsonFaultAt(text)).toBe(text.length)));
  });

  test('is found where a control character stands, or at the beginning of the token that it stands in', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, seed) => {
        const at = seed % (text.length + 1);
        const found = jsonFaultAt(`${text.slice(0, at)}\u0001${text.slice(at)}`);
        expect(found).toBeLessThanOrEqual(at);
        expect(text.slice(found, at)).toMatch(/^[-+.\w\\]*$/);
      }),
    );
  });

  test('is within any text at all, long strings included', () => {
    fc.assert(fc.property(fc.string(), text => expect(jsonFaultAt(text)).toBeLessThanOrEqual(text.length)));
    expect(jsonFaultAt(`["${'x'.repeat(5_000_000)}"`)).toBe(5_000_003);
  });
});
