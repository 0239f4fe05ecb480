import { Json, JsonObject, JsonWriter } from './json';
import { PayloadDescription, ScoreOperation, ServiceDescription, SwaggerVersion } from './service-description';

/**
 * The document of a service as JSON text, in Azure ML's shape: `ServiceInput`, `ServiceOutput`, `ErrorResponse`, the key as
 * `Authorization` header, and the operation names that generated clients call.
 *
 * Versions 3 (OpenAPI 3.0) and 3.1 say the same in their own places.
 */
export function writeDocument(service: ServiceDescription, version: SwaggerVersion): string {
  const writer = new JsonWriter();
  const dialect = version === '2' ? SWAGGER_2 : OPENAPI_3;
  const schemas: JsonObject = Object.fromEntries<Json>([
    ...service.operations.flatMap(({ suffix, input, output }) => [
      [`ServiceInput${suffix}`, withExample(input, writer)] as const,
      [`ServiceOutput${suffix}`, withExample(output, writer)] as const,
    ]),
    ['ErrorResponse', ERROR_SCHEMA] as const,
  ]);
  const paths: JsonObject = Object.fromEntries<Json>([
    [`${service.pathPrefix}/`, { get: healthOperation(dialect) }] as const,
    ...service.operations.map(
      operation =>
        [service.pathPrefix + operation.path, { post: scoreOperation(dialect, operation, service.authenticated) }] as const,
    ),
    [`${service.pathPrefix}/swagger.json`, { get: swaggerOperation(dialect) }] as const,
  ]);
  return writer.write(dialect.document(service, version, paths, schemas)) ?? '';
}

const ERROR_SCHEMA = { type: 'object', properties: { message: { type: 'string' } } };

const BEARER = {
  Bearer: { type: 'apiKey', name: 'Authorization', in: 'header', description: 'The word Bearer, a space and the key' },
};

/** Where the versions differ. */
interface Dialect {
  reference(name: string): JsonObject;
  /** The parts of an operation that describe its body. */
  requestBody(description: string, schema: JsonObject): JsonObject;
  queryParameter(name: string, description: string, schema: JsonObject): JsonObject;
  response(description: string, schema: JsonObject, mediaType: string): JsonObject;
  /** The part of an operation that says what it answers with, unless that is JSON. */
  produces(mediaType: string): JsonObject;
  document(service: ServiceDescription, version: SwaggerVersion, paths: JsonObject, schemas: JsonObject): JsonObject;
}

const SWAGGER_2: Dialect = {
  reference: name => ({ $ref: `#/definitions/${name}` }),
  requestBody: (description, schema) => ({
    parameters: [{ name: 'serviceInputPayload', in: 'body', required: true, description, schema }],
  }),
  queryParameter: (name, description, schema) => ({ name, in: 'query', required: false, description, ...schema }),
  response: (description, schema) => ({ description, schema }),
  produces: mediaType => ({ produces: [mediaType] }),
  document: (service, _, paths, definitions) => ({
    swagger: '2.0',
    info: info(service),
    schemes: service.tls ? ['https'] : ['http', 'https'],
    consumes: ['application/json'],
    produces: ['application/json'],
    ...(service.authenticated ? { securityDefinitions: BEARER } : {}),
    paths,
    definitions,
  }),
};

const OPENAPI_3: Dialect = {
  reference: name => ({ $ref: `#/components/schemas/${name}` }),
  requestBody: (description, schema) => ({
    requestBody: { required: true, description, content: { 'application/json': { schema } } },
  }),
  queryParameter: (name, description, schema) => ({ name, in: 'query', required: false, description, schema }),
  response: (description, schema, mediaType) => ({ description, content: { [mediaType]: { schema } } }),
  produces: () => ({}),
  document: (service, version, paths, schemas) => ({
    openapi: version === '3' ? '3.0.3' : '3.1.0',
    info: info(service),
    paths,
    components: { schemas, ...(service.authenticated ? { securitySchemes: BEARER } : {}) },
  }),
};

function info({ name, version }: ServiceDescription): JsonObject {
  return { title: name, description: `API specification of the service ${name}`, version };
}

function healthOperation(dialect: Dialect): JsonObject {
  return {
    operationId: 'ServiceHealthCheck',
    description: 'Whether the service is up',
    ...dialect.produces('text/html'),
    responses: {
      200: dialect.response('It is; the body is the word Healthy', { type: 'string', example: 'Healthy' }, 'text/html'),
      default: errorResponse(dialect),
    },
  };
}

function scoreOperation(dialect: Dialect, { suffix, what }: ScoreOperation, authenticated: boolean): JsonObject {
  return {
    operationId: `RunMLService${suffix}`,
    description: `Scores ${what}`,
    ...(authenticated ? { security: [{ Bearer: [] }] } : {}),
    ...dialect.requestBody('What is to be scored', dialect.reference(`ServiceInput${suffix}`)),
    responses: {
      200: dialect.response('What it scores to', dialect.reference(`ServiceOutput${suffix}`), 'application/json'),
      default: errorResponse(dialect),
    },
  };
}

function swaggerOperation(dialect: Dialect): JsonObject {
  const versions = { type: 'string', enum: ['2', '2.0', '3', '3.0', '3.1'], default: '2' };
  return {
    operationId: 'GetSwaggerSpec',
    description: 'This document',
    parameters: [dialect.queryParameter('version', 'The version of Swagger or OpenAPI to write it in', versions)],
    responses: {
      200: dialect.response('The document', { type: 'object' }, 'application/json'),
      default: errorResponse(dialect),
    },
  };
}

function errorResponse(dialect: Dialect): JsonObject {
  return dialect.response('What went wrong', dialect.reference('ErrorResponse'), 'application/json');
}

function withExample({ schema, example }: PayloadDescription, writer: JsonWriter): Json {
  return example === undefined ? schema : { ...schema, example: writer.raw(example) };
}
