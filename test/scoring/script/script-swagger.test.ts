import { LoadedModule } from '../../../src/scoring/script/load-script';
import { declaredSample, scriptDocuments } from '../../../src/scoring/script/script-swagger';

const documents = (input?: unknown, output?: unknown, env = {}) =>
  scriptDocuments(declare(input, 'inputSample'), declare(output, 'outputSample'), env);
const declare = (value: unknown, name: string) => {
  const sample: LoadedModule['inputSample'] = value === undefined ? undefined : { value };
  return declaredSample(sample, name);
};
const schema = (sample: unknown) => JSON.parse(documents(sample)['2']).definitions.ServiceInput;

describe("a script's documents", () => {
  test.each([
    [1, { type: 'integer', format: 'int64' }],
    [1.5, { type: 'number', format: 'double' }],
    [true, { type: 'boolean' }],
    ['x', { type: 'string' }],
    [null, {}],
    [[], { type: 'array', items: {} }],
    [[1, 2.5], { type: 'array', items: { type: 'number', format: 'double' } }],
    [[[1], [2.5]], { type: 'array', items: { type: 'array', items: { type: 'number', format: 'double' } } }],
    [new Float32Array(1), { type: 'array', items: { type: 'number', format: 'float' } }],
    [new Int32Array(1), { type: 'array', items: { type: 'integer', format: 'int32' } }],
    [Buffer.from([1]), { type: 'array', items: { type: 'integer', format: 'uint8' } }],
    [new Date(0), { type: 'string', format: 'date-time' }],
  ])('describe the sample %j', (sample, expected) => {
    expect(schema(sample)).toEqual({ ...expected, example: sampleAsJson(sample) });
  });

  test('require all keys of an object, and of several those that they share', () => {
    const text = { type: 'string' };

    expect(schema({ a: 'x', b: { c: 'y' } })).toMatchObject({
      required: ['a', 'b'],
      properties: { a: text, b: { required: ['c'], properties: { c: text } } },
    });
    expect(schema([{ a: 'x', b: 'y' }, { a: 'z' }]).items).toEqual({
      type: 'object',
      required: ['a'],
      properties: { a: text, b: text },
    });
  });

  test('show samples with all digits', () => {
    expect(documents({ id: 9007199254740993n })['3']).toContain('"example":{"id":9007199254740993}');
  });

  test('are not written in Swagger 2.0 where an array mixes types, which it has no words for', () => {
    const written = documents({ data: [1, 'a', [2], 'b', 2.5] });

    expect(Object.keys(written)).toEqual(['3', '3.1']);
    expect(JSON.parse(written['3']).components.schemas.ServiceInput.properties.data.items.anyOf).toHaveLength(3);
  });

  test('promise nothing where nothing is declared, as those of Azure ML do', () => {
    expect(schema(undefined)).toEqual({ type: 'object', example: {} });
  });

  test('carry the name and version of the service', () => {
    expect(JSON.parse(documents()['2']).info).toMatchObject({ title: 'ML service', version: '1.0' });
    const named = documents(1, 1, { SERVICE_NAME: 'digits', SERVICE_VERSION: '7' });
    expect(JSON.parse(named['3.1']).info).toMatchObject({ title: 'digits', version: '7' });
  });
});

function sampleAsJson(sample: unknown): unknown {
  return ArrayBuffer.isView(sample) ? Array.from(sample as Uint8Array) : JSON.parse(JSON.stringify(sample));
}
