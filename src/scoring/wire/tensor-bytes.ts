import { elementCount } from '../tensor/dimensions';
import { inputName, InputError, PlainTensor, TensorData } from '../tensor/plain-tensor';
import { ElementType, TensorSignature } from '../tensor/signature';

/** Element types of a fixed size in bytes: all but strings. */
export type FixedType = Exclude<ElementType, 'string'>;

type TypedArray = Exclude<TensorData, string[]>;

interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const ARRAYS: Readonly<Record<FixedType, TypedArrayConstructor>> = {
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
};

/** Whether elements of this type have a fixed size. */
export function isFixed(type: string): type is FixedType {
  return Object.hasOwn(ARRAYS, type);
}

/** Bytes per element. */
export function elementBytes(type: FixedType): number {
  return ARRAYS[type].BYTES_PER_ELEMENT;
}

/**
 * Row-major little-endian bytes as a tensor: a view where they are aligned, else a copy. (All platforms that ONNX Runtime is
 * built for are little-endian.)
 *
 * @throws InputError where the bytes are not as many as the shape takes, or no truth values.
 */
export function tensorFromBytes(input: TensorSignature, type: FixedType, dims: readonly number[], bytes: Buffer): PlainTensor {
  const array = ARRAYS[type];
  const expected = elementCount(dims) * array.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    throw new InputError(
      `${inputName(input.name)}: the shape [${dims.join(',')}] of ${type} takes ${expected} bytes, but there are ${bytes.length}`,
    );
  }
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0;
  const source = aligned ? bytes : new Uint8Array(bytes);
  const data = new array(source.buffer, source.byteOffset, bytes.length / array.BYTES_PER_ELEMENT);
  if (type === 'bool') checkTruthValues(input, bytes);
  return { type, data, dims };
}

/** The row-major little-endian bytes of a tensor, not copied. */
export function bytesOfTensor(tensor: PlainTensor): Buffer {
  const { buffer, byteOffset, byteLength } = tensor.data as TypedArray;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Other bytes than 0 and 1 are no `bool` of C++: what the model would make of them is undefined. */
function checkTruthValues(input: TensorSignature, bytes: Buffer): void {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] > 1) throw new InputError(`${inputName(input.name)}: element ${i} is the byte ${bytes[i]}; a bool is 0 or 1`);
  }
}
