import { LoadedModel, ModelCost, ModelSample, ScoreAnswer, ScoreRequest } from '../engine/engine';
import { ModelToLoad } from '../engine/protocol';
import { ReadResult } from '../engine/reader-thread';
import { openModel, signatureOf } from '../onnx-signature';
import { SessionSettings } from '../settings';
import { TensorData } from '../tensor/element-codec';
import { encodeResponse, writeResponse } from '../tensor/json-request';
import { InputError, PlainTensor } from '../tensor/json-tensor';
import { ModelSignature } from '../tensor/signature';
import { decodeWire, wireError } from '../wire/decode';
import { DecodedRequest } from '../wire/wire-request';
import { batchKey, joinRows, sliceRows, Tensors } from './batch';
import { scoresRowsByThemselves } from './batch-check';
import { JoinedBody } from './joined-body';
import { InferenceSession, onnxRuntime, RUN_OPTIONS, runNow, Tensor } from './onnx-runtime';
import { elements, sampleInputs } from './sample';

type TensorConstructor = new (type: string, data: TensorData, dims: readonly number[]) => Tensor;
type NamedTensors = ReadonlyArray<readonly [string, PlainTensor]>;

/** A longer sample would hide the rest of the Swagger document. */
const MAX_SAMPLE_ELEMENTS = 10_000;
/** Later sizes are not tried once the search has taken this long. */
const MAX_SAMPLE_SEARCH_MS = 5_000;
/** Runs from which the cost of one is judged; a model whose first run takes longer is not cheap, whatever the others take. */
const COST_RUNS = 20;
const COSTLY_MS = 10;

const SAMPLE_HEAD = { model: 0, protocol: 'azureml', method: 'POST', path: '/score', query: '', headers: {} } as const;
const OK_JSON = { status: 200, headers: ['content-type', 'application/json'], runFailed: false } as const;

/** The model ran and refused its input, or failed. */
class RunError extends Error {}

/** A request that was read and waits for its run. */
interface Job {
  readonly index: number;
  readonly request: ScoreRequest;
  readonly decoded: DecodedRequest;
}

/** One loaded ONNX model: requests in, answers out. */
export class OnnxModel {
  /** @throws ModelError */
  static async load(model: ModelToLoad, settings: SessionSettings): Promise<OnnxModel> {
    const session = await openModel(model.file, settings);
    const { Tensor } = await onnxRuntime();
    return new OnnxModel(model, session, signatureOf(session, model.file), Tensor);
  }

  private readonly inputNames: readonly string[];
  private readonly outputNames: readonly string[];
  private readonly version?: string;
  private readonly body = new JoinedBody();

  private constructor(
    private readonly model: ModelToLoad,
    private readonly session: InferenceSession,
    readonly signature: ModelSignature,
    private readonly tensor: TensorConstructor,
  ) {
    this.inputNames = signature.inputs.map(input => input.name);
    this.outputNames = signature.outputs.map(output => output.name);
    this.version = model.version?.toString();
  }

  /** Never rejects: what goes wrong is the answer. Several requests share a run where their shapes allow it. */
  async score(requests: readonly ScoreRequest[]): Promise<ScoreAnswer[]> {
    const begin = performance.now();
    const answers = new Array<ScoreAnswer>(requests.length);
    const jobs: Job[] = [];
    requests.forEach((request, index) => {
      try {
        jobs.push({ index, request, decoded: this.decode(request) });
      } catch (error) {
        answers[index] = failure(request, error as Error, begin);
      }
    });
    for (const group of jobs.length === 1 ? [jobs] : this.groups(jobs)) await this.scoreGroup(group, answers, begin);
    this.body.giveBack();
    return answers;
  }

  /** Scores what another thread has read, and answers in JSON. Never rejects. */
  async scoreRead(request: ScoreRequest, read: ReadResult, begin: number): Promise<ScoreAnswer> {
    if ('message' in read) return message(request, read.status, read.message, false, begin);
    try {
      const inputs = new Map(read.inputs);
      const outputs = await this.run(
        this.inputNames.map(name => inputs.get(name) as PlainTensor),
        this.outputNames,
      );
      return { ...OK_JSON, body: [writeResponse(outputs)], engineMs: since(begin) };
    } catch (error) {
      return failure(request, error as Error, begin);
    }
  }

  release(): Promise<void> {
    return this.session.release();
  }

