import { checkShape, DimensionSizes, elementCount } from '../tensor/dimensions';
import { withExactIntegers } from '../tensor/json-request';
import { decodeTensor } from '../tensor/json-tensor';
import { inputName, InputError, PlainTensor, quoted, quotedList } from '../tensor/plain-tensor';
import { ModelSignature, TensorSignature } from '../tensor/signature';
import { readStrings } from './oip-bytes';
import { oipDatatype } from './oip-datatype';
import { OipDocument } from './oip-document';
import { member, parametersOf, record } from './oip-json';
import { isFixed, tensorFromBytes } from './tensor-bytes';

/** Reads all inputs of a request. @throws InputError that names the input. */
export function readOipInputs(signature: ModelSignature, document: OipDocument): Map<string, PlainTensor> {
  const entries = inputsOf(document.value, signature);
  const tensors = new Map<string, PlainTensor>();
  const sizes: DimensionSizes = new Map();
  entries.forEach((entry, index) => {
    const input = inputOf(signature, entry, index);
    if (tensors.has(input.name)) throw new InputError(`${inputName(input.name)} is given twice`);
    tensors.set(input.name, new InputReader(input, index, document).read(entry, sizes));
  });
  const missing = signature.inputs.map(({ name }) => name).filter(name => !tensors.has(name));
  if (missing.length > 0) throw new InputError(`missing from "inputs": ${quotedList(missing)}`);
  return tensors;
}

function inputsOf(request: unknown, { inputs }: ModelSignature): readonly object[] {
  const given = member(record(request, 'the request'), 'inputs');
  if (!Array.isArray(given)) throw new InputError('the request must have an array "inputs"');
  if (given.length > inputs.length) {
    const names = quotedList(inputs.map(({ name }) => name));
    throw new InputError(`"inputs" has ${given.length} entries, but this model takes ${inputs.length}: ${names}`);
  }
  return given.map((entry, index) => record(entry, `inputs[${index}]`));
}

function inputOf({ inputs }: ModelSignature, entry: object, index: number): TensorSignature {
  const name = member(entry, 'name');
  if (typeof name !== 'string') throw new InputError(`inputs[${index}]: "name" must be a string`);
  const input = inputs.find(candidate => candidate.name === name);
  if (input !== undefined) return input;
  throw new InputError(
    `inputs[${index}]: there is no input ${quoted(name)}; there are ${quotedList(inputs.map(known => known.name))}`,
  );
}

class InputReader {
  constructor(
    private readonly input: TensorSignature,
    private readonly index: number,
    private readonly document: OipDocument,
  ) {}

  read(entry: object, sizes: DimensionSizes): PlainTensor {
    this.checkDatatype(member(entry, 'datatype'));
    const dims = this.shape(member(entry, 'shape'));
    checkShape(this.input, dims, sizes);
    const size = member(parametersOf(entry, inputName(this.input.name)), 'binary_data_size');
    const data = member(entry, 'data');
    if (size === undefined) return this.fromJson(data, dims);
    if (data !== undefined) throw this.fault('has both "data" and "binary_data_size"');
    return this.fromBinary(size, dims);
  }

  private checkDatatype(datatype: unknown): void {
    const expected = oipDatatype(this.input.type);
    if (datatype === expected) return;
    throw this.fault(`takes the datatype ${expected}, not ${typeof datatype === 'string' ? quoted(datatype) : 'none'}`);
  }

  private shape(shape: unknown): readonly number[] {
    if (Array.isArray(shape) && shape.every(size => typeof size === 'number')) return shape;
    throw this.fault('needs a "shape", an array of sizes');
  }

  private fromBinary(size: unknown, dims: readonly number[]): PlainTensor {
    const { binary } = this.document;
    if (binary === undefined) {
      throw this.fault('has "binary_data_size", but the header Inference-Header-Content-Length is missing');
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw this.fault('has a "binary_data_size" that is no number of bytes');
    }
    const bytes = binary.take(size, inputName(this.input.name));
    const { type } = this.input;
    if (isFixed(type)) return tensorFromBytes(this.input, type, dims, bytes);
    return { type, data: readStrings(this.input, elementCount(dims), bytes), dims };
  }

  private fromJson(data: unknown, dims: readonly number[]): PlainTensor {
    const scanned = this.document.scannedTensor(data, this.input.type);
    if (scanned !== undefined) return this.reshaped(scanned, dims);
    if (!Array.isArray(data)) throw this.fault('needs "data", an array');
    // nested or flat: a first element that is an array tells
    const shape = Array.isArray(data[0]) ? dims : [elementCount(dims)];
    const signature = { ...this.input, shape };
    const tensor = withExactIntegers(this.input.name, exactly =>
      decodeTensor(signature, exactly ? this.exactData() : data, new Map()),
    );
    return { ...tensor, dims };
  }

  /** Scanned data are nested as the shape says, or flat. */
  private reshaped(scanned: PlainTensor, dims: readonly number[]): PlainTensor {
    const flat = scanned.dims.length === 1 && scanned.dims[0] === elementCount(dims);
    if (!flat && scanned.dims.join() !== dims.join()) throw this.fault('has data of another shape');
    return { ...scanned, dims };
  }

  private exactData(): unknown {
    const request = this.document.exactValue() as { readonly inputs: ReadonlyArray<{ readonly data: unknown }> };
    return request.inputs[this.index].data;
  }

  private fault(text: string): InputError {
    return new InputError(`${inputName(this.input.name)} ${text}`);
  }
}
