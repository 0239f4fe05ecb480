import * as fc from 'fast-check';
import { distinctBodies, parseInputs, readInputs, readInputSet, requestBody } from '../../src/profiler/inputs';
import type { InputSet } from '../../src/profiler/input-set';
import { temporaryFile, temporaryFolder } from '../support/files';

const bodies = ({ inputs }: InputSet) => inputs.map(({ body }) => body.toString());
const read = (name: string, content: string | Buffer) => readInputSet(temporaryFile(name, content));
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

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
    const texts = ['{"data": [1, 2]}', '{"data": [3,\n4]}'];
    expect(parseInputs(`sample_request_data\n${rows}`)).toEqual(texts);
    expect(parseInputs(rows)).toEqual(texts);
  });

  test('every list of bodies survives each format', () => {
    const body = fc.record({ data: fc.array(fc.integer()), name: fc.string() });
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 5 }), list => {
        const texts = list.map(requestBody);
        expect(parseInputs(JSON.stringify(list))).toEqual(texts);
        expect(parseInputs(['body', ...texts.map(quoted)].join('\n'))).toEqual(texts);
        expect(parseInputs(texts.join('\n'))).toEqual(texts);
      }),
    );
  });

  test.each([
    ['nothing', '  \n', 'NO_INPUTS', /no request body/],
    ['an empty list', '[]', 'NO_INPUTS', /no request body/],
    ['a header alone', 'body', 'NO_INPUTS', /no request body/],
    ['two columns', 'a,b\n1,2', 'INPUT_UNREADABLE', /record 1 has 2 columns/],
    ['a column too many', 'weight,body\n1,{},3', 'INPUT_UNREADABLE', /record 2 has 3 columns, but the header has 2/],
    ['a body that is not JSON', 'body\n[1]\n{a}', 'INPUT_UNREADABLE', /row 2: its body is not JSON: \{a\}/],
    ['a broken object', '{"a": [1, }', 'INPUT_UNREADABLE', /it is not JSON: .*position 10/],
    ['a broken line', '{"a":1}\n{"a":', 'INPUT_UNREADABLE', /line 2 is not JSON/],
    ['text after a quote', '"{}"x', 'INPUT_UNREADABLE', /Closing Quote/],
    ['a weight of nothing', '[{"body":1,"weight":0}]', 'INPUT_UNREADABLE', /row 1: its weight is 0/],
    ['a weight that is no number', 'body,weight\n[1],2\n[2],', 'INPUT_UNREADABLE', /row 2: its weight is ;/],
    ['a time that is none', '{"body":1,"timestamp":"noon"}', 'INPUT_UNREADABLE', /row 1: its timestamp is noon/],
  ])('refuses %s', (_, text, code, message) => {
    expect(() => parseInputs(text, 'rows.csv')).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test('integers beyond 2^53 and long fractions are sent as they were written', () => {
    const body = '{"id":9007199254740993,"x":[0.1000000000000000055]}';
    expect(parseInputs(body)).toEqual([body]);
    expect(parseInputs(`[${body}, ${body}]`)).toEqual([body, body]);
    expect(parseInputs(`{"body":${body},"weight":2}`)).toEqual([body]);
  });

  test('names a file that is not there', () => {
    expect(() => readInputs('none/rows.json')).toThrow(/none\/rows\.json/);
    expect(readInputs(temporaryFile('rows.json', '[1]'))).toEqual(['1']);
  });
});

describe('weighted inputs', () => {
  test('an envelope or a column gives each body its weight, 1 where it is left out', () => {
    const set = read('rows.json', '[{"body":{"x":1},"weight":3},{"body":"text"}]');
    expect(set.inputs).toEqual([{ body: '{"x":1}', weight: 3 }, { body: 'text' }]);
    expect(read('rows.csv', 'weight,body\n0.5,[1]\n2,[2]').inputs.map(({ weight }) => weight)).toEqual([0.5, 2]);
  });

  test('what is not an envelope throughout is a body', () => {
    expect(bodies(read('rows.json', '[{"body":1,"weight":3},{"x":1}]'))).toEqual(['{"body":1,"weight":3}', '{"x":1}']);
    expect(bodies(read('rows.json', '{"body":[1],"weight":3,"age":4}'))).toEqual(['{"body":[1],"weight":3,"age":4}']);
    expect(bodies(read('rows.json', '[{"body":1},{"body":2}]'))).toEqual(['{"body":1}', '{"body":2}']);
  });

  test('a model with an input named body is given whole objects', () => {
    const input = { type: 'float32', shape: [] } as const;
    const signature = { inputs: ['body', 'weight'].map(name => ({ ...input, name })), outputs: [] };
    const set = readInputSet(temporaryFile('rows.json', '{"body":70,"weight":3}'), signature);
    expect(bodies(set)).toEqual(['{"body":70,"weight":3}']);
  });
});

