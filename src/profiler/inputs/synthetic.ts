import type { ModelSignature, TensorSignature } from '../../scoring/onnx-signature';
import { elementCount } from '../../scoring/tensor/dimensions';
import { elementCodec } from '../../scoring/tensor/element-codec';
import { toFloat16Bits } from '../../scoring/tensor/float16';
import type { PlainTensor, TensorData } from '../../scoring/tensor/plain-tensor';
import { inputUnreadable } from '../errors';
import type { InputSet } from '../input-set';
import { Random } from '../random';
import { tensorEntry } from './tensor-entry';

export interface SyntheticOptions {
  /** How many requests. */
  readonly count: number;
  readonly seed: number;
  /** Sizes of free dimensions by name. @default 1 each */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** Whole numbers from 0 on: valid as most labels, tokens and categories. */
const INTEGERS = 10;
const WORDS = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel'];
/** Larger ones are no requests any more, and their JSON no text that JavaScript holds. */
const MAX_ELEMENTS = 2 ** 25;

/**
 * Requests made up from what the model says it takes: floats from N(0, 1), small whole numbers, words. What depends on values
 * (early exits, sparsity, lengths) is not seen in their cost.
 *
 * @throws ProfileError INPUT_UNREADABLE where a request would be too large
 */
export function syntheticInputs(signature: ModelSignature, { count, seed, sizes = {} }: SyntheticOptions): InputSet {
  const shaped = signature.inputs.map(input => ({ input, dims: dimensions(input, sizes) }));
  const elements = shaped.reduce((total, { dims }) => total + elementCount(dims), 0);
  const source = "made up from the model's signature";
  if (elements > MAX_ELEMENTS) throw inputUnreadable(source, `one would have ${elements} elements`);
  const random = new Random(seed);
  const one = () => tensorEntry(shaped.map(({ input, dims }) => [input.name, tensor(input, dims, random)]));
  const inputs = Array.from({ length: count }, one);
  return { inputs, synthetic: true, source: `${source}, ${count === 1 ? 'one body' : `${count} bodies`}` };
}

function dimensions({ shape }: TensorSignature, sizes: Readonly<Record<string, number>>): number[] {
  return shape.map(size => (typeof size === 'number' ? size : Object.hasOwn(sizes, size) ? sizes[size] : 1));
}

function tensor({ type }: TensorSignature, dims: readonly number[], random: Random): PlainTensor {
  const count = elementCount(dims);
  if (type === 'string') return { type, dims, data: Array.from({ length: count }, () => WORDS[random.below(WORDS.length)]) };
  const data = elementCodec(type)!.allocate(count);
  fill(data, type, random);
  return { type, dims, data };
}

function fill(data: TensorData, type: string, random: Random): void {
  for (let i = 0; i < data.length; i++) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(random.below(INTEGERS));
    else if (type === 'float16') data[i] = toFloat16Bits(normal(random));
    else if (type.startsWith('float')) data[i] = normal(random);
    else data[i] = random.below(type === 'bool' ? 2 : INTEGERS);
  }
}

/** From N(0, 1), by Box and Muller (1958). */
const normal = (random: Random): number => Math.sqrt(2 * random.exponential()) * Math.cos(2 * Math.PI * random.next());
