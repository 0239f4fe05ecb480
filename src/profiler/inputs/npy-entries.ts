import type { ModelSignature } from '../../scoring/onnx-signature';
import { elementCount } from '../../scoring/tensor/dimensions';
import { NPY_TYPE } from '../../scoring/wire/media-type';
import { NpyArray, readNpy, writeNpy } from '../../scoring/wire/npy';
import { elementBytes, tensorFromBytes } from '../../scoring/wire/tensor-bytes';
import type { Entry } from './entry';

/**
 * Requests out of a `.npy` file, each a `.npy` file itself: one for each entry of the first axis where the model takes one, or
 * any number, at a time; else the file as it is.
 *
 * @throws InputError where it is no such file
 */
export function npyEntries(file: Buffer, signature?: ModelSignature): Entry[] {
  const array = readNpy(file);
  const rowDims = rowShape(array.dims, signature);
  if (array.dims[0] === 0) return [];
  if (rowDims === undefined || array.bytes.length === 0) return [{ body: file, contentType: NPY_TYPE }];
  const rowBytes = elementCount(rowDims) * elementBytes(array.type);
  return Array.from({ length: array.dims[0] }, (_, row) => ({
    body: oneRow(array, rowDims, array.bytes.subarray(row * rowBytes, (row + 1) * rowBytes)),
    contentType: NPY_TYPE,
  }));
}

/** The shape of one request, where the array holds several. */
function rowShape(dims: readonly number[], signature?: ModelSignature): readonly number[] | undefined {
  if (signature?.inputs.length !== 1 || dims.length === 0) return undefined;
  const { shape } = signature.inputs[0];
  const [first] = shape;
  // a stack of what the model takes whole
  if (shape.length > 0 && shape.length === dims.length - 1) return dims.slice(1);
  const rowByRow = shape.length === dims.length && (typeof first === 'string' || first === 1);
  return rowByRow && dims[0] !== 1 ? [1, ...dims.slice(1)] : undefined;
}

function oneRow({ type }: NpyArray, dims: readonly number[], bytes: Buffer): Buffer {
  const tensor = tensorFromBytes({ name: 'array', type, shape: dims }, type, dims, bytes);
  return Buffer.concat(writeNpy(tensor));
}
