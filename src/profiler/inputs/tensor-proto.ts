import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { elementCount } from '../../scoring/tensor/dimensions';
import { elementCodec } from '../../scoring/tensor/element-codec';
import type { PlainTensor, TensorData } from '../../scoring/tensor/plain-tensor';
import type { ElementType } from '../../scoring/tensor/signature';
import { isFixed, tensorFromBytes } from '../../scoring/wire/tensor-bytes';
import { Unreadable } from './entry';

/** A tensor as ONNX stores it. */
export interface StoredTensor {
  /** Empty where it has none. */
  readonly name: string;
  readonly tensor: PlainTensor;
}

/** The numbers of ONNX's `TensorProto.DataType`. */
const TYPES: Readonly<Record<number, ElementType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
};

/** The fields of ONNX's `TensorProto` that matter here, by number. */
const FIELD = {
  dims: 1,
  type: 2,
  float: 4,
  int32: 5,
  string: 6,
  int64: 7,
  name: 8,
  raw: 9,
  double: 10,
  uint64: 11,
  location: 14,
};

type Element = number | bigint | string;

const MAX_RANK = 64;
const MAX_ELEMENTS = 2 ** 31;
const MAX_EMPTY_LISTS = 2 ** 16;

/**
 * Reads a `TensorProto`, as ONNX's test data hold one a file.
 *
 * @throws Unreadable for what is none, or whose elements lie in another file
 */
export function readTensorProto(file: Uint8Array): StoredTensor {
  const message = readMessage(file);
  const type = TYPES[message.type];
  if (type === undefined) throw new Unreadable(`it holds no tensor of a known element type (type ${message.type})`);
  if (message.external) throw new Unreadable('its elements lie in another file, which is not read');
  const dims = message.dims.map(Number);
  if (!isShape(dims)) throw new Unreadable(`its shape is [${dims.slice(0, 8).join(', ')}]`);
  return { name: message.name, tensor: { type, dims, data: dataOf(message, type, dims) } };
}

/** An empty tensor may have large sizes beside the zero, and would be as many empty lists in JSON. */
const isShape = (dims: readonly number[]): boolean =>
  dims.length <= MAX_RANK && dims.every(size => size >= 0) && elementCount(dims.filter(size => size > 0)) <= limitOf(dims);

const limitOf = (dims: readonly number[]): number => (dims.includes(0) ? MAX_EMPTY_LISTS : MAX_ELEMENTS);

interface Message {
  readonly dims: Element[];
  readonly elements: Element[];
  name: string;
  type: number;
  external: boolean;
  raw?: Uint8Array;
}

function readMessage(file: Uint8Array): Message {
  const message: Message = { dims: [], elements: [], name: '', type: 0, external: false };
  const reader = new BinaryReader(file);
  try {
    while (reader.pos < reader.len) readField(reader, message);
  } catch (error) {
    // the reader says with a plain error that the bytes are no message
    throw new Unreadable(`it is not a TensorProto (${(error as Error).message})`);
  }
  return message;
}

function readField(reader: BinaryReader, message: Message): void {
  const [field, wire] = reader.tag();
  switch (field) {
    case FIELD.dims:
      return repeated(reader, wire, message.dims, () => reader.int64());
    case FIELD.type:
      message.type = reader.int32();
      return;
    case FIELD.float:
      return repeated(reader, wire, message.elements, () => reader.float());
    case FIELD.int32:
      return repeated(reader, wire, message.elements, () => reader.int32());
    case FIELD.string:
      message.elements.push(reader.string());
      return;
    case FIELD.int64:
      return repeated(reader, wire, message.elements, () => reader.int64());
    case FIELD.name:
      message.name = reader.string();
      return;
    case FIELD.raw:
      message.raw = reader.bytes();
      return;
    case FIELD.double:
      return repeated(reader, wire, message.elements, () => reader.double());
    case FIELD.uint64:
      return repeated(reader, wire, message.elements, () => reader.uint64());
    case FIELD.location:
      message.external = reader.int32() === 1;
      return;
    default:
      reader.skip(wire, field);
  }
}

/** Numbers one by one or packed; writers may do either. */
function repeated(reader: BinaryReader, wire: WireType, into: Element[], read: () => Element): void {
  if (wire !== WireType.LengthDelimited) {
    into.push(read());
    return;
  }
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new Error('it ends within a list');
  while (reader.pos < end) into.push(read());
}

function dataOf({ raw, elements }: Message, type: ElementType, dims: readonly number[]): TensorData {
  // a copy, as the bytes may lie at any offset; the server's own reading counts and checks them
  if (raw && isFixed(type)) return tensorFromBytes({ name: 'raw_data', type, shape: dims }, type, dims, Buffer.from(raw)).data;
  if (elements.length !== elementCount(dims)) {
    throw new Unreadable(`its shape [${dims.join(', ')}] takes ${elementCount(dims)} elements, but it holds ${elements.length}`);
  }
  return typed(type, elements);
}

function typed(type: ElementType, elements: readonly Element[]): TensorData {
  if (type === 'string') return elements.map(String);
  const data = elementCodec(type)!.allocate(elements.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) elements.forEach((value, i) => (data[i] = BigInt(value)));
  else elements.forEach((value, i) => ((data as Float64Array)[i] = Number(value)));
  return data;
}
