import { Row, Table } from '../row';
import { ALL, PYTHON, SCRIPTS } from './runtimes';

/** Both documents name a key; ours only where one is asked for. */
const KEYS = { MODEL_SERVING_AUTH: 'keys', MODEL_SERVING_KEYS_DIR: '$FIXTURE/keys' };

const document = (fixture: string, version?: string): Pick<Row, 'fixture' | 'request'> => ({
  fixture,
  request: { method: 'GET', path: `/swagger.json${version === undefined ? '' : `?version=${version}`}` },
});

const INFO = { title: 'ML service', version: '1.0' };
const X_AND_Y = {
  ServiceInput: {
    type: 'object',
    properties: { x: { type: 'array', items: { type: 'array', items: { type: 'number', format: 'float' } } } },
  },
  ServiceOutput: { type: 'object', properties: { y: { type: 'array', items: { type: 'array', items: { type: 'number' } } } } },
};
const OPERATIONS_2 = {
  '/': { get: { operationId: 'ServiceHealthCheck' } },
  '/score': {
    post: {
      operationId: 'RunMLService',

      security: [{ Bearer: [] }],
    },
  },
  '/swagger.json': { get: { operationId: 'GetSwaggerSpec' } },
};
const OPERATIONS_3 = {
  '/': { get: { operationId: 'ServiceHealthCheck' } },
  '/score': {
    post: {
      operationId: 'RunMLService',
      requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/ServiceInput' } } } },
      security: [{ Bearer: [] }],
    },
  },
};

const PAYLOAD_2 = [{ name: 'serviceInputPayload', in: 'body', description: /./, schema: { $ref: '#/definitions/ServiceInput' } }];

const versions: readonly Row[] = [
  ...[undefined, '2', '2.0'].map((version): Row => ({
    name: `the document of version ${version ?? '(none)'} is Swagger 2.0`,
    ...document('identity', version),
    runtimes: ALL,
    expected: {
      status: 200,
      contains: { swagger: '2.0', info: INFO, definitions: X_AND_Y },
      headers: { 'content-type': 'application/json', 'x-ms-run-function-failed': 'False' },
    },
  })),
  ...['3', '3.0'].map((version): Row => ({
    name: `the document of version ${version} is OpenAPI 3.0`,
    ...document('identity', version),
    runtimes: ALL,
    expected: { status: 200, contains: { openapi: /^3\.0\.\d$/, info: INFO, components: { schemas: X_AND_Y } } },
  })),
  {
    name: 'the document of version 3.1 is OpenAPI 3.1',
    ...document('identity', '3.1'),
    runtimes: ALL,
    expected: { status: 200, contains: { openapi: '3.1.0', info: INFO, components: { schemas: X_AND_Y } } },
  },
  ...['1', '4', 'latest', '2.1', ''].map((version): Row => ({
    name: `version ${JSON.stringify(version)} is refused, and the versions are listed`,
    ...document('identity', version),
    runtimes: ALL,
    expected: {
      status: 404,
      json: { message: `Swagger version [${version}] is not valid. Supported versions: [2, 3, 3.1].` },
      headers: { 'x-ms-run-function-failed': 'False' },
    },
  })),
  {
    name: 'HEAD of the document is its head',
    fixture: 'identity',
    request: { method: 'HEAD', path: '/swagger.json' },
    runtimes: ALL,
    expected: { status: 200, text: '', headers: { 'content-type': 'application/json', 'content-length': /^\d{4}$/ } },
  },
];

