import { inputName, InputError } from './plain-tensor';
import { TensorSignature, UNKNOWN_RANK_LIMIT } from './signature';

/** Sizes that named dimensions have taken in this request, and the input that set each. */
export type DimensionSizes = Map<string, { readonly size: number; readonly input: string }>;

/** Larger sizes are no tensor's, and would overflow where sizes are multiplied. */
const MAX_SIZE = 2 ** 31 - 1;

/** How many elements a tensor of this shape has. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const size of dims) count *= size;
  return count;
}

/** Whether a tensor of this shape fits, not looking at names. `[]` fits every rank: it may be unknown. */
export function fits({ shape }: TensorSignature, dims: readonly number[]): boolean {
  if (shape.length === 0) return dims.length <= UNKNOWN_RANK_LIMIT;
  if (shape.length !== dims.length) return false;
  for (let i = 0; i < dims.length; i++) if (typeof shape[i] === 'number' && shape[i] !== dims[i]) return false;
  return true;
}

/** @throws InputError unless `dims` are sizes that fit the input, and its named dimensions those of the other inputs. */
export function checkShape(signature: TensorSignature, dims: readonly number[], sizes: DimensionSizes): void {
  if (!dims.every(size => Number.isInteger(size) && size >= 0 && size <= MAX_SIZE)) {
    throw new InputError(`${inputName(signature.name)}: a shape is a list of sizes from 0 to ${MAX_SIZE}`);
  }
  if (!fits(signature, dims)) {
    throw new InputError(
      `${inputName(signature.name)}: its shape is [${shown(dims)}], but the model takes ${shapeText(signature)}`,
    );
  }
  checkNamedDimensions(signature, dims, sizes);
}

/** @throws InputError where a named dimension has another size than before in this request. */
export function checkNamedDimensions(signature: TensorSignature, dims: readonly number[], sizes: DimensionSizes): void {
  const { shape } = signature;
  for (let level = 0; level < shape.length; level++) {
    const name = shape[level];
    if (typeof name !== 'string' || name === '') continue;
    const known = sizes.get(name);
    if (known === undefined) sizes.set(name, { size: dims[level], input: signature.name });
    else if (known.size !== dims[level]) {
      const other = known.input === signature.name ? 'before' : `in ${inputName(known.input)}`;
      throw new InputError(
        `${inputName(signature.name)}: dimension ${level} is ${dims[level]}, but "${name}" is already ${known.size} ${other}`,
      );
    }
  }
}

/** The shape for messages: `[N,3,?]`; free dimensions without a name are `?`. */
export function shapeText({ shape }: TensorSignature): string {
  return shape.length === 0
    ? `a scalar or any shape of up to ${UNKNOWN_RANK_LIMIT} dimensions`
    : `[${shape.map(size => (size === '' ? '?' : size)).join(',')}]`;
}

function shown(dims: readonly number[]): string {
  return dims.length > UNKNOWN_RANK_LIMIT ? `${dims.slice(0, UNKNOWN_RANK_LIMIT).join(',')},…` : dims.join(',');
}
