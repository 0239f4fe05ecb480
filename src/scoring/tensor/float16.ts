const bits = new DataView(new ArrayBuffer(8));

/**
 * IEEE 754 half precision of `value`, rounded to nearest, ties to even, straight from double precision (by way of single
 * precision it would be rounded twice). Beyond the range: infinity.
 */
export function toFloat16Bits(value: number): number {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const sign = (high >>> 16) & 0x8000;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  // below 2^-14 halves are multiples of 2^-24; above, of 2^(exponent - 10); scaling by a power of two is exact
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, -14);
  if (exponent > 15) return sign | 0x7c00;
  const steps = roundHalfToEven(magnitude * 2 ** (10 - exponent));
  // a carry out of the fraction raises the exponent by itself, up to infinity
  return sign | (steps < 1024 ? steps : ((exponent + 14) << 10) + steps);
}

/** The number that sixteen bits of half precision stand for. */
export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  return rest > 0.5 || floor % 2 === 1 ? floor + 1 : floor;
}
