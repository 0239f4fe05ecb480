/** Element types that ONNX Runtime's Node binding carries. */
export type ElementType =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

/** One input or output of a model. */
export interface TensorSignature {
  readonly name: string;
  readonly type: ElementType;
  /**
   * Each dimension's size, or its name where it is free (`''`: free and unnamed). `[]` is a scalar or a tensor of unknown
   * rank: ONNX Runtime's Node binding does not tell them apart.
   */
  readonly shape: ReadonlyArray<number | string>;
}

/** What a model takes and gives; plain JSON. */
export interface ModelSignature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
  /** Outputs that are no tensors, such as scikit-learn's ZipMap; they exist but are not served. */
  readonly skippedOutputs?: readonly string[];
}

/** Deepest nesting that is read where the rank is unknown. */
export const UNKNOWN_RANK_LIMIT = 16;

/** How deep a JSON body for this model can nest, the outer object included. */
export function maxJsonDepth(signature: ModelSignature): number {
  const ranks = signature.inputs.map(input => (input.shape.length === 0 ? UNKNOWN_RANK_LIMIT : input.shape.length));
  return 1 + Math.max(0, ...ranks);
}
