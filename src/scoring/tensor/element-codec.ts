import { fromFloat16Bits, toFloat16Bits } from './float16';
import { ElementType } from './signature';

/** The flat data of one tensor, as ONNX Runtime takes and gives it. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** How JSON values become elements of one type and back. */
export interface ElementCodec {
  /** For messages: `expected <this>`. */
  readonly expected: string;
  readonly allocate: (length: number) => TensorData;
  /** Writes a row at `offset` and returns -1, or the index of the first value that is no such element. */
  readonly writeRow: (row: readonly unknown[], data: TensorData, offset: number) => number;
  /** JSON text of the elements from `start` to `end`, brackets included. */
  readonly rowText: (data: TensorData, start: number, end: number) => string;
}

/** A number that JSON.parse has already rounded: the body must be read again with its digits kept. */
export class RoundedInteger extends Error {}

/** Not an array method: sparse rows cannot come out of JSON, and an indexed loop is what V8 makes fast. */
function float(expected: string, allocate: (length: number) => Float32Array | Float64Array): ElementCodec {
  return {
    expected,
    allocate,
    writeRow: (row, data, offset) => {
      const out = data as Float64Array;
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        if (typeof value !== 'number') return i;
        out[offset + i] = value;
        // checked after the store, so that what overflows in single precision is found as well
        if (!Number.isFinite(out[offset + i])) return i;
      }
      return -1;
    },
    // JSON has no NaN and no infinity: JSON.stringify makes them null
    rowText: (data, start, end) => JSON.stringify(Array.from((data as Float64Array).subarray(start, end))),
  };
}

const float16: ElementCodec = {
  expected: 'a number from -65504 to 65504',
  allocate: length => new Uint16Array(length),
  writeRow: (row, data, offset) => {
    const out = data as Uint16Array;
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value !== 'number') return i;
      const half = toFloat16Bits(value);
      if ((half & 0x7c00) === 0x7c00) return i;
      out[offset + i] = half;
    }
    return -1;
  },
  rowText: (data, start, end) => JSON.stringify(Array.from((data as Uint16Array).subarray(start, end), fromFloat16Bits)),
};

type SmallIntegers = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

function integer(least: number, most: number, allocate: (length: number) => SmallIntegers): ElementCodec {
  return {
    expected: `an integer ${least}..${most}`,
    allocate,
    writeRow: (row, data, offset) => {
      const out = data as Int32Array;
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        // typed arrays would wrap and truncate in silence
        if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) return i;
        out[offset + i] = value;
      }
      return -1;
    },
    rowText: (data, start, end) => JSON.stringify(Array.from((data as Int32Array).subarray(start, end))),
  };
}

function bigInteger(least: bigint, most: bigint, allocate: (length: number) => BigInt64Array | BigUint64Array): ElementCodec {
  return {
    expected: `an integer ${least}..${most}`,
    allocate,
    writeRow: (row, data, offset) => {
      const out = data as BigInt64Array;
      for (let i = 0; i < row.length; i++) {
        const value = toBigInt(row[i]);
        if (value === undefined || value < least || value > most) return i;
        out[offset + i] = value;
      }
      return -1;
    },
    // exact digits on every version of Node.js, which JSON.stringify could not write
    rowText: (data, start, end) => `[${(data as BigInt64Array).subarray(start, end).join(',')}]`,
  };
}

/** Integers, also as decimal strings: many JSON libraries round numbers beyond 2^53, as JSON.parse does. */
function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return BigInt(value);
    if (Number.isInteger(value)) throw new RoundedInteger();
    return undefined;
  }
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

const bool: ElementCodec = {
  expected: 'true or false',
  allocate: length => new Uint8Array(length),
  writeRow: (row, data, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value !== 'boolean') return i;
      (data as Uint8Array)[offset + i] = value ? 1 : 0;
    }
    return -1;
  },
  rowText: (data, start, end) => JSON.stringify(Array.from((data as Uint8Array).subarray(start, end), value => value !== 0)),
};

const string: ElementCodec = {
  // the binding hands C strings over: what follows a NUL would be lost
  expected: 'a string without NUL characters',
  allocate: length => new Array<string>(length).fill(''),
  writeRow: (row, data, offset) => {
    for (let i = 0; i < row.length; i++) {
      const value = row[i];
      if (typeof value !== 'string' || value.includes('\0')) return i;
      (data as string[])[offset + i] = value;
    }
    return -1;
  },
  rowText: (data, start, end) => JSON.stringify((data as string[]).slice(start, end)),
};

const CODECS: Readonly<Record<ElementType, ElementCodec>> = {
  float16,
  float32: float('a number in the range of float32', length => new Float32Array(length)),
  float64: float('a finite number', length => new Float64Array(length)),
  int8: integer(-128, 127, length => new Int8Array(length)),
  int16: integer(-32_768, 32_767, length => new Int16Array(length)),
  int32: integer(-2_147_483_648, 2_147_483_647, length => new Int32Array(length)),
  uint8: integer(0, 255, length => new Uint8Array(length)),
  uint16: integer(0, 65_535, length => new Uint16Array(length)),
  uint32: integer(0, 4_294_967_295, length => new Uint32Array(length)),
  int64: bigInteger(-(2n ** 63n), 2n ** 63n - 1n, length => new BigInt64Array(length)),
  uint64: bigInteger(0n, 2n ** 64n - 1n, length => new BigUint64Array(length)),
  bool,
  string,
};

/** The codec of an element type; undefined for a type that the Node binding does not carry. */
export function elementCodec(type: string): ElementCodec | undefined {
  return Object.hasOwn(CODECS, type) ? CODECS[type as ElementType] : undefined;
}
