import * as fc from 'fast-check';
import { continueTrace, formatTraceparent, parseTraceparent } from '../../../src/scoring/telemetry/trace-context';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const VALID = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/;

describe('parseTraceparent', () => {
  test.each([
    [`00-${TRACE}-${SPAN}-01`, true],
    [`00-${TRACE}-${SPAN}-00`, false],
    [`00-${TRACE}-${SPAN}-ff`, true],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, true],
  ])('reads %s', (header, sampled) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, sampled });
  });

  test.each([
    undefined,
    '',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01.more`,
    ` 00-${TRACE}-${SPAN}-01`,
  ])('does not read %s', header => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  test('reads back whatever was formatted', () => {
    const hex = (digits: number) =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits })
        .map(list => list.join(''))
        .filter(text => !/^0+$/.test(text));
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => {
        expect(parseTraceparent(formatTraceparent({ traceId, spanId, sampled }))).toEqual({ traceId, spanId, sampled });
      }),
    );
  });
});

describe('continueTrace', () => {
  test('is a new span of the same trace, with the state as it came', () => {
    const context = continueTrace(`00-${TRACE}-${SPAN}-00`, 'congo=t61rcWkgMzE, rojo=1');

    expect(context).toMatchObject({ traceId: TRACE, parentId: SPAN, sampled: false, tracestate: 'congo=t61rcWkgMzE, rojo=1' });
    expect(context.spanId).not.toBe(SPAN);
    expect(formatTraceparent(context)).toMatch(VALID);
  });

  test('begins a trace where there is none, or one that is malformed, and forgets its state', () => {
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), header => {
        const context = continueTrace(header, 'congo=1');

        expect(context.parentId).toBeUndefined();
        expect(context.tracestate).toBeUndefined();
        expect(formatTraceparent(context)).toMatch(VALID);
      }),
    );
  });

  test('never gives an id twice', () => {
    const contexts = Array.from({ length: 10_000 }, () => continueTrace(undefined));

    expect(new Set(contexts.map(({ traceId }) => traceId)).size).toBe(10_000);
    expect(new Set(contexts.map(({ spanId }) => spanId)).size).toBe(10_000);
  });
});
