import { LoadedModel } from '../engine/engine';
import { modelPaths } from '../http/routes';
import { ServedModel } from '../model/model-layout';
import { ElementType, TensorSignature } from '../tensor/signature';
import { JsonObject } from './json';
import { PayloadDescription, ScoreOperation } from './service-description';

/** A model of the service with what its engine knows of it. */
export interface DescribedModel {
  readonly served: ServedModel;
  readonly loaded: LoadedModel;
}

/** InferenceSchema's names, so that clients generated for Azure ML's Python server read ours. */
const ELEMENT_SCHEMAS: Readonly<Record<ElementType, JsonObject>> = {
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

/** `/score` where one model is served; with several each has its paths and schemas. In the order of the service. */
export function modelOperations(models: readonly DescribedModel[]): ScoreOperation[] {
  if (models.length === 1) return [operation('/score', '', models[0])];
  const suffixes = new Set<string>();
  return models.flatMap((model, index) =>
    paths(models, index).map(path => operation(encodeURI(path), unique(suffixOf(path), suffixes), model)),
  );
}

/** The newest version answers under the short path, too; of older ones only the long path is theirs. */
function paths(models: readonly DescribedModel[], index: number): string[] {
  const { served } = models[index];
  const newest = models.findIndex(model => model.served.name === served.name) === index;
  const [short, long] = modelPaths(served);
  if (long === undefined) return [short];
  return newest ? [short, long] : [long];
}

/** `/score/digits/3` → `_digits_3`: what code generators accept in a name. */
function suffixOf(path: string): string {
  return path.slice('/score'.length).replace(/[^A-Za-z0-9]/g, '_');
}

/** `a-b` and `a.b` would come to the same name. */
function unique(suffix: string, taken: Set<string>): string {
  let name = suffix;
  for (let count = 2; taken.has(name); count++) name = `${suffix}_${count}`;
  taken.add(name);
  return name;
}

function operation(path: string, suffix: string, { served, loaded: { signature, sample } }: DescribedModel): ScoreOperation {
  const version = served.version === undefined ? '' : ` (version ${served.version})`;
  return {
    path,
    suffix,
    what: `the model ${served.name}${version}`,
    input: payload(signature.inputs, sample?.input, true),
    output: payload(signature.outputs, sample?.output, false),
  };
}

function payload(tensors: readonly TensorSignature[], sample: string | undefined, strict: boolean): PayloadDescription {
  const shown = new Map(sample === undefined ? [] : Object.entries(JSON.parse(sample) as Record<string, unknown>));
  const required: JsonObject = strict && tensors.length > 0 ? { required: tensors.map(tensor => tensor.name) } : {};
  // entries and not assignment: a tensor may be called `__proto__`
  const properties = Object.fromEntries(tensors.map(tensor => [tensor.name, tensorSchema(tensor, shown.get(tensor.name))]));
  return { schema: { type: 'object', ...required, properties }, example: sample };
}

/** Where the signature shows no rank, the sample does; without either nothing is promised. */
function tensorSchema({ type, shape }: TensorSignature, sample: unknown): JsonObject {
  if (shape.length === 0 && sample === undefined) return { description: `a ${type}, or nested arrays of it` };
  const dims = shape.length > 0 ? shape : new Array<string>(rankOf(sample)).fill('');
  return dims.reduceRight<JsonObject>((items, size) => ({ type: 'array', ...fixedLength(size), items }), ELEMENT_SCHEMAS[type]);
}

function fixedLength(size: number | string): JsonObject {
  return typeof size === 'number' ? { minItems: size, maxItems: size } : {};
}

function rankOf(value: unknown): number {
  return Array.isArray(value) ? 1 + rankOf(value[0]) : 0;
}
