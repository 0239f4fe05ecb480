import * as fc from 'fast-check';
import { parseInputs, readInputs, requestBody } from '../../src/profiler/inputs';
import { temporaryFile } from '../support/files';

describe('parseInputs', () => {
  test('an array is a list of bodies, an object is one', () => {
    expect(parseInputs('[{"a":[1]},{"a":[2]}]')).toEqual(['{"a":[1]}', '{"a":[2]}']);
    expect(parseInputs('\uFEFF {"a": [1]} ')).toEqual(['{"a":[1]}']);
  });

  test('each line may be a body', () => {
    expect(parseInputs('{"a":1}\r\n{"a":2}\n\n')).toEqual(['{"a":1}', '{"a":2}']);
  });

  test("v1's dataset: one CSV column, with or without a header", () => {
    const rows = '"{""data"": [1, 2]}"\n"{""data"": [3,\n4]}"';
    const bodies = ['{"data": [1, 2]}', '{"data": [3,\n4]}'];
    expect(parseInputs(`sample_request_data\n${rows}`)).toEqual(bodies);
    expect(parseInputs(rows)).toEqual(bodies);
  });

  test('every list of bodies survives each format', () => {
    const body = fc.record({ data: fc.array(fc.integer()), name: fc.string() });
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 5 }), bodies => {
        const texts = bodies.map(requestBody);
        const csv = ['body', ...texts.map(text => `"${text.replaceAll('"', '""')}"`)].join('\n');
        expect(parseInputs(JSON.stringify(bodies))).toEqual(texts);
        expect(parseInputs(csv)).toEqual(texts);
      }),
    );
  });

  test.each([
    ['nothing', '  \n', 'NO_INPUTS', /no request body/],
    ['an empty list', '[]', 'NO_INPUTS', /no request body/],
    ['a header alone', 'body', 'NO_INPUTS', /no request body/],
    ['two columns', 'a,b\n1,2', 'INPUT_UNREADABLE', /2 columns/],
    ['a body that is not JSON', 'body\n[1]\n{a}', 'INPUT_UNREADABLE', /body 2 is not JSON: \{a\}/],
    ['text after a quote', '"{}"x', 'INPUT_UNREADABLE', /Closing Quote/],
  ])('refuses %s', (_, text, code, message) => {
    expect(() => parseInputs(text, 'rows.csv')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test('integers beyond 2^53 and long fractions are sent as they were written', () => {
    const body = '{"id":9007199254740993,"x":[0.1000000000000000055]}';
    expect(parseInputs(body)).toEqual([body]);
    expect(parseInputs(`[${body}, ${body}]`)).toEqual([body, body]);
  });

  test('names a file that is not there', () => {
    expect(() => readInputs('none/rows.json')).toThrow(/none\/rows\.json/);
    expect(readInputs(temporaryFile('rows.json', '[1]'))).toEqual(['1']);
  });
});
