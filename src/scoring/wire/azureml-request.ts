import { checkShape, elementCount, shapeText } from '../tensor/dimensions';
import { decodeRequest, writeResponse } from '../tensor/json-request';
import { inputName, InputError, NamedTensors, PlainTensor, quoted, quotedList } from '../tensor/plain-tensor';
import { ModelSignature, TensorSignature } from '../tensor/signature';
import { AnswerFormat, acceptedFormat, JSON_TYPE, mediaType, NPY_TYPE, RAW_TYPE } from './media-type';
import { readNpy, startsAsNpy, writeNpy } from './npy';
import { outputNamesOf, selectedOutputs } from './outputs';
import { bytesOfTensor, elementBytes, FixedType, isFixed, tensorFromBytes } from './tensor-bytes';
import { DecodedRequest, WireAnswer, WireRequest } from './wire-request';

const NO_QUERY = new URLSearchParams();
/** What a shape in a query can be at most: sixteen dimensions of ten digits. */
const MAX_SHAPE_CHARACTERS = 200;

/**
 * Reads a request to `/score`: JSON, `.npy`, or the bytes of one tensor.
 *
 * @throws InputError with status 400, 406 or 415.
 */
export function decodeAzureMl(signature: ModelSignature, request: WireRequest): DecodedRequest {
  const { query } = request;
  const parameters = query === undefined || query.length < 2 ? NO_QUERY : new URLSearchParams(query);
  const inputs = readInputs(signature, request, parameters);
  const asked = parameters === NO_QUERY ? [] : parameters.getAll('output');
  const outputNames = asked.length === 0 ? outputNamesOf(signature) : selectedOutputs(signature, asked);
  const format = acceptedFormat(request.accept);
  if (format === JSON_TYPE) return { inputs, outputNames, encode: jsonAnswer };
  checkBinaryAnswer(signature, outputNames, format);
  return { inputs, outputNames, encode: format === NPY_TYPE ? npyAnswer : rawAnswer };
}

/** Any body that is not known to be something else is read as JSON: `curl -d` says that it is a form. */
function readInputs(signature: ModelSignature, request: WireRequest, parameters: URLSearchParams): Map<string, PlainTensor> {
  const type = mediaType(request.contentType);
  if (type === RAW_TYPE || type === NPY_TYPE) {
    const npy = type === NPY_TYPE || startsAsNpy(request.body);
    const input = onlyInput(signature, npy ? 'A .npy file' : 'A binary body');
    return new Map([[input.name, npy ? npyInput(input, request.body) : rawInput(input, request.body, parameters.get('shape'))]]);
  }
  if (/^(multipart|image|audio|video)\//.test(type)) {
    throw new InputError(
      `The content type ${quoted(type)} is not read here. Send tensors as ${JSON_TYPE}, ${RAW_TYPE} or ${NPY_TYPE}.`,
      415,
    );
  }
  return decodeRequest(signature, request.body);
}

function onlyInput({ inputs }: ModelSignature, what: string): TensorSignature & { readonly type: FixedType } {
  const [input, ...others] = inputs;
  if (input === undefined || others.length > 0) {
    throw new InputError(
      `${what} carries one input, but this model has ${inputs.length}: ${quotedList(inputs.map(({ name }) => name))}. ` +
        `Send JSON, or all of them in binary with the Open Inference Protocol (/v2/models/…/infer).`,
      415,
    );
  }
  const { type } = input;
  if (isFixed(type)) return { ...input, type };
  throw new InputError(`${what} cannot carry ${inputName(input.name)}, which takes strings. Send JSON.`, 415);
}

function npyInput(input: TensorSignature & { readonly type: FixedType }, body: Buffer): PlainTensor {
  const { type, dims, bytes } = readNpy(body);
  if (type !== input.type) {
    throw new InputError(
      `${inputName(input.name)} takes ${input.type}, but the .npy file holds ${type}; convert it with astype()`,
    );
  }
  checkShape(input, dims, new Map());
  return tensorFromBytes(input, type, dims, bytes);
}

function rawInput(input: TensorSignature & { readonly type: FixedType }, body: Buffer, shape: string | null): PlainTensor {
  const dims = shape === null ? inferredShape(input, body.length) : statedShape(shape);
  checkShape(input, dims, new Map());
  return tensorFromBytes(input, input.type, dims, body);
}

function statedShape(shape: string): number[] {
  const sizes = shape === '' ? [] : shape.split(',');
  if (shape.length > MAX_SHAPE_CHARACTERS || !sizes.every(size => /^\d{1,10}$/.test(size))) {
    throw new InputError(`The query's shape is ${quoted(shape)}; it must be sizes such as ?shape=1,3,224,224.`);
  }
  return sizes.map(Number);
}

/** The model's shape, where at most one size is free and the bytes tell it. */
function inferredShape(input: TensorSignature & { readonly type: FixedType }, bytes: number): number[] {
  const { shape, type } = input;
  if (bytes === 0) throw new InputError(`The body is empty; ${inputName(input.name)} takes ${shapeText(input)} of ${type}.`);
  if (shape.length === 0 && bytes === elementBytes(type)) return [];
  const free = shape.filter(size => typeof size === 'string').length;
  if (shape.length === 0 || free > 1) {
    throw new InputError(
      `${inputName(input.name)} takes ${shapeText(input)}, so the bytes alone do not tell its shape: add it, as in ?shape=1,3,224,224.`,
    );
  }
  const row = elementBytes(type) * elementCount(shape.filter(size => typeof size === 'number'));
  const rows = row === 0 ? 0 : bytes / row;
  if (free === 1 && !Number.isInteger(rows)) {
    throw new InputError(
      `${inputName(input.name)} takes ${shapeText(input)} of ${type}: ${bytes} bytes are no multiple of ${row}.`,
    );
  }
  return shape.map(size => (typeof size === 'number' ? size : rows));
}

function checkBinaryAnswer(signature: ModelSignature, outputNames: readonly string[], format: AnswerFormat): void {
  if (outputNames.length !== 1) {
    throw new InputError(
      `An answer in ${format} carries one output, but this model has ${outputNames.length}: ${quotedList(outputNames)}. ` +
        `Choose one with ?output=<name>, or use the Open Inference Protocol with "binary_data_output" for all of them.`,
      406,
    );
  }
  const output = signature.outputs.find(({ name }) => name === outputNames[0]);
  if (output !== undefined && !isFixed(output.type)) {
    throw new InputError(
      `The output ${quoted(output.name)} holds strings, which ${format} does not carry. Ask for ${JSON_TYPE}.`,
      406,
    );
  }
}

function jsonAnswer(outputs: NamedTensors): WireAnswer {
  return { contentType: JSON_TYPE, body: [writeResponse(outputs)] };
}

function rawAnswer(outputs: NamedTensors): WireAnswer {
  const [name, tensor] = outputs[0];
  return { contentType: RAW_TYPE, headers: describing(name, tensor), body: [bytesOfTensor(tensor)] };
}

function npyAnswer(outputs: NamedTensors): WireAnswer {
  const [name, tensor] = outputs[0];
  return { contentType: NPY_TYPE, headers: describing(name, tensor), body: writeNpy(tensor) };
}

/** The name may hold characters that headers may not. */
function describing(name: string, { type, dims }: PlainTensor): readonly string[] {
  return ['X-Output-Name', encodeURIComponent(name), 'X-Output-Type', type, 'X-Output-Shape', dims.join(',')];
}
