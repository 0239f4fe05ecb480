import { LoadedModel } from './engine/engine';
import { modelPaths } from './http/routes';
import { ServedModel } from './model/model-layout';
import { ElementType, TensorSignature } from './tensor/signature';

/** What a Swagger document says about the service. */
export interface SwaggerOptions {
  readonly name: string;
  readonly version: string;
  /** Whether callers need a key. */
  readonly keys: boolean;
  readonly tls: boolean;
  /** The models in the order of the service, each with what its engine knows of it. */
  readonly models: ReadonlyArray<{ readonly served: ServedModel; readonly loaded: LoadedModel }>;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Schema = { readonly [key: string]: Json };

/** InferenceSchema's names, so that clients generated for Azure ML's Python server read ours. */
const ELEMENT_SCHEMAS: Readonly<Record<ElementType, Schema>> = {
  float16: { type: 'number', format: 'float' },
  float32: { type: 'number', format: 'float' },
  float64: { type: 'number', format: 'double' },
  int8: { type: 'integer', format: 'int8' },
  int16: { type: 'integer', format: 'int16' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  uint8: { type: 'integer', format: 'uint8' },
  uint16: { type: 'integer', format: 'uint16' },
  uint32: { type: 'integer', format: 'uint32' },
  uint64: { type: 'integer', format: 'uint64' },
  bool: { type: 'boolean' },
  string: { type: 'string' },
};

/**
 * The Swagger 2.0 document in Azure ML v1's shape: `ServiceInput`, `ServiceOutput`, `ErrorResponse`, the key as `Authorization`
 * header, and the operation names that generated clients call. With several models each has its paths and definitions.
 */
export function swaggerDocument(options: SwaggerOptions): string {
  const [only, ...others] = options.models;
  const single = others.length === 0;
  const operations = single
    ? [{ path: '/score', suffix: '', model: only }]
    : options.models.flatMap((model, index) => paths(options, index).map(path => ({ path, suffix: suffixOf(path), model })));
  return withSamples(
    {
      swagger: '2.0',
      info: { title: options.name, description: `Scores the models of the service ${options.name}`, version: options.version },
      schemes: options.tls ? ['https'] : ['http', 'https'],
      consumes: ['application/json'],
      produces: ['application/json'],
      securityDefinitions: {
        Bearer: { type: 'apiKey', name: 'Authorization', in: 'header', description: 'The word Bearer, a space and the key' },
      },
      paths: {
        '/': { get: healthOperation() },
        ...Object.fromEntries(
          operations.map(({ path, suffix }) => [encodeURI(path), { post: scoreOperation(suffix, options.keys) }]),
        ),
      },
      definitions: {
        ...Object.fromEntries(operations.flatMap(({ suffix, model }) => definitions(suffix, model.loaded))),
        ErrorResponse: {
          type: 'object',
          properties: { status_code: { type: 'integer', format: 'int32' }, message: { type: 'string' } },
        },
      },
    },
    operations.map(({ suffix, model }) => [suffix, model.loaded] as const),
  );
}

/** The newest version answers under the short path too; only its long path is left out of no document. */
function paths(options: SwaggerOptions, index: number): string[] {
  const { served } = options.models[index];
  const newest = options.models.findIndex(model => model.served.name === served.name) === index;
  const [short, long] = modelPaths(served);
  if (long === undefined) return [short];
  return newest ? [short, long] : [long];
}

/** `/score/digits/3` → `_digits_3`: what code generators accept in a name. */
function suffixOf(path: string): string {
  return path.slice('/score'.length).replace(/[^A-Za-z0-9]/g, '_');
}

function healthOperation(): Schema {
  return {
    operationId: 'ServiceHealthCheck',
    description: 'Whether the service is up',
    produces: ['text/html'],
    responses: {
      200: { description: 'It is; the body is the word Healthy', schema: { type: 'string' } },
      default: errorResponse(),
    },
  };
}

function scoreOperation(suffix: string, keys: boolean): Schema {
  return {
    operationId: `RunMLService${suffix}`,
    description: 'Scores the model',
    ...(keys ? { security: [{ Bearer: [] }] } : {}),
    parameters: [
      {
        name: 'serviceInputPayload',
        in: 'body',
        required: true,
        description: 'The inputs of the model',
        schema: reference(`ServiceInput${suffix}`),
      },
    ],
    responses: {
      200: { description: 'The outputs of the model', schema: reference(`ServiceOutput${suffix}`) },
      default: errorResponse(),
    },
  };
}

function errorResponse(): Schema {
  return { description: 'What went wrong', schema: reference('ErrorResponse') };
}

function reference(definition: string): Schema {
  return { $ref: `#/definitions/${definition}` };
}

function definitions(suffix: string, { signature, sample }: LoadedModel): Array<[string, Schema]> {
  return [
    [`ServiceInput${suffix}`, objectSchema(signature.inputs, sample?.input, true)],
    [`ServiceOutput${suffix}`, objectSchema(signature.outputs, sample?.output, false)],
  ];
}

function objectSchema(tensors: readonly TensorSignature[], sample: string | undefined, strict: boolean): Schema {
  const shown = new Map(sample === undefined ? [] : Object.entries(JSON.parse(sample) as Record<string, unknown>));
  return {
    type: 'object',
    ...(strict ? { required: tensors.map(tensor => tensor.name) } : {}),
    // entries and not assignment: a tensor may be called `__proto__`
    properties: Object.fromEntries(tensors.map(tensor => [tensor.name, tensorSchema(tensor, shown.get(tensor.name))])),
  };
}

/** Where the signature shows no rank, the sample does; without either nothing is promised. */
function tensorSchema({ type, shape }: TensorSignature, sample: unknown): Schema {
  if (shape.length === 0 && sample === undefined) return { description: `a ${type}, or nested arrays of it` };
  const dims = shape.length > 0 ? shape : new Array<string>(rankOf(sample)).fill('');
  return dims.reduceRight<Schema>((items, size) => ({ type: 'array', ...fixedLength(size), items }), ELEMENT_SCHEMAS[type]);
}

function fixedLength(size: number | string): Schema {
  return typeof size === 'number' ? { minItems: size, maxItems: size } : {};
}

function rankOf(value: unknown): number {
  return Array.isArray(value) ? 1 + rankOf(value[0]) : 0;
}

/** Samples go in as text, as they went over the wire: parsed and written again, long integers would lose digits. */
function withSamples(document: Schema, models: ReadonlyArray<readonly [string, LoadedModel]>): string {
  const definitions = { ...(document.definitions as Record<string, Schema>) };
  const texts: string[] = [];
  for (const [suffix, { sample }] of models) {
    if (sample === undefined) continue;
    for (const [name, text] of [
      [`ServiceInput${suffix}`, sample.input],
      [`ServiceOutput${suffix}`, sample.output],
    ] as const) {
      definitions[name] = { ...definitions[name], example: `\u0000${texts.push(text) - 1}` };
    }
  }
  return JSON.stringify({ ...document, definitions }).replace(/"\\u0000(\d+)"/g, (_, index: string) => texts[Number(index)]);
}