  /** Runs the model on made-up inputs, so that the first caller does not pay for what is done only once. */
  async warmUp(): Promise<LoadedModel> {
    const { signature } = this;
    const begin = performance.now();
    const given = await this.givenSample();
    let fault = given.fault ?? 'no sample of a reasonable size';
    for (const inputs of given.inputs === undefined ? sampleInputs(signature) : [given.inputs]) {
      try {
        const outputs = await this.run([...inputs.values()], this.outputNames);
        const sample = given.sample ?? (await this.sample(inputs, outputs));
        const cost = await this.cost([...inputs.values()]);
        const batchable = await this.isBatchable([...inputs.values()], cost);
        return { signature, sample, cost, batchable, warmUpFault: given.fault };
      } catch (error) {
        fault = (error as Error).message;
      }
      if (performance.now() - begin > MAX_SAMPLE_SEARCH_MS) break;
    }
    return { signature, warmUpFault: fault };
  }

  private decode({ protocol, method, headers, query, body, bytes }: ScoreRequest): DecodedRequest {
    return decodeWire(this.signature, {
      protocol,
      contentType: headers['content-type'] as string | undefined,
      accept: headers.accept as string | undefined,
      jsonBytes: headers['inference-header-content-length'] as string | undefined,
      // of GET it is the input itself
      query: method === 'GET' ? undefined : query,
      modelName: this.model.name,
      modelVersion: this.version,
      body: this.body.join(body, bytes),
    });
  }

