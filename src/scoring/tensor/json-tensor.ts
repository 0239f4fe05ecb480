import { checkNamedDimensions, DimensionSizes, elementCount } from './dimensions';
import { ElementCodec, elementCodec } from './element-codec';
import { JsonWriter } from './json-writer';
import { inputName, InputError, PlainTensor } from './plain-tensor';
import { TensorSignature, UNKNOWN_RANK_LIMIT } from './signature';

export { InputError };
export type { PlainTensor };

/**
 * Nested arrays to one tensor, checked against the signature before ONNX Runtime sees them.
 *
 * @throws InputError naming the first element that does not fit.
 * @throws RoundedInteger where a 64-bit integer lost digits in JSON.parse.
 */
export function decodeTensor(signature: TensorSignature, value: unknown, sizes: DimensionSizes): PlainTensor {
  return new TensorReader(signature, codecOf(signature.type)).read(value, sizes);
}

/** Writes one tensor as nested arrays, a bare value for a scalar. NaN and infinities become null. */
export function writeTensor(writer: JsonWriter, tensor: PlainTensor): void {
  const codec = codecOf(tensor.type);
  if (tensor.dims.length === 0) codec.write(writer, tensor.data, 0, 1);
  else writeLevel(writer, codec, tensor, 0, 0, elementCount(tensor.dims));
}

/** Writes one tensor's elements as one array. */
export function writeFlatTensor(writer: JsonWriter, tensor: PlainTensor): void {
  writer.ascii('[');
  codecOf(tensor.type).write(writer, tensor.data, 0, elementCount(tensor.dims));
  writer.ascii(']');
}

function writeLevel(
  writer: JsonWriter,
  codec: ElementCodec,
  tensor: PlainTensor,
  level: number,
  start: number,
  length: number,
): void {
  writer.ascii('[');
  if (level === tensor.dims.length - 1) codec.write(writer, tensor.data, start, start + length);
  else {
    const size = tensor.dims[level];
    const step = length / size;
    for (let i = 0; i < size; i++) {
      if (i > 0) writer.ascii(',');
      writeLevel(writer, codec, tensor, level + 1, start + i * step, step);
    }
  }
  writer.ascii(']');
}

class TensorReader {
  constructor(
    private readonly signature: TensorSignature,
    private readonly codec: ElementCodec,
  ) {}

  read(value: unknown, sizes: DimensionSizes): PlainTensor {
    const dims = this.dimensions(value);
    checkNamedDimensions(this.signature, dims, sizes);
    // every length is checked before memory is taken: a long first row cannot promise what the others do not have
    const rows = dims.length === 0 ? [[value]] : this.rows(value, dims);
    const data = this.codec.allocate(elementCount(dims));
    const width = dims[dims.length - 1] ?? 1;
    rows.forEach((row, index) => {
      const wrong = this.codec.writeRow(row, data, index * width);
      if (wrong >= 0) throw this.wrongElement(row[wrong], dims, index, wrong);
    });
    return { type: this.signature.type, data, dims };
  }

  /** The shape that the first elements show; `rows` then holds all others to it. */
  private dimensions(value: unknown): number[] {
    const { shape } = this.signature;
    const anyRank = shape.length === 0;
    const dims: number[] = [];
    let inner = value;
    while (anyRank ? Array.isArray(inner) : dims.length < shape.length) {
      const path = dims.map(() => 0);
      if (dims.length === UNKNOWN_RANK_LIMIT) throw this.fault(path, `nested deeper than ${UNKNOWN_RANK_LIMIT} arrays`);
      const size = this.arrayLength(inner, shape[dims.length], path);
      dims.push(size);
      if (size === 0) return [...dims, ...sizesBelowNothing(shape.slice(dims.length))];
      inner = (inner as unknown[])[0];
    }
    return dims;
  }

  /** The innermost arrays, in order; all arrays above and among them are checked for their length. */
  private rows(value: unknown, dims: readonly number[]): Array<readonly unknown[]> {
    const found: Array<readonly unknown[]> = [];
    const path: number[] = [];
    const descend = (array: unknown): void => {
      this.arrayLength(array, dims[path.length], path);
      const items = array as readonly unknown[];
      if (path.length === dims.length - 1) {
        found.push(items);
        return;
      }
      for (let i = 0; i < items.length; i++) {
        path.push(i);
        descend(items[i]);
        path.pop();
      }
    };
    descend(value);
    return found;
  }

  private arrayLength(value: unknown, expected: number | string | undefined, path: readonly number[]): number {
    const size = typeof expected === 'number' ? expected : undefined;
    if (!Array.isArray(value)) {
      const wanted = size === undefined ? 'an array' : `an array of ${size}`;
      throw this.fault(path, `expected ${wanted}, got ${describe(value)}${this.rank()}`);
    }
    if (size !== undefined && value.length !== size) throw this.fault(path, `expected ${size} elements, got ${value.length}`);
    return value.length;
  }

  private wrongElement(value: unknown, dims: readonly number[], row: number, column: number): InputError {
    const path = dims.length === 0 ? [] : [...indexesOf(row, dims.slice(0, -1)), column];
    const rank = Array.isArray(value) ? this.rank() : '';
    return this.fault(path, `expected ${this.codec.expected}, got ${describe(value)}${rank}`);
  }

  private rank(): string {
    const { shape } = this.signature;
    if (shape.length === 0) return '';
    return ` (the input has ${shape.length} ${shape.length === 1 ? 'dimension' : 'dimensions'})`;
  }

  private fault(path: readonly number[], text: string): InputError {
    const indexes = path.map(index => `[${index}]`).join('');
    return new InputError(`${inputName(this.signature.name)}${indexes}: ${text}`);
  }
}

/** An empty array shows no sizes of what it could hold: the fixed ones are known, the free ones are nothing. */
function sizesBelowNothing(shape: ReadonlyArray<number | string>): number[] {
  return shape.map(size => (typeof size === 'number' ? size : 0));
}

/** The indexes of the `position`th item of a row-major array with these dimensions. */
function indexesOf(position: number, dims: readonly number[]): number[] {
  const indexes: number[] = [];
  let rest = position;
  for (let level = dims.length - 1; level >= 0; level--) {
    indexes.unshift(rest % dims[level]);
    rest = Math.floor(rest / dims[level]);
  }
  return indexes;
}

function codecOf(type: string): ElementCodec {
  const codec = elementCodec(type);
  if (codec === undefined) throw new Error(`tensors of type ${type} have no JSON form`);
  return codec;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}