const contents: readonly Row[] = [
  {
    name: 'Swagger 2.0 names the operations that generated clients call',
    ...document('identity'),
    env: KEYS,
    runtimes: ALL,
    expected: { status: 200, contains: { paths: OPERATIONS_2 } },
  },
  {
    name: 'OpenAPI 3 names the operations that generated clients call',
    ...document('identity', '3'),
    env: KEYS,
    runtimes: ALL,
    expected: { status: 200, contains: { paths: OPERATIONS_3 } },
  },
  {
    name: 'the body of Swagger 2.0 is called serviceInputPayload',
    ...document('identity'),
    runtimes: ALL,
    expected: { status: 200, contains: { paths: { '/score': { post: { parameters: PAYLOAD_2 } } } } },
    ours: [
      {
        runtimes: ['javascript', 'onnx'],
        contains: { paths: { '/score': { post: { parameters: [{ ...PAYLOAD_2[0], required: true }] } } } },
        because: 'a request without a body is refused, so generated clients should not allow one',
      },
    ],
  },
  {
    name: 'the key is an Authorization header',
    ...document('identity'),
    env: KEYS,
    runtimes: ALL,
    expected: {
      status: 200,
      contains: { securityDefinitions: { Bearer: { type: 'apiKey', name: 'Authorization', in: 'header' } } },
    },
  },
  {
    name: 'errors are objects with a message',
    ...document('identity'),
    runtimes: ALL,
    expected: {
      status: 200,
      contains: { definitions: { ErrorResponse: { type: 'object', properties: { message: { type: 'string' } } } } },
    },
  },
  {
    name: 'the samples of input and output are examples',
    ...document('identity'),
    runtimes: SCRIPTS,
    expected: {
      status: 200,
      contains: {
        definitions: { ServiceInput: { example: { x: [[1, 2, 3]] } }, ServiceOutput: { example: { y: [[1, 2, 3]] } } },
      },
    },
  },
  {
    name: 'several parameters with their samples',
    ...document('parameters'),
    runtimes: SCRIPTS,
    expected: {
      status: 200,
      contains: {
        definitions: {
          ServiceInput: {
            type: 'object',
            properties: { count: { type: 'integer', format: 'int64' }, label: { type: 'string' } },
            example: { count: 1, label: 'a' },
          },
          ServiceOutput: {
            type: 'object',
            required: ['count', 'label'],
            properties: { count: { type: 'integer', format: 'int64' }, label: { type: 'string' } },
            example: { count: 1, label: 'a' },
          },
        },
      },
    },
  },
  {
    name: 'a script without a schema takes and gives some object',
    ...document('undecorated'),
    runtimes: SCRIPTS,
    expected: {
      status: 200,
      contains: {
        definitions: { ServiceInput: { type: 'object', example: {} }, ServiceOutput: { type: 'object', example: {} } },
      },
    },
  },
  {
    name: 'a script without a schema has the other versions, too',
    ...document('undecorated', '3.1'),
    runtimes: SCRIPTS,
    expected: {
      status: 200,
      contains: { openapi: '3.1.0', components: { schemas: { ServiceInput: { type: 'object', example: {} } } } },
    },
  },
  {
    name: 'arrays of numpy are marked',
    ...document('identity'),
    runtimes: PYTHON,
    expected: { status: 200, contains: { definitions: { ServiceInput: { properties: { x: { format: 'numpy.ndarray' } } } } } },
  },
  {
    name: 'frames of pandas are marked with their orientation, dates with their format',
    ...document('frames'),
    runtimes: PYTHON,
    expected: {
      status: 200,
      contains: {
        definitions: {
          ServiceInput: {
            properties: {
              records: { format: 'pandas.DataFrame:records', type: 'array' },
              split: { format: 'pandas.DataFrame:split', type: 'object' },
              table: { format: 'pandas.DataFrame:table' },
              dated: { items: { properties: { when: { type: 'string', format: 'date-time' }, took: { format: 'timedelta' } } } },
            },
          },
        },
      },
    },
  },
  {
    name: 'standard types have their formats',
    ...document('types'),
    runtimes: PYTHON,
    expected: {
      status: 200,
      contains: {
        definitions: {
          ServiceInput: {
            properties: {
              blob: { type: 'string', format: 'byte' },
              moment: { type: 'string', format: 'date-time' },
              time: { type: 'string', format: 'time' },
              real: { type: 'number', format: 'double' },
              flag: { type: 'boolean' },
              nested: { type: 'object', required: ['inner', 'name'] },
            },
          },
        },
      },
    },
  },
  {
    name: 'the form of Power BI',
    ...document('power-bi'),
    runtimes: PYTHON,
    expected: {
      status: 200,
      contains: {
        definitions: {
          ServiceInput: { example: { Inputs: { input1: [{ age: 41, height: 1.7 }] }, GlobalParameters: { factor: 1 } } },
          ServiceOutput: { example: { Results: [1] } },
        },
      },
    },
  },
  {
    name: 'name and version of the service come from the environment',
    ...document('identity'),
    env: { SERVICE_NAME: 'digits', SERVICE_VERSION: '7' },
    runtimes: ALL,
    expected: { status: 200, contains: { info: { title: 'digits', version: '7' } } },
  },
  {
    name: 'name and version of the service may stand in config.json beside the script',
    ...document('config-file'),
    runtimes: PYTHON,
    expected: { status: 200, contains: { info: { title: 'named in the file', version: '9' } } },
  },
  {
    name: 'the environment wins over config.json',
    ...document('config-file'),
    env: { SERVICE_NAME: 'named in the environment' },
    runtimes: PYTHON,
    expected: { status: 200, contains: { info: { title: 'named in the environment', version: '9' } } },
  },
  {
    name: 'the path prefix is in the document and on no route',
    ...document('identity'),
    env: { SERVICE_PATH_PREFIX: '/api/v1/digits/' },
    runtimes: ALL,
    expected: { status: 200, contains: { paths: { '/api/v1/digits/score': {}, '/api/v1/digits/': {} } } },
  },
];