  /** Requests whose rows fit together; each of the others by itself. */
  private groups(jobs: readonly Job[]): Job[][] {
    const groups = new Map<string, Job[]>();
    for (const job of jobs) {
      const key = batchKey(this.inputsOf(job)) ?? `alone ${job.index}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [job]);
      else group.push(job);
    }
    return [...groups.values()];
  }

  private async scoreGroup(group: readonly Job[], answers: ScoreAnswer[], begin: number): Promise<void> {
    if (group.length > 1 && (await this.scoreTogether(group, answers, begin))) return;
    for (const { index, request, decoded } of group) {
      try {
        const outputs = await this.run(this.inputsOf({ decoded }), decoded.outputNames);
        answers[index] = success(decoded, outputs, begin);
      } catch (error) {
        answers[index] = failure(request, error as Error, begin);
      }
    }
  }

  /** False where nothing was answered: one of them may have made the run fail, or the model mixed the rows up. */
  private async scoreTogether(group: readonly Job[], answers: ScoreAnswer[], begin: number): Promise<boolean> {
    const inputs = group.map(job => this.inputsOf(job));
    const rows = inputs.map(([first]) => first.dims[0]);
    const total = rows.reduce((sum, count) => sum + count, 0);
    let outputs: NamedTensors;
    try {
      outputs = await this.run(
        this.inputNames.map((_, which) => joinRows(inputs.map(tensors => tensors[which]))),
        this.outputNames,
      );
    } catch {
      return false;
    }
    if (outputs.some(([, { dims }]) => dims[0] !== total)) return false;
    let row = 0;
    group.forEach(({ index, request, decoded }, which) => {
      const start = row;
      row += rows[which];
      try {
        const own = decoded.outputNames.map(name => {
          const tensor = outputs[this.outputNames.indexOf(name)][1];
          return [name, sliceRows(tensor, start, start + rows[which])] as const;
        });
        answers[index] = success(decoded, own, begin);
      } catch (error) {
        answers[index] = failure(request, error as Error, begin);
      }
    });
    return true;
  }

  private inputsOf({ decoded }: Pick<Job, 'decoded'>): Tensors {
    return this.inputNames.map(name => decoded.inputs.get(name) as PlainTensor);
  }

  private async sample(inputs: ReadonlyMap<string, PlainTensor>, outputs: NamedTensors): Promise<ModelSample | undefined> {
    const total = [...inputs.values(), ...outputs.map(([, tensor]) => tensor)].reduce((sum, { dims }) => sum + elements(dims), 0);
    if (total > MAX_SAMPLE_ELEMENTS) return undefined;
    const input = encodeResponse([...inputs]);
    // through the whole path, so that the sample is shown to score
    const [answer] = await this.score([sampleRequest(input)]);
    return answer.status === 200 ? { input, output: textOf(answer) } : undefined;
  }

  /** The sample that the model came with, or why it is none. */
  private async givenSample(): Promise<{ inputs?: ReadonlyMap<string, PlainTensor>; sample?: ModelSample; fault?: string }> {
    const input = this.model.sample;
    if (input === undefined) return {};
    const request = sampleRequest(input);
    const [answer] = await this.score([request]);
    if (answer.status !== 200) return { fault: `the model's sample does not score: ${textOf(answer)}` };
    return { inputs: this.decode(request).inputs, sample: { input, output: textOf(answer) } };
  }

  private async cost(inputs: Tensors): Promise<ModelCost> {
    const took: number[] = [];
    while (took.length < COST_RUNS && (took.length === 0 || took[0] < COSTLY_MS)) {
      const begin = performance.now();
      await this.run(inputs, this.outputNames);
      took.push(performance.now() - begin);
    }
    took.sort((a, b) => a - b);
    return {
      runMs: took[took.length >> 1],
      elements: inputs.reduce((sum, { dims }) => sum + elements(dims), 0),
      grows: this.signature.inputs.some(({ shape }) => shape.length === 0 || shape.some(size => typeof size === 'string')),
    };
  }

  private async isBatchable(inputs: Tensors, { runMs }: ModelCost): Promise<boolean> {
    if (runMs > MAX_SAMPLE_SEARCH_MS / 10) return false;
    const run = async (tensors: Tensors): Promise<Tensors> =>
      (await this.run(tensors, this.outputNames)).map(([, tensor]) => tensor);
    return scoresRowsByThemselves(this.signature, inputs, run);
  }

  private async run(inputs: Tensors, outputNames: readonly string[]): Promise<NamedTensors> {
    // no prototype: an input may be called `__proto__`
    const feeds = Object.create(null) as Record<string, Tensor>;
    inputs.forEach(({ type, data, dims }, index) => (feeds[this.inputNames[index]] = new this.tensor(type, data, dims)));
    const outputs = await runNow(() => this.session.run(feeds, outputNames, RUN_OPTIONS)).catch((error: Error) => {
      throw new RunError(error.message);
    });
    return outputNames.map(name => [name, plain(outputs[name])] as const);
  }
}

function sampleRequest(input: string): ScoreRequest {
  const body = Buffer.from(input);
  return { ...SAMPLE_HEAD, body: [body], bytes: body.length };
}

function textOf({ body }: ScoreAnswer): string {
  return Buffer.concat(body).toString();
}

function plain(tensor: Tensor): PlainTensor {
  return { type: tensor.type, data: tensor.data, dims: tensor.dims };
}

function success(decoded: DecodedRequest, outputs: NamedTensors, begin: number): ScoreAnswer {
  const { contentType, headers = [], body } = decoded.encode(outputs);
  return { status: 200, headers: ['content-type', contentType, ...headers], body, runFailed: false, engineMs: since(begin) };
}

function failure(request: ScoreRequest, error: Error, begin: number): ScoreAnswer {
  if (error instanceof InputError) return message(request, error.status, error.message, false, begin);
  // a JavaScript string ends at about 512 MiB
  if (error instanceof RangeError) return message(request, 500, 'The answer is too large to be written as JSON.', false, begin);
  if (!(error instanceof RunError)) {
    // our own fault: for the log, and none of the caller's business
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return message(request, 500, 'The server failed.', false, begin);
  }
  if (/alloc/i.test(error.message)) {
    // a refused allocation leaves ONNX Runtime's arena in a state in which the next run may never return (seen with 1.30)
    return { ...message(request, 500, 'The model ran out of memory.', true, begin), spent: true };
  }
  // the signature was met, so it is the values or the free sizes that this model cannot take: repeating would not help
  return message(request, 400, `The model cannot score this input: ${withoutSourcePaths(error.message)}`, true, begin);
}

/** ONNX Runtime's reason, without where in its sources it was found. */
function withoutSourcePaths(text: string): string {
  const reason = text.replace(/\S*\/\S+:\d+ onnxruntime::[^)]*\)( const)?/g, '').replace(/\S*\/\S+:\d+/g, '');
  return reason.replace(/\s+/g, ' ').trim().slice(0, 500);
}

function message({ protocol }: ScoreRequest, status: number, text: string, runFailed: boolean, begin: number): ScoreAnswer {
  const body = [wireError(protocol, text)];
  return { status, headers: ['content-type', 'application/json'], body, runFailed, engineMs: since(begin) };
}

function since(begin: number): number {
  return performance.now() - begin;
}
