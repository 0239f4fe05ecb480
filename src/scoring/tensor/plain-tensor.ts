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

/** A tensor in the form that ONNX Runtime takes and gives. */
export interface PlainTensor {
  readonly type: string;
  /** Row-major. Halves as their bits, booleans as 0 and 1. */
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** Outputs by name, in the order of the answer. */
export type NamedTensors = ReadonlyArray<readonly [string, PlainTensor]>;

/** The caller's request does not fit the model; the message says where. */
export class InputError extends Error {
  constructor(
    message: string,
    /** The HTTP status that it becomes. */
    readonly status = 400,
  ) {
    super(message);
  }
}

/** `input "x"`, shortened: what a caller or a model calls things may be long. */
export function inputName(name: string): string {
  return `input ${quoted(name)}`;
}

/** The name in quotation marks, shortened. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

/** Several names in quotation marks. */
export function quotedList(names: readonly string[]): string {
  return names.map(quoted).join(', ');
}