const MIXED = 'mixed-types';
const USER = 'user-swagger';
const USER_3 = 'user-swagger-3';
const own = (name: string, fixture: string, version: string | undefined, from: string): Row => ({
  name,
  ...document(fixture, version),
  runtimes: SCRIPTS,
  expected: { status: 200, json: { from } },
});

const exceptions: readonly Row[] = [
  {
    name: 'a list of several types has no Swagger 2.0',
    ...document(MIXED),
    runtimes: SCRIPTS,
    expected: {
      status: 404,
      json: { message: 'Swagger version [2] is not supported for the scoring script. Supported swagger versions: [3, 3.1].' },
    },
  },
  {
    name: 'a list of several types has OpenAPI 3',
    ...document(MIXED, '3'),
    runtimes: SCRIPTS,
    expected: { status: 200, contains: { openapi: /^3\.0\.\d$/ } },
  },
  {
    name: 'where there is no Swagger 2.0, other versions are refused with what there is',
    ...document(MIXED, '1'),
    runtimes: SCRIPTS,
    expected: { status: 404, json: { message: 'Swagger version [1] is not valid. Supported versions: [3, 3.1].' } },
  },
  {
    name: 'a script is scored without Swagger 2.0',
    fixture: MIXED,
    runtimes: SCRIPTS,
    request: { method: 'POST', path: '/score', body: { items: [2, 'b'] } },
    expected: { status: 200, json: [2, 'b'] },
  },
  own('the user’s swagger.json wins over swagger2.json', USER, undefined, 'swagger.json'),
  own('the user’s swagger.json is also version 2.0', USER, '2.0', 'swagger.json'),
  own('the user’s swagger3.json is version 3', USER, '3', 'swagger3.json'),
  own('the user’s swagger3.json is also version 3.0', USER, '3.0', 'swagger3.json'),
  own('the user’s swagger3.1.json is version 3.1', USER, '3.1', 'swagger3.1.json'),
  own('the user’s swagger2.json is version 2 where there is no swagger.json', USER_3, '2', 'swagger2.json'),
  own('the user’s files may be some', USER_3, '3', 'swagger3.json'),
  {
    name: 'what the user has no file for is made',
    ...document(USER_3, '3.1'),
    runtimes: SCRIPTS,
    expected: { status: 200, contains: { openapi: '3.1.0', info: INFO } },
  },
];

export const swagger: Table = { title: 'Swagger', rows: [...versions, ...contents, ...exceptions] };
