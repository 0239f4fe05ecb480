import { ModelSignature, TensorSignature } from '../tensor/signature';
import { oipDatatype } from './oip-datatype';

/** A tensor in the Open Inference Protocol's model metadata. */
export interface OipTensorMetadata {
  readonly name: string;
  readonly datatype: string;
  /** -1 where the size is free. Empty for a scalar, and where the model does not say how many dimensions it takes. */
  readonly shape: readonly number[];
}

/** The answer to `GET /v2/models/<model>`. */
export interface OipModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly OipTensorMetadata[];
  readonly outputs: readonly OipTensorMetadata[];
}

/** The answer to `GET /v2`. */
export interface OipServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** What a model takes and gives. */
export function oipMetadata(name: string, versions: readonly string[], signature: ModelSignature): OipModelMetadata {
  return {
    name,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: signature.inputs.map(tensorMetadata),
    outputs: signature.outputs.map(tensorMetadata),
  };
}

/** What this server speaks beyond the protocol's core; `version` is this package's. */
export function oipServerMetadata(version: string): OipServerMetadata {
  return { name: 'cdktf-model-serving', version, extensions: ['binary_tensor_data'] };
}

function tensorMetadata({ name, type, shape }: TensorSignature): OipTensorMetadata {
  return { name, datatype: oipDatatype(type), shape: shape.map(size => (typeof size === 'number' ? size : -1)) };
}