describe('recordings', () => {
  test('JSON lines with ISO times: order of arrival, equal bodies once', () => {
    const line = (at: string, x: number) => `{"timestamp":"2024-03-31T01:59:${at}","body":{"x":${x}}}`;
    const set = read('trace.jsonl', [line('58.250Z', 2), line('58Z', 1), line('59.5+00:00', 1), line('59', 3)].join('\n'));
    expect(set.trace).toEqual({ atMs: [0, 250, 1000, 1500], order: [0, 1, 2, 0] });
    expect(set.inputs.map(({ body, weight }) => [body, weight])).toEqual([
      ['{"x":1}', 2],
      ['{"x":2}', 1],
      ['{"x":3}', 1],
    ]);
    expect(set.source).toBe('trace.jsonl, a recording of 4 requests in 1.5 s, 3 bodies');
  });

  test('CSV with milliseconds, columns in either order', () => {
    const trace = { atMs: [0, 40, 40.5], order: [0, 1, 0] };
    expect(read('trace.csv', 'timestamp,body\n1000,[1]\n1040,[2]\n1040.5,[1]').trace).toEqual(trace);
    expect(read('trace.csv', 'request,Timestamp\n[1],1000\n[2],1040\n[1],1040.5').trace).toEqual(trace);
  });

  test('needs two different times', () => {
    expect(() => read('trace.csv', 'timestamp,body\n5,[1]\n5,[2]')).toThrow(/at least two requests at different times/);
  });
});

describe('readInputSet', () => {
  test('a folder: its files in natural order, bytes with the type that their name tells', () => {
    const folder = temporaryFolder({
      'row10.json': '{"x":10}',
      'row9.json': '[{"x":8},{"x":9}]',
      'photo.png': Buffer.from([0x89, 0x50]),
      '.hidden': 'x',
    });
    const { inputs } = readInputSet(folder);
    expect(inputs.map(({ body, contentType }) => [body.toString('latin1' as 'utf8'), contentType])).toEqual([
      ['\x89P', 'image/png'],
      ['{"x":8}', undefined],
      ['{"x":9}', undefined],
      ['{"x":10}', undefined],
    ]);
  });

  test('says which file of a folder is wrong', () => {
    const folder = temporaryFolder({ 'a.json': '1', 'b.csv': 'x,y\n' });
    expect(() => readInputSet(folder)).toThrow(/b\.csv: record 1 has 2 columns/);
    expect(() => readInputSet(temporaryFolder())).toThrow(expect.objectContaining({ code: 'NO_INPUTS' }));
  });

  test('whatever bytes a file holds, it is read or refused by name', () => {
    const json = fc.json({ maxDepth: 3 });
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      json,
      fc.array(json).map(lines => lines.join('\n')),
    );
    const envelope = fc.record({ timestamp: fc.jsonValue(), body: fc.jsonValue() }).map(value => JSON.stringify([value, value]));
    const table = fc
      .array(fc.array(fc.string(), { maxLength: 3 }))
      .map(rows => ['timestamp,body', ...rows.map(String)].join('\n'));
    const content = fc.oneof(text, envelope, table, fc.uint8Array()).map(each => Buffer.from(each as string));
    const name = fc.constantFrom('a.json', 'a.csv', 'a.pb', 'a.npy', 'a.bin', 'a.txt', 'a');
    fc.assert(
      fc.property(name, content, (extension, bytes) => {
        try {
          expect(read(extension, bytes).inputs.length).toBeGreaterThan(0);
        } catch (error) {
          expect(['NO_INPUTS', 'INPUT_UNREADABLE']).toContain((error as { code?: string }).code);
        }
      }),
    );
  });

  test('a text that is nested without end is refused, not a crash', () => {
    expect(() => read('a.json', '['.repeat(200_000))).toThrow(expect.objectContaining({ code: 'INPUT_UNREADABLE' }));
    expect(() => read('a.json', '['.repeat(4000) + ']'.repeat(4000))).not.toThrow(RangeError);
  });

  test('counts the bodies that differ', () => {
    expect(distinctBodies(read('rows.json', '[1,1,2,1]').inputs)).toBe(2);
  });
});
