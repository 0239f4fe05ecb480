import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { LoadedModel, LoadedService } from '../../src/scoring/engine/engine';
import { ServedModel } from '../../src/scoring/model/model-layout';
import { SwaggerDocuments, SwaggerFileError, SwaggerOptions } from '../../src/scoring/swagger/swagger-documents';
import { TensorSignature } from '../../src/scoring/tensor/signature';

interface Described {
  readonly served: ServedModel;
  readonly loaded: LoadedModel;
}

const model = (name: string, version: number, inputs: TensorSignature[], sample?: LoadedModel['sample']): Described => ({
  served: { name, version, file: '' },
  loaded: { signature: { inputs, outputs: [{ name: 'y', type: 'bool', shape: [2] }] }, sample },
});
const documents = (models: readonly Described[], more: Partial<SwaggerOptions> = {}, userFiles?: string) =>
  new SwaggerDocuments(
    {
      name: 'digits',
      version: '3',
      authenticated: true,
      tls: false,
      pathPrefix: '',
      models: models.map(({ served }) => served),
      ...more,
    },
    { models: models.map(({ loaded }) => loaded) },
    userFiles,
  );
const ofScript = (swagger: Readonly<Record<string, string>>, userFiles?: string) => {
  const loaded: LoadedService = { models: [], script: { swagger, raw: false } };
  return new SwaggerDocuments(
    { name: 's', version: '1', authenticated: true, tls: false, pathPrefix: '', models: [] },
    loaded,
    userFiles,
  );
};
const text = (from: SwaggerDocuments, version: string | null = null): string => {
  const answer = from.get(version);
  return 'document' in answer ? answer.document.toString() : answer.message;
};
const document = (models: readonly Described[], more: Partial<SwaggerOptions> = {}) => JSON.parse(text(documents(models, more)));

