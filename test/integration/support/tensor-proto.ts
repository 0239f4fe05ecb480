/** A tensor of 32-bit floats. */
export interface FloatTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** Numbers of the fields of ONNX' TensorProto, and of the only element type that is read. */
const FIELD = { dims: 1, dataType: 2, floatData: 4, rawData: 9 } as const;
const FLOAT = 1;

/** Reads a serialized TensorProto of floats. */
export function readTensorProto(file: Buffer): FloatTensor {
  const dims: number[] = [];
  let floats: Buffer = Buffer.alloc(0);
  let type = 0;
  for (const { field, value } of fieldsOf(file)) {
    if (field === FIELD.dims) dims.push(...(typeof value === 'number' ? [value] : varints(value)));
    else if (field === FIELD.dataType && typeof value === 'number') type = value;
    // both are 32-bit little-endian floats, one after the other
    else if ((field === FIELD.rawData || field === FIELD.floatData) && Buffer.isBuffer(value)) floats = value;
  }
  if (type !== FLOAT) throw new Error(`the tensor's type is ${type}, not float`);
  return { dims, data: floatsOf(floats) };
}

/** Little-endian bytes as floats, wherever they lie. */
export function floatsOf(bytes: Buffer): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

interface Field {
  readonly field: number;
  /** A varint's number, or the bytes of a field that has a length. */
  readonly value: number | Buffer;
}

/** The fields of a message of Protocol Buffers; those of fixed size are left out. */
function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const key = varint(message, at);
    at = key.end;
    const [field, wireType] = [Math.floor(key.value / 8), key.value % 8];
    if (wireType === 1 || wireType === 5) {
      at += wireType === 1 ? 8 : 4;
      continue;
    }
    const { value, end } = varint(message, at);
    at = wireType === 2 ? end + value : end;
    yield { field, value: wireType === 2 ? message.subarray(end, at) : value };
  }
}

function* varints(packed: Buffer): Generator<number> {
  for (let at = 0; at < packed.length;) {
    const { value, end } = varint(packed, at);
    yield value;
    at = end;
  }
}

/** Seven bits a byte, lowest first, until one without the highest bit. */
function varint(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    value += (bytes[at] & 127) * scale;
    if (bytes[at] < 128) return { value, end: at + 1 };
  }
}
