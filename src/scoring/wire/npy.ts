import { elementCount } from '../tensor/dimensions';
import { InputError, PlainTensor } from '../tensor/plain-tensor';
import { bytesOfTensor, FixedType, isFixed } from './tensor-bytes';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy's own limit where it reads what it does not trust. */
const MAX_HEADER_BYTES = 10_000;
/** NumPy starts the data at a multiple of this. */
const DATA_ALIGNMENT = 64;

/** NumPy's type codes without the byte order. */
const CODES: Readonly<Record<FixedType, string>> = {
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  uint8: 'u1',
  uint16: 'u2',
  uint32: 'u4',
  uint64: 'u8',
  bool: 'b1',
};

/** An array out of a `.npy` file, row-major and little-endian. */
export interface NpyArray {
  readonly type: FixedType;
  readonly dims: readonly number[];
  readonly bytes: Buffer;
}

/** Whether a body starts as `.npy` files do. */
export function startsAsNpy(body: Buffer): boolean {
  return body.length >= MAGIC.length && body.subarray(0, MAGIC.length).equals(MAGIC);
}

/**
 * Reads a `.npy` file of format 1, 2 or 3. Big-endian elements are turned, Fortran order becomes row-major.
 *
 * @throws InputError where it is none, or holds what no tensor of numbers or truth values is.
 */
export function readNpy(file: Buffer): NpyArray {
  const { header, dataStart } = splitNpy(file);
  const { descr, fortran, dims } = parseHeader(header);
  const { type, size, big } = elementOf(descr);
  const bytes = file.subarray(dataStart);
  const expected = elementCount(dims) * size;
  if (bytes.length !== expected) {
    throw fault(`its shape (${dims.join(', ')}) of ${type} takes ${expected} bytes of data, but there are ${bytes.length}`);
  }
  const little = big && size > 1 ? swapped(bytes, size) : bytes;
  return { type, dims, bytes: fortran && dims.length > 1 ? rowMajor(little, dims, size) : little };
}

/** The tensor as a `.npy` file of format 1. */
export function writeNpy(tensor: PlainTensor): readonly Buffer[] {
  if (!isFixed(tensor.type)) throw new Error(`tensors of type ${tensor.type} have no .npy form`);
  const code = CODES[tensor.type];
  const order = code.endsWith('1') ? '|' : '<';
  const shape = tensor.dims.length === 1 ? `(${tensor.dims[0]},)` : `(${tensor.dims.join(', ')})`;
  const dictionary = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  const before = MAGIC.length + 4;
  const total = Math.ceil((before + dictionary.length + 1) / DATA_ALIGNMENT) * DATA_ALIGNMENT;
  const header = Buffer.alloc(total, ' ');
  MAGIC.copy(header);
  header.writeUInt16BE(0x0100, MAGIC.length);
  header.writeUInt16LE(total - before, MAGIC.length + 2);
  header.write(dictionary, before, 'latin1');
  header[total - 1] = 0x0a;
  return [header, bytesOfTensor(tensor)];
}

function splitNpy(file: Buffer): { header: string; dataStart: number } {
  if (!startsAsNpy(file) || file.length < 12) throw fault('it does not start with the bytes that a .npy file starts with');
  const version = file[6];
  if (version < 1 || version > 3) throw fault(`its format version is ${version}.${file[7]}; versions 1 to 3 are read`);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  if (length > MAX_HEADER_BYTES) throw fault(`its header has ${length} bytes; at most ${MAX_HEADER_BYTES} are read`);
  if (start + length > file.length) throw fault('it ends within its header');
  return { header: file.toString('latin1', start, start + length), dataStart: start + length };
}

/** A Python dictionary literal with these three keys in any order. */
function parseHeader(header: string): { descr: string; fortran: boolean; dims: number[] } {
  const values = new Map<string, string>();
  const body = /^\s*\{(.*)\}\s*$/s.exec(header);
  const member = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\([\d\s,L]*\))\s*(?:,\s*|$)/y;
  const inside = body === null ? '' : body[1];
  while (member.lastIndex < inside.length) {
    const found = member.exec(inside);
    if (found === null) throw fault('its header is no dictionary of descr, fortran_order and shape');
    values.set(found[2], found[3]);
  }
  const [descr, order, shape] = ['descr', 'fortran_order', 'shape'].map(key => values.get(key) ?? '');
  if (!/^['"]/.test(descr)) throw fault('its header names no element type; structured types are not read');
  if (order !== 'True' && order !== 'False') throw fault('its header does not say whether it is in Fortran order');
  if (!shape.startsWith('(')) throw fault('its header names no shape');
  return { descr: descr.slice(1, -1), fortran: order === 'True', dims: dimensionsOf(shape) };
}

function dimensionsOf(shape: string): number[] {
  const inside = shape.slice(1, -1).trim().replace(/,$/, '');
  const sizes = inside === '' ? [] : inside.split(',').map(size => size.trim().replace(/L$/, ''));
  if (!sizes.every(size => /^\d{1,10}$/.test(size))) throw fault(`its shape is ${shape.slice(0, 60)}`);
  return sizes.map(Number);
}

function elementOf(descr: string): { type: FixedType; size: number; big: boolean } {
  const code = descr.replace(/^[<>|=]/, '');
  const type = (Object.keys(CODES) as FixedType[]).find(name => CODES[name] === code || (name === 'bool' && code === '?'));
  if (type === undefined) {
    throw fault(`its element type is '${descr.slice(0, 30)}'; numbers of 8 to 64 bits and bool are read, strings as JSON`);
  }
  return { type, size: code === '?' ? 1 : Number(code[1]), big: descr.startsWith('>') };
}

function swapped(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.from(bytes);
  if (size === 2) return copy.swap16();
  return size === 4 ? copy.swap32() : copy.swap64();
}

/** Column-major bytes in row-major order. */
function rowMajor(bytes: Buffer, dims: readonly number[], size: number): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  const index = dims.map(() => 0);
  const strides: number[] = [];
  for (let level = 0, stride = size; level < dims.length; level++) {
    strides.push(stride);
    stride *= dims[level];
  }
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let byte = 0; byte < size; byte++) out[to + byte] = bytes[from + byte];
    // the next element: the last index runs fastest
    for (let level = dims.length - 1; level >= 0; level--) {
      from += strides[level];
      if (++index[level] < dims[level]) break;
      from -= strides[level] * dims[level];
      index[level] = 0;
    }
  }
  return out;
}

function fault(text: string): InputError {
  return new InputError(`the body is not a .npy file that this model takes: ${text}`);
}
