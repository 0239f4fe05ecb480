import { fromFloat16Bits, toFloat16Bits } from './float16';
import { JsonWriter } from './json-writer';
import { TensorData } from './plain-tensor';
import { ElementType } from './signature';

export type { TensorData };

/** How JSON values become elements of one type and back. */
export interface ElementCodec {
  /** For messages: `expected <this>`. */
  readonly expected: string;
  readonly allocate: (length: number) => TensorData;
  /** Writes a row at `offset` and returns -1, or the index of the first value that is no such element. */
  readonly writeRow: (row: readonly unknown[], data: TensorData, offset: number) => number;
  /** The first `count` of these numbers as elements; undefined where one is none. Not for elements that are no numbers in JSON. */
  readonly fromNumbers?: (values: Float64Array, count: number) => TensorData | undefined;
  /** Writes the elements from `start` to `end`, with commas between them. */
  readonly write: (writer: JsonWriter, data: TensorData, start: number, end: number) => void;
}

/** A number that JSON.parse has already rounded: the body must be read again with its digits kept. */
export class RoundedInteger extends Error {}

/** Not an array method: sparse rows cannot come out of JSON, and an indexed loop is what V8 makes fast. */
function float(expected: string, allocate: (length: number) => Float32Array | Float64Array): Omit<ElementCodec, 'write'> {
  return {
    expected,
    allocate,
    // what is out of range was not read as plain numbers
    fromNumbers: (values, count) => {
      const data = allocate(count);
      data.set(values.subarray(0, count));
      return data;
    },
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
  fromNumbers: (values, count) => {
    const data = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      const half = toFloat16Bits(values[i]);
      if ((half & 0x7c00) === 0x7c00) return undefined;
      data[i] = half;
    }
    return data;
  },
  write: (writer, data, start, end) => {
    writer.numbers(Float64Array.from((data as Uint16Array).subarray(start, end), fromFloat16Bits), 0, end - start);
  },
};

const writeNumbers: ElementCodec['write'] = (writer, data, start, end) => writer.numbers(data as Float64Array, start, end);

const float32: ElementCodec = {
  ...float('a number in the range of float32', length => new Float32Array(length)),
  write: (writer, data, start, end) => writer.singles(data as Float32Array, start, end),
};

const float64: ElementCodec = { ...float('a finite number', length => new Float64Array(length)), write: writeNumbers };

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
    fromNumbers: (values, count) => {
      const data = allocate(count);
      for (let i = 0; i < count; i++) {
        const value = values[i];
        if (value < least || value > most || value !== Math.floor(value)) return undefined;
        data[i] = value;
      }
      return data;
    },
    write: writeNumbers,
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
    fromNumbers: (values, count) => {
      const data = allocate(count);
      // halves of 32 bits: a BigInt for each element would cost more than all the rest
      const halves = new Int32Array(data.buffer);
      for (let i = 0; i < count; i++) {
        const value = values[i];
        if (!Number.isSafeInteger(value) || (value < 0 && least === 0n)) return undefined;
        halves[2 * i] = value | 0;
        halves[2 * i + 1] = Math.floor(value / 2 ** 32) | 0;
      }
      return data;
    },
    write: (writer, data, start, end) => writer.ascii((data as BigInt64Array).subarray(start, end).join(',')),
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
  write: (writer, data, start, end) => {
    for (let i = start; i < end; i++) writer.ascii(`${i > start ? ',' : ''}${data[i] === 0 ? 'false' : 'true'}`);
  },
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
  write: (writer, data, start, end) => {
    for (let i = start; i < end; i++) {
      if (i > start) writer.ascii(',');
      writer.string((data as string[])[i]);
    }
  },
};

const CODECS: Readonly<Record<ElementType, ElementCodec>> = {
  float16,
  float32,
  float64,
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
