import { TensorData } from '../tensor/element-codec';
import { PlainTensor } from '../tensor/json-tensor';

/** Inputs or outputs of one request, in the signature's order. */
export type Tensors = readonly PlainTensor[];

/** What the tensors of two requests must share to be scored together; undefined where they have no rows in common. */
export function batchKey(inputs: Tensors): string | undefined {
  const rows = inputs[0]?.dims[0];
  if (rows === undefined || rows === 0 || inputs.some(({ dims }) => dims[0] !== rows)) return undefined;
  return inputs.map(({ dims }) => dims.slice(1).join('x')).join(' ');
}

/** One tensor with the rows of all, in order. They differ in their first dimension only. */
export function joinRows(tensors: Tensors): PlainTensor {
  const [first] = tensors;
  const rows = tensors.reduce((sum, { dims }) => sum + dims[0], 0);
  const data = joinData(tensors.map(tensor => tensor.data));
  return { type: first.type, data, dims: [rows, ...first.dims.slice(1)] };
}

/** The rows from `start` to `end`; they share the tensor's memory. */
export function sliceRows({ type, data, dims }: PlainTensor, start: number, end: number): PlainTensor {
  const width = dims[0] === 0 ? 0 : data.length / dims[0];
  const part = Array.isArray(data) ? data.slice(start * width, end * width) : data.subarray(start * width, end * width);
  return { type, data: part, dims: [end - start, ...dims.slice(1)] };
}

function joinData(parts: readonly TensorData[]): TensorData {
  if (parts.every(part => Array.isArray(part))) return parts.flat();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  // all are of one type: they are the same input of the same model
  const joined = new (parts[0].constructor as new (length: number) => Float32Array)(length);
  let offset = 0;
  for (const part of parts as readonly Float32Array[]) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
