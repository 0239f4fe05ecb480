import { performance } from 'perf_hooks';
import { LoadedModel, ModelSample, ScoreResult } from '../engine/engine';
import { openModel, signatureOf } from '../onnx-signature';
import { SessionSettings } from '../settings';
import { TensorData } from '../tensor/element-codec';
import { decodeRequest, encodeResponse } from '../tensor/json-request';
import { InputError, PlainTensor } from '../tensor/json-tensor';
import { ModelSignature } from '../tensor/signature';
import { InferenceSession, onnxRuntime, RUN_OPTIONS, Tensor } from './onnx-runtime';
import { elements, sampleInputs } from './sample';

type TensorConstructor = new (type: string, data: TensorData, dims: readonly number[]) => Tensor;

/** A longer sample would hide the rest of the Swagger document. */
const MAX_SAMPLE_ELEMENTS = 10_000;
/** Later sizes are not tried once the search has taken this long. */
const MAX_SAMPLE_SEARCH_MS = 5_000;

/** The model ran and refused its input, or failed. */
class RunError extends Error {}

/** One loaded ONNX model: JSON bytes in, JSON bytes out. */
export class OnnxModel {
  static async load(file: string, settings: SessionSettings): Promise<OnnxModel> {
    const session = await openModel(file, settings);
    const { Tensor } = await onnxRuntime();
    return new OnnxModel(session, signatureOf(session, file), Tensor);
  }

  private readonly outputNames: readonly string[];

  private constructor(
    private readonly session: InferenceSession,
    readonly signature: ModelSignature,
    private readonly tensor: TensorConstructor,
  ) {
    this.outputNames = signature.outputs.map(output => output.name);
  }

  /** Never rejects: what goes wrong is the answer. */
  async score(body: Buffer): Promise<ScoreResult> {
    const begin = performance.now();
    try {
      const outputs = await this.run(decodeRequest(this.signature, body));
      return result(200, encodeResponse(outputs), false, begin);
    } catch (error) {
      return failure(error as Error, begin);
    }
  }

  /** Runs the model once on made-up inputs, so that the first caller does not pay for what is done only once. */
  async warmUp(): Promise<LoadedModel> {
    const { signature } = this;
    const begin = performance.now();
    let fault = 'no sample of a reasonable size';
    for (const inputs of sampleInputs(signature)) {
      try {
        const outputs = await this.run(inputs);
        const sample = await this.sample(inputs, outputs);
        return { signature, sample };
      } catch (error) {
        fault = (error as Error).message;
      }
      if (performance.now() - begin > MAX_SAMPLE_SEARCH_MS) break;
    }
    return { signature, warmUpFault: fault };
  }

  private async sample(inputs: Map<string, PlainTensor>, outputs: NamedTensors): Promise<ModelSample | undefined> {
    const total = [...inputs.values(), ...outputs.map(([, tensor]) => tensor)].reduce((sum, { dims }) => sum + elements(dims), 0);
    if (total > MAX_SAMPLE_ELEMENTS) return undefined;
    const input = encodeResponse([...inputs]);
    // through the whole path, so that the sample is shown to score
    const { status, body } = await this.score(Buffer.from(input));
    return status === 200 ? { input, output: body.toString() } : undefined;
  }

  private async run(inputs: Map<string, PlainTensor>): Promise<NamedTensors> {
    // no prototype: an input may be called `__proto__`
    const feeds = Object.create(null) as Record<string, Tensor>;
    for (const [name, { type, data, dims }] of inputs) feeds[name] = new this.tensor(type, data, dims);
    const outputs = await this.session.run(feeds, this.outputNames, RUN_OPTIONS).catch((error: Error) => {
      throw new RunError(error.message);
    });
    return this.outputNames.map(name => [name, plain(outputs[name])] as const);
  }
}

type NamedTensors = ReadonlyArray<readonly [string, PlainTensor]>;

function plain(tensor: Tensor): PlainTensor {
  return { type: tensor.type, data: tensor.data, dims: tensor.dims };
}

function failure(error: Error, begin: number): ScoreResult {
  if (error instanceof InputError) return message(400, error.message, false, begin);
  // a JavaScript string ends at about 512 MiB
  if (error instanceof RangeError) return message(500, 'The answer is too large to be written as JSON.', false, begin);
  if (!(error instanceof RunError)) {
    // our own fault: for the log, and none of the caller's business
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return message(500, 'The server failed.', false, begin);
  }
  if (/alloc/i.test(error.message)) {
    // a refused allocation leaves ONNX Runtime's arena in a state in which the next run may never return (seen with 1.30)
    return { ...message(500, 'The model ran out of memory.', true, begin), spent: true };
  }
  // the signature was met, so it is the values or the free sizes that this model cannot take: repeating would not help
  return message(400, `The model cannot score this input: ${withoutSourcePaths(error.message)}`, true, begin);
}

/** ONNX Runtime's reason, without where in its sources it was found. */
function withoutSourcePaths(text: string): string {
  const reason = text.replace(/\S*\/\S+:\d+ onnxruntime::[^)]*\)( const)?/g, '').replace(/\S*\/\S+:\d+/g, '');
  return reason.replace(/\s+/g, ' ').trim().slice(0, 500);
}

function message(status: number, text: string, runFailed: boolean, begin: number): ScoreResult {
  return result(status, JSON.stringify({ message: text }), runFailed, begin);
}

function result(status: number, body: string, runFailed: boolean, begin: number): ScoreResult {
  return { status, body: Buffer.from(body), runFailed, engineMs: performance.now() - begin };
}
