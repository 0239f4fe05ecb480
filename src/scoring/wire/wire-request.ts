import { NamedTensors, PlainTensor } from '../tensor/plain-tensor';

/** Which protocol a path speaks: `POST /score` and `POST /v2/models/<model>[/versions/<version>]/infer`. */
export type WireProtocol = 'azureml' | 'oip';

/** What a request asks in; header values as they came. */
export interface WireRequest {
  readonly protocol: WireProtocol;
  readonly contentType?: string;
  readonly accept?: string;
  /** The header `Inference-Header-Content-Length`: how many bytes of the body are JSON. */
  readonly jsonBytes?: string;
  /** With its question mark: `?shape=1,3,224,224`. */
  readonly query?: string;
  /** Answers in the Open Inference Protocol name the model. */
  readonly modelName: string;
  readonly modelVersion?: string;
  /** Not to be written to while tensors of it are in use: those may be views of it. */
  readonly body: Buffer;
}

/** An answer, ready to be sent with status 200. */
export interface WireAnswer {
  readonly contentType: string;
  /** More headers: name, value, name, value… */
  readonly headers?: readonly string[];
  /** To be sent one after the other; may be views of the outputs. */
  readonly body: readonly Buffer[];
}

/** The tensors of a request, and how its caller wants the answer. */
export interface DecodedRequest {
  readonly inputs: Map<string, PlainTensor>;
  /** The outputs to compute, in the order of the answer; all by default. */
  readonly outputNames: readonly string[];
  /** Takes the outputs in the order of `outputNames`. @throws RangeError where JSON cannot hold them. */
  readonly encode: (outputs: NamedTensors) => WireAnswer;
}
