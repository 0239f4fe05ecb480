import { parentPort, workerData } from 'worker_threads';
import { InputError, PlainTensor } from '../tensor/plain-tensor';
import { ModelSignature } from '../tensor/signature';
import { decodeWire } from '../wire/decode';

/** The argument that makes the server's bundle a reader, when it is started as a thread. */
export const READER_ARGUMENT = '--reader';

/** A body to read: the first `bytes` of `memory`. */
export interface ReadOrder {
  readonly model: number;
  readonly contentType?: string;
  readonly memory: SharedArrayBuffer;
  readonly bytes: number;
}

/** What was read, or why it could not be. */
export type ReadResult =
  { readonly inputs: ReadonlyArray<readonly [string, PlainTensor]> } | { readonly status: number; readonly message: string };

/** Reads JSON bodies, one after the other: what is JavaScript only can run on a thread, and be ended at any time. */
export function readerMain(): void {
  const signatures = workerData as readonly ModelSignature[];
  parentPort?.on('message', (order: ReadOrder) => {
    const result = read(signatures[order.model], order);
    parentPort?.postMessage(result, 'inputs' in result ? transferable(result.inputs) : []);
  });
}

function read(signature: ModelSignature, { contentType, memory, bytes }: ReadOrder): ReadResult {
  try {
    const body = Buffer.from(memory, 0, bytes);
    return { inputs: [...decodeWire(signature, { protocol: 'azureml', contentType, modelName: '', body }).inputs] };
  } catch (error) {
    if (error instanceof InputError) return { status: error.status, message: error.message };
    throw error;
  }
}

/** Numbers change hands without a copy. */
function transferable(inputs: ReadonlyArray<readonly [string, PlainTensor]>): ArrayBuffer[] {
  return inputs.flatMap(([, { data }]) => (Array.isArray(data) || data.buffer instanceof SharedArrayBuffer ? [] : [data.buffer]));
}
