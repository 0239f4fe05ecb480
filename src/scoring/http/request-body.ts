import { IncomingMessage } from 'http';

/** What was read of a request; in the pieces in which it came, since nobody here needs it as one. */
export interface RequestBody {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

/** The body is refused while it is read. */
export class BodyRefusedError extends Error {
  constructor(
    public readonly status: 413 | 429,
    text: string,
  ) {
    super(text);
  }
}

/** The caller left before its body was complete: there is nobody to answer. */
export class CallerGoneError extends Error {}

/**
 * Reads a body, giving each piece to `hold` first.
 *
 * @throws BodyRefusedError once more than `maxBytes` have come, or `hold` says no; CallerGoneError.
 */
export function readBody(request: IncomingMessage, maxBytes: number, hold: (bytes: number) => boolean): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (): void => void request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
    const refuse = (error: Error): void => {
      settle();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.length > maxBytes) refuse(tooLarge(maxBytes));
      else if (!hold(chunk.length)) refuse(new BodyRefusedError(429, 'too many bytes of requests are being held'));
      else {
        bytes += chunk.length;
        chunks.push(chunk);
      }
    };
    const onEnd = (): void => {
      settle();
      resolve({ chunks, bytes });
    };
    const onGone = (): void => refuse(new CallerGoneError());
    request.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onGone);
  });
}

/** The refusal of a body beyond the limit, announced or found. */
export function tooLarge(maxBytes: number): BodyRefusedError {
  return new BodyRefusedError(413, `the body is larger than ${maxBytes} bytes, the limit of this service`);
}
