import { elementCodec } from '../tensor/element-codec';
import { PlainTensor } from '../tensor/json-tensor';
import { ModelSignature, TensorSignature } from '../tensor/signature';

/** Free dimensions are tried at these sizes: most models take one row, some need a few, image models a usual edge length. */
const FREE_SIZES = [1, 2, 4, 8, 32, 224];
/** `[]` may be a scalar or any rank: these are tried. */
const UNKNOWN_RANKS = [0, 1, 2, 3, 4];
const MAX_ELEMENTS = 4_000_000;

/** Inputs of zeros that the model may accept, likeliest first. */
export function* sampleInputs(signature: ModelSignature): Generator<Map<string, PlainTensor>> {
  const ranks = signature.inputs.some(input => input.shape.length === 0) ? UNKNOWN_RANKS : [0];
  const sizes = signature.inputs.some(input => input.shape.length === 0 || input.shape.some(isFree)) ? FREE_SIZES : [1];
  for (const size of sizes) {
    for (const rank of ranks) {
      const inputs = signature.inputs.map(input => [input, dimensions(input, size, rank)] as const);
      if (inputs.every(([, dims]) => elements(dims) <= MAX_ELEMENTS)) {
        yield new Map(inputs.map(([input, dims]) => [input.name, zeros(input, dims)]));
      }
    }
  }
}

function dimensions(input: TensorSignature, freeSize: number, unknownRank: number): number[] {
  if (input.shape.length === 0) return new Array<number>(unknownRank).fill(freeSize);
  return input.shape.map(size => (typeof size === 'number' ? size : freeSize));
}

function zeros(input: TensorSignature, dims: readonly number[]): PlainTensor {
  const codec = elementCodec(input.type);
  if (codec === undefined) throw new Error(`no samples of type ${input.type}`);
  return { type: input.type, data: codec.allocate(elements(dims)), dims };
}

/** How many elements a tensor of this shape has. */
export function elements(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

function isFree(size: number | string): boolean {
  return typeof size === 'string';
}
