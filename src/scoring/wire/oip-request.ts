import { InputError, PlainTensor } from '../tensor/plain-tensor';
import { ModelSignature } from '../tensor/signature';
import { mediaType, RAW_TYPE } from './media-type';
import { oipAnswer } from './oip-answer';
import { BinaryTail, OipDocument, parseOip, scanOip } from './oip-document';
import { member, parametersOf, record } from './oip-json';
import { readOipInputs } from './oip-inputs';
import { outputNamesOf, selectedOutputs } from './outputs';
import { DecodedRequest, WireRequest } from './wire-request';

/** An id is echoed: a longer one would make answers of requests. */
const MAX_ID_CHARACTERS = 1024;
/** Smaller bodies are parsed as fast as they would be scanned. */
const SCAN_FROM_BYTES = 4096;

/**
 * Reads an inference request of the Open Inference Protocol (version 2), in JSON or with the binary tensor extension.
 *
 * @throws InputError with status 400, 413 or 415.
 */
export function decodeOip(signature: ModelSignature, request: WireRequest): DecodedRequest {
  const { json, binary } = split(request);
  const quick = binary === undefined && json.length >= SCAN_FROM_BYTES ? scanned(signature, json) : undefined;
  const { document, inputs } = quick ?? parsed(signature, json, binary);
  const id = idOf(document.value);
  const { names, binaryNames } = outputsOf(signature, document.value);
  const { modelName, modelVersion } = request;
  return {
    inputs,
    outputNames: names,
    encode: outputs => oipAnswer({ modelName, modelVersion, id, binaryNames }, outputs),
  };
}

interface Parsed {
  readonly document: OipDocument;
  readonly inputs: Map<string, PlainTensor>;
}

/** Undefined for whatever is not plain, or not right: reading it again says what is wrong. */
function scanned(signature: ModelSignature, json: Buffer): Parsed | undefined {
  try {
    const document = scanOip(signature, json);
    if (document === undefined) return undefined;
    const inputs = readOipInputs(signature, document);
    return document.allTaken() ? { document, inputs } : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function parsed(signature: ModelSignature, json: Buffer, binary: BinaryTail | undefined): Parsed {
  const document = parseOip(signature, json, binary);
  const inputs = readOipInputs(signature, document);
  binary?.checkUsedUp();
  return { document, inputs };
}

/** The JSON and, where its length is given, the binary tensors behind it. */
function split({ body, jsonBytes, contentType }: WireRequest): { json: Buffer; binary: BinaryTail | undefined } {
  const type = mediaType(contentType);
  if (type.startsWith('multipart/'))
    throw new InputError(`the content type ${type} is not read here; send application/json`, 415);
  if (jsonBytes === undefined) {
    if (type === RAW_TYPE) {
      throw new InputError(
        `a body of type ${RAW_TYPE} needs the header Inference-Header-Content-Length: how many bytes of it are JSON`,
      );
    }
    return { json: body, binary: undefined };
  }
  const length = /^\d{1,10}$/.test(jsonBytes.trim()) ? Number(jsonBytes) : NaN;
  if (!(length >= 1 && length <= body.length)) {
    throw new InputError(
      `the header Inference-Header-Content-Length is '${jsonBytes.slice(0, 40)}'; it must be an integer from 1 to ` +
        `${body.length}, the length of the body`,
    );
  }
  return { json: body.subarray(0, length), binary: new BinaryTail(body.subarray(length)) };
}

function idOf(document: unknown): string | undefined {
  const id = member(record(document, 'the request'), 'id');
  if (id === undefined) return undefined;
  if (typeof id !== 'string' || id.length > MAX_ID_CHARACTERS) {
    throw new InputError(`"id" must be a string of at most ${MAX_ID_CHARACTERS} characters`);
  }
  return id;
}

/** The outputs asked for, and which of them as bytes. */
function outputsOf(signature: ModelSignature, document: unknown): { names: readonly string[]; binaryNames: ReadonlySet<string> } {
  const request = record(document, 'the request');
  const binaryByDefault = flag(parametersOf(request, 'the request'), 'binary_data_output') ?? false;
  const all = outputNamesOf(signature);
  const asked = member(request, 'outputs');
  if (asked === undefined || (Array.isArray(asked) && asked.length === 0)) {
    return { names: all, binaryNames: new Set(binaryByDefault ? all : []) };
  }
  if (!Array.isArray(asked)) throw new InputError('"outputs" must be an array of objects with a "name"');
  if (asked.length > all.length) selectedOutputs(signature, new Array<string>(asked.length).fill(''));
  const binaryNames = new Set<string>();
  const names = asked.map((entry, index) => {
    const where = `outputs[${index}]`;
    const output = record(entry, where);
    const name = member(output, 'name');
    if (typeof name !== 'string') throw new InputError(`${where}: "name" must be a string`);
    if (flag(parametersOf(output, where), 'binary_data') ?? binaryByDefault) binaryNames.add(name);
    return name;
  });
  return { names: selectedOutputs(signature, names), binaryNames };
}

function flag(parameters: object, name: string): boolean | undefined {
  const value = member(parameters, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw new InputError(`the parameter "${name}" must be true or false`);
}
