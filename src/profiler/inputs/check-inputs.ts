import type { ModelSignature } from '../../scoring/onnx-signature';
import { InputError } from '../../scoring/tensor/plain-tensor';
import { decodeWire } from '../../scoring/wire/decode';
import { inputMismatch } from '../errors';
import type { InputSet, ProfileInput } from '../input-set';

/**
 * Reads each input as the scoring server will.
 *
 * @throws ProfileError INPUT_MISMATCH with the row, what is wrong with it, and what the model takes
 */
export function checkInputs({ inputs }: Pick<InputSet, 'inputs'>, signature: ModelSignature): void {
  inputs.forEach((input, index) => {
    const fault = faultOf(input, signature);
    if (fault !== undefined) throw inputMismatch(index + 1, fault, expectedInputs(signature));
  });
}

/** What the model takes, for people: `image: float32 [batch, 8, 8]`. */
export function expectedInputs({ inputs }: ModelSignature): string {
  return inputs.map(({ name, type, shape }) => `${name}: ${type} ${shapeOf(shape)}`).join('; ');
}

function faultOf({ body, contentType }: ProfileInput, signature: ModelSignature): string | undefined {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  try {
    decodeWire(signature, { protocol: 'azureml', contentType, modelName: '', body: bytes });
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

const shapeOf = (shape: ReadonlyArray<number | string>): string =>
  shape.length === 0 ? 'scalar, or of any shape' : `[${shape.map(size => (size === '' ? '?' : size)).join(', ')}]`;
