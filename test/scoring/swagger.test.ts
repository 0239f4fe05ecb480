import { LoadedModel } from '../../src/scoring/engine/engine';
import { swaggerDocument, SwaggerOptions } from '../../src/scoring/swagger';
import { TensorSignature } from '../../src/scoring/tensor/signature';

const loaded = (inputs: TensorSignature[], sample?: LoadedModel['sample']): LoadedModel => ({
  signature: { inputs, outputs: [{ name: 'y', type: 'bool', shape: [2] }] },
  sample,
});
const model = (name: string, version: number, inputs: TensorSignature[], sample?: LoadedModel['sample']) => ({
  served: { name, version, file: '' },
  loaded: loaded(inputs, sample),
});
const text = (models: SwaggerOptions['models'], more: Partial<SwaggerOptions> = {}) =>
  swaggerDocument({ name: 'digits', version: '3', keys: true, tls: false, models, ...more });

interface Document {
  readonly schemes: string[];
  readonly securityDefinitions: Record<string, object>;
  readonly paths: Record<
    string,
    Record<string, { operationId: string; security?: object; parameters?: Array<{ name: string }> }>
  >;
  readonly definitions: Record<string, { properties: Record<string, object>; required?: string[]; example?: unknown }>;
}
const document = (...args: Parameters<typeof text>) => JSON.parse(text(...args)) as Document;

describe('the Swagger document', () => {
  test('has the names that clients of Azure ML v1 were generated from', () => {
    const { definitions, paths, securityDefinitions } = document([model('digits', 3, [])]);

    expect(Object.keys(definitions)).toEqual(['ServiceInput', 'ServiceOutput', 'ErrorResponse']);
    expect(Object.keys(paths)).toEqual(['/', '/score']);
    expect(paths['/'].get.operationId).toBe('ServiceHealthCheck');
    expect(paths['/score'].post).toMatchObject({
      operationId: 'RunMLService',
      security: [{ Bearer: [] }],
      parameters: [{ name: 'serviceInputPayload' }],
    });
    expect(securityDefinitions.Bearer).toMatchObject({ type: 'apiKey', name: 'Authorization', in: 'header' });
  });

  test('describes tensors as nested arrays, fixed dimensions by their length', () => {
    const { ServiceInput, ServiceOutput } = document([
      model('m', 1, [{ name: 'x', type: 'int64', shape: ['N', 2] }]),
    ]).definitions;

    expect(ServiceInput).toMatchObject({
      required: ['x'],
      properties: {
        x: { type: 'array', items: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'integer', format: 'int64' } } },
      },
    });
    expect(ServiceOutput.properties).toEqual({ y: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'boolean' } } });
  });

  test('learns an unknown rank from the sample, and promises nothing without one', () => {
    const inputs: TensorSignature[] = [{ name: 'x', type: 'float64', shape: [] }];
    const schema = (sample?: LoadedModel['sample']) =>
      document([model('m', 1, inputs, sample)]).definitions.ServiceInput.properties.x;

    expect(schema({ input: '{"x":[0]}', output: '{"y":[true,true]}' })).toEqual({
      type: 'array',
      items: { type: 'number', format: 'double' },
    });
    expect(schema({ input: '{"x":0}', output: '{"y":[true,true]}' })).toEqual({ type: 'number', format: 'double' });
    expect(schema()).toEqual({ description: expect.stringContaining('float64') });
  });

  test('shows samples digit by digit', () => {
    const sample = { input: '{"x":[9007199254740993]}', output: '{"y":[true,false]}' };

    expect(text([model('m', 1, [{ name: 'x', type: 'int64', shape: [1] }], sample)])).toContain(
      '"example":{"x":[9007199254740993]}',
    );
  });

  test('keeps a name that objects own already', () => {
    const { ServiceInput } = document([model('m', 1, [{ name: '__proto__', type: 'string', shape: [1] }])]).definitions;

    expect(Object.keys(ServiceInput.properties)).toEqual(['__proto__']);
  });

  test('gives several models paths, operations and definitions of their own', () => {
    const { paths, definitions } = document([model('a-b', 2, []), model('a-b', 1, []), model('c', 1, [])]);
    const operations = Object.values(paths).flatMap(path => Object.values(path).map(({ operationId }) => operationId));

    expect(Object.keys(paths)).toEqual(['/', '/score/a-b', '/score/a-b/2', '/score/a-b/1', '/score/c', '/score/c/1']);
    expect(new Set(operations).size).toBe(operations.length);
    expect(Object.keys(definitions)).toContain('ServiceInput_a_b_2');
  });

  test('says nothing of keys where none are needed, and https only where that is all there is', () => {
    expect(document([model('m', 1, [])], { keys: false }).paths['/score'].post.security).toBeUndefined();
    expect(document([model('m', 1, [])], { tls: true }).schemes).toEqual(['https']);
  });
});