describe('the Swagger document', () => {
  test('has the names that clients of Azure ML v1 were generated from', () => {
    const { definitions, paths, securityDefinitions } = document([model('digits', 3, [])]);

    expect(Object.keys(definitions)).toEqual(['ServiceInput', 'ServiceOutput', 'ErrorResponse']);
    expect(Object.keys(paths)).toEqual(['/', '/score', '/swagger.json']);
    expect(paths['/'].get.operationId).toBe('ServiceHealthCheck');
    expect(paths['/score'].post).toMatchObject({
      operationId: 'RunMLService',
      security: [{ Bearer: [] }],
      parameters: [{ name: 'serviceInputPayload' }],
    });
    expect(securityDefinitions.Bearer).toMatchObject({ type: 'apiKey', name: 'Authorization', in: 'header' });
  });

  test('says the same in OpenAPI 3.0 and 3.1', () => {
    const described = documents([model('digits', 3, [{ name: 'x', type: 'float32', shape: ['N', 2] }])]);
    const [third, next] = ['3', '3.1'].map(version => JSON.parse(text(described, version)));

    expect([third.openapi, next.openapi]).toEqual(['3.0.3', '3.1.0']);
    expect({ ...third, openapi: '' }).toEqual({ ...next, openapi: '' });
    expect(third.paths['/score'].post).toMatchObject({
      operationId: 'RunMLService',
      requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/ServiceInput' } } } },
    });
    expect(third.components.securitySchemes.Bearer).toMatchObject({ type: 'apiKey', name: 'Authorization', in: 'header' });
    expect(third.components.schemas.ServiceInput).toEqual(JSON.parse(text(described)).definitions.ServiceInput);
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

  test.each(['2', '3', '3.1'])('shows samples digit by digit in version %s', version => {
    const sample = { input: '{"x":[9007199254740993]}', output: '{"y":[true,false]}' };

    expect(text(documents([model('m', 1, [{ name: 'x', type: 'int64', shape: [1] }], sample)]), version)).toContain(
      '"example":{"x":[9007199254740993]}',
    );
  });

  test('keeps a name that objects own already', () => {
    const { ServiceInput } = document([model('m', 1, [{ name: '__proto__', type: 'string', shape: [1] }])]).definitions;

    expect(Object.keys(ServiceInput.properties)).toEqual(['__proto__']);
  });

  test('gives several models paths, operations and schemas of their own', () => {
    const { paths, definitions } = document([model('a-b', 2, []), model('a-b', 1, []), model('a.b', 1, []), model('c', 1, [])]);
    const operations = Object.values<Record<string, { operationId: string }>>(paths).flatMap(path =>
      Object.values(path).map(({ operationId }) => operationId),
    );

    expect(Object.keys(paths).filter(path => path.startsWith('/score'))).toEqual([
      ...['/score/a-b', '/score/a-b/2', '/score/a-b/1', '/score/a.b', '/score/a.b/1', '/score/c', '/score/c/1'],
    ]);
    expect(new Set(operations).size).toBe(operations.length);
    expect(Object.keys(definitions)).toContain('ServiceInput_a_b_2');
  });

  test('says nothing of keys where none are needed, and https only where that is all there is', () => {
    const open = document([model('m', 1, [])], { authenticated: false });
    expect([open.paths['/score'].post.security, open.securityDefinitions]).toEqual([undefined, undefined]);
    expect(document([model('m', 1, [])], { tls: true }).schemes).toEqual(['https']);
  });
});

describe('a version that is asked for', () => {
  test.each([
    [null, '2.0'],
    ['2', '2.0'],
    ['2.0', '2.0'],
    ['3', '3.0.3'],
    ['3.0', '3.0.3'],
    ['3.1', '3.1.0'],
  ])('as %j is %s', (version, written) => {
    const { swagger, openapi } = JSON.parse(text(documents([model('m', 1, [])]), version));

    expect(swagger ?? openapi).toBe(written);
  });

  test.each(['3.0a', '', 'constructor'])('and is none, %j, is refused with those there are', version => {
    expect(documents([model('m', 1, [])]).get(version)).toEqual({
      status: 404,
      message: `Swagger version [${version}] is not valid. Supported versions: [2, 3, 3.1].`,
    });
  });

  test('and cannot tell what the script takes is refused with those that can', () => {
    expect(ofScript({ '3': '{"three":0}', '3.1': '{}' }).get('2.0')).toEqual({
      status: 404,
      message: 'Swagger version [2.0] is not supported for the scoring script. Supported swagger versions: [3, 3.1].',
    });
    expect(text(ofScript({ '3': '{"three":0}' }), '3.0')).toBe('{"three":0}');
  });
});

describe("a user's document", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'swagger-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string) => writeFileSync(path.join(folder, name), content);

  test('wins, byte by byte, in its version only', () => {
    write('swagger2.json', '{ "mine": 2.0 }');
    write('swagger3.1.json', '"mine"');
    const served = documents([model('m', 1, [])], {}, folder);

    expect([text(served), text(served, '3.1')]).toEqual(['{ "mine": 2.0 }', '"mine"']);
    expect(JSON.parse(text(served, '3')).openapi).toBe('3.0.3');
  });

  test('called swagger.json comes before swagger2.json', () => {
    write('swagger2.json', '2');
    write('swagger.json', '1');

    expect(text(ofScript({}, folder))).toBe('1');
  });

  test('makes a version that the script cannot be told in', () => {
    write('swagger3.json', '{}');

    expect(ofScript({ '3.1': '{}' }, folder).get('2')).toMatchObject({ message: expect.stringContaining('[3, 3.1]') });
  });

  test('that is not JSON stops the start, and the message names it', () => {
    write('swagger3.json', '{');

    expect(() => documents([model('m', 1, [])], {}, folder)).toThrow(SwaggerFileError);
    expect(() => documents([model('m', 1, [])], {}, folder)).toThrow(/swagger3\.json' is not JSON: .* remove it/);
  });
});
