import * as fc from 'fast-check';
import { fromFloat16Bits, toFloat16Bits } from '../../../src/scoring/tensor/float16';
import { PlainTensor, TensorData } from '../../../src/scoring/tensor/plain-tensor';
import { ElementType } from '../../../src/scoring/tensor/signature';

const integers = (min: number, max: number) => fc.integer({ min, max });
/** -0 has no place in JSON.stringify: it comes back as 0. */
const noMinusZero = <T extends number>(value: T) => (value === 0 ? 0 : value);

/** Elements that JSON can hold, and the array that holds them. */
export const ELEMENTS: Record<ElementType, [fc.Arbitrary<unknown>, (values: unknown[]) => TensorData]> = {
  float16: [
    fc
      .double({ min: -65504, max: 65504, noNaN: true })
      .map(value => toFloat16Bits(noMinusZero(fromFloat16Bits(toFloat16Bits(value))))),
    values => Uint16Array.from(values as number[]),
  ],
  float32: [fc.float({ noNaN: true, noDefaultInfinity: true }).map(noMinusZero), values => Float32Array.from(values as number[])],
  float64: [
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(noMinusZero),
    values => Float64Array.from(values as number[]),
  ],
  int8: [integers(-128, 127), values => Int8Array.from(values as number[])],
  int16: [integers(-32768, 32767), values => Int16Array.from(values as number[])],
  int32: [integers(-(2 ** 31), 2 ** 31 - 1), values => Int32Array.from(values as number[])],
  int64: [fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), values => BigInt64Array.from(values as bigint[])],
  uint8: [integers(0, 255), values => Uint8Array.from(values as number[])],
  uint16: [integers(0, 65535), values => Uint16Array.from(values as number[])],
  uint32: [integers(0, 2 ** 32 - 1), values => Uint32Array.from(values as number[])],
  uint64: [fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), values => BigUint64Array.from(values as bigint[])],
  bool: [integers(0, 1), values => Uint8Array.from(values as number[])],
  string: [fc.string({ unit: 'grapheme' }).map(text => text.replaceAll('\0', '')), values => values as string[]],
};

/** All element types. */
export const TYPES = Object.keys(ELEMENTS) as ElementType[];

/** All element types whose elements have a fixed size. */
export const FIXED_TYPES = TYPES.filter(type => type !== 'string');

/** Tensors of any small shape. */
export function tensors(type: ElementType, minRank = 1): fc.Arbitrary<PlainTensor> {
  const [element, toData] = ELEMENTS[type];
  return fc.array(fc.nat({ max: 3 }), { minLength: minRank, maxLength: 4 }).chain(dims => {
    const length = dims.reduce((product, size) => product * size, 1);
    return fc.array(element, { minLength: length, maxLength: length }).map(values => ({ type, dims, data: toData(values) }));
  });
}
