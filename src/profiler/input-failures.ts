import { readSignature } from '../scoring/onnx-signature';
import { inputMismatch, inputRejected, runFailed } from './errors';
import { expectedInputs } from './inputs';
import type { LoadFailure } from './load-generator';
import type { ServerProcess } from './server-process';
import type { Subject } from './subject';

/** A server that broke a connection may be ending. */
const END_MS = 500;

/** Turns a request that was not answered with 200 into an error that says which input it was, and what would have been right. */
export class InputFailures {
  constructor(private readonly subject: Subject) {}

  /** @throws ProfileError where there is a failure: of the server, of the input, or of the run */
  async reject(failure: LoadFailure | undefined, server: ServerProcess): Promise<void> {
    if (!failure) return;
    const row = failure.input + 1;
    if (failure.status === 0) await server.mayEnd(END_MS);
    server.assertRunning(`on input ${row}`);
    const words = serverMessage(failure.message);
    if (failure.status >= 500 || failure.status === 0) throw runFailed(row, failure.status, words);
    const expected = await this.expected();
    throw expected && failure.status === 400 ? inputMismatch(row, words, expected) : inputRejected(row, failure.status, words);
  }

  /** What a model takes, where one can be asked. */
  private async expected(): Promise<string | undefined> {
    if (this.subject.kind !== 'onnx' || !this.subject.onnxFile) return undefined;
    try {
      return expectedInputs(await readSignature(this.subject.onnxFile));
    } catch {
      return undefined;
    }
  }
}

/** The sentence inside an error body, where it is one of the usual JSON shapes. */
function serverMessage(body: string): string {
  try {
    const parsed = JSON.parse(body) as { message?: string; error?: string | { message?: string } };
    const { error } = parsed;
    return parsed.message ?? (typeof error === 'string' ? error : error?.message) ?? body;
  } catch {
    return body || 'no answer';
  }
}
