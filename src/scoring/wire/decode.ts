import { ModelSignature } from '../tensor/signature';
import { decodeAzureMl } from './azureml-request';
import { decodeOip } from './oip-request';
import { DecodedRequest, WireAnswer, WireProtocol, WireRequest } from './wire-request';

export type { DecodedRequest, WireAnswer, WireProtocol, WireRequest };

/**
 * Reads a request in the protocol of its path.
 *
 * @throws InputError whose `status` is 400, 406, 413 or 415; nothing else, whatever the bytes are.
 */
export function decodeWire(signature: ModelSignature, request: WireRequest): DecodedRequest {
  return request.protocol === 'oip' ? decodeOip(signature, request) : decodeAzureMl(signature, request);
}

/** The body of an error in the form of the protocol. */
export function wireError(protocol: WireProtocol, text: string): Buffer {
  return Buffer.from(JSON.stringify(protocol === 'oip' ? { error: text } : { message: text }));
}
