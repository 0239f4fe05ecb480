import { signatureOf } from '../scoring/onnx-signature';
import { onnxRuntime, RUN_OPTIONS } from '../scoring/model/onnx-runtime';
import { decodeWire } from '../scoring/wire/decode';
import type { ModelSignature } from '../scoring/onnx-signature';
import type { InferenceSession, Tensor } from '../scoring/model/onnx-runtime';
import type { ProfileInput } from './input-set';

export interface OperatorRequest {
  readonly modelPath: string;
  readonly inputs: readonly ProfileInput[];
  readonly runs: number;
  /** Milliseconds after which no further run begins. */
  readonly budgetMs: number;
  /** ONNX Runtime appends the time and `.json`. */
  readonly prefix: string;
}

export type OperatorReply = { readonly runs: number } | { readonly error: string };

process.once('message', (request: OperatorRequest) => {
  runProfiled(request).then(
    runs => process.send?.({ runs } satisfies OperatorReply),
    (error: Error) => process.send?.({ error: error.message.slice(0, 500) } satisfies OperatorReply),
  );
});
// whoever asked has gone
process.on('disconnect', () => process.exit());

/** One thread, as the server runs by default: then a kernel's time is CPU time. Resolves with how many runs there were. */
async function runProfiled({ modelPath, inputs, runs, budgetMs, prefix }: OperatorRequest): Promise<number> {
  const { InferenceSession, Tensor } = await onnxRuntime();
  const session = await InferenceSession.create(modelPath, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    enableProfiling: true,
    profileFilePrefix: prefix,
  });
  const feeds = inputs.map(input => feedOf(signatureOf(session, modelPath), input, Tensor as TensorConstructor));
  const began = performance.now();
  let done = 0;
  // at least two, where there is time: the first is left out
  while (done < runs && (done === 0 || performance.now() - began < budgetMs)) {
    await session.run(feeds[done % feeds.length], RUN_OPTIONS);
    done++;
  }
  session.endProfiling();
  await session.release();
  return done;
}

type TensorConstructor = new (type: string, data: Tensor['data'], dims: readonly number[]) => Tensor;

/** The tensors that the server would make of a body. */
function feedOf(signature: ModelSignature, input: ProfileInput, Tensor: TensorConstructor): InferenceSession.FeedsType {
  const { inputs } = decodeWire(signature, {
    protocol: 'azureml',
    contentType: input.contentType ?? 'application/json',
    jsonBytes: input.headers?.['inference-header-content-length'],
    modelName: 'model',
    body: Buffer.from(input.body),
  });
  // no prototype: an input may be called `__proto__`
  const feeds = Object.create(null) as Record<string, Tensor>;
  for (const [name, { type, data, dims }] of inputs) feeds[name] = new Tensor(type, data, dims);
  return feeds;
}
