import { decodeWire } from '../../../src/scoring/wire/decode';
import { DecodedRequest, WireAnswer, WireRequest } from '../../../src/scoring/wire/wire-request';
import { InputError, PlainTensor } from '../../../src/scoring/tensor/plain-tensor';
import { ElementType, ModelSignature, TensorSignature } from '../../../src/scoring/tensor/signature';

type Tensor = [name: string, type: ElementType, shape: TensorSignature['shape']];

/** A model's signature: inputs, then outputs. */
export function model(inputs: Tensor[], outputs: Tensor[] = [['y', 'float32', ['N']]]): ModelSignature {
  const tensor = ([name, type, shape]: Tensor) => ({ name, type, shape });
  return { inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
}

/** Decodes a request to `/score`. */
export function score(signature: ModelSignature, body: Buffer | string, request: Partial<WireRequest> = {}): DecodedRequest {
  return decodeWire(signature, {
    protocol: 'azureml',
    modelName: 'm',
    body: typeof body === 'string' ? Buffer.from(body) : body,
    ...request,
  });
}

/** Decodes a request in the Open Inference Protocol; an object as body is written as JSON. */
export function infer(
  signature: ModelSignature,
  body: Buffer | string | object,
  request: Partial<WireRequest> = {},
): DecodedRequest {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return decodeWire(signature, { protocol: 'oip', modelName: 'm', body: bytes, ...request });
}

/** Decodes a request with binary tensors behind its JSON. */
export function inferBinary(signature: ModelSignature, header: object, ...blobs: Buffer[]): DecodedRequest {
  const json = Buffer.from(JSON.stringify(header));
  return infer(signature, Buffer.concat([json, ...blobs]), {
    jsonBytes: String(json.length),
    contentType: 'application/octet-stream',
  });
}

/** All bytes of an answer. */
export function bytesOf(answer: WireAnswer): Buffer {
  return Buffer.concat(answer.body);
}

/** A JSON answer's value. */
export function jsonOf(answer: WireAnswer): unknown {
  return JSON.parse(bytesOf(answer).toString()) as unknown;
}

/** The refusal of a request: its status and text. */
export function refusal(decode: () => DecodedRequest): { status: number; text: string } {
  try {
    decode();
  } catch (error) {
    if (error instanceof InputError) return { status: error.status, text: error.message };
    throw error;
  }
  throw new Error('the request was accepted');
}

/** A float32 tensor. */
export function floats(dims: number[], ...values: number[]): PlainTensor {
  return { type: 'float32', dims, data: Float32Array.from(values) };
}
