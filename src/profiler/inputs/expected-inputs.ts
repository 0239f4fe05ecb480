import type { ModelSignature } from '../../scoring/onnx-signature';

/** What the model takes, for people: `image: float32 [batch, 8, 8]`. */
export function expectedInputs({ inputs }: ModelSignature): string {
  return inputs.map(({ name, type, shape }) => `${name}: ${type} ${shapeOf(shape)}`).join('; ');
}

const shapeOf = (shape: ReadonlyArray<number | string>): string =>
  shape.length === 0 ? 'scalar, or of any shape' : `[${shape.map(size => (size === '' ? '?' : size)).join(', ')}]`;
