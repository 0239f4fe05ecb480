import { IncomingMessage } from 'http';
import { Readable } from 'stream';
import { createGunzip } from 'zlib';
import { BodyPieces } from './body-pieces';
import { header } from './header';

/** What was read of a request, in pieces, since nobody here needs it as one. */
export interface RequestBody {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

/** The body is refused while it is read. */
export class BodyRefusedError extends Error {
  constructor(
    public readonly status: 400 | 413 | 429,
    text: string,
  ) {
    super(text);
  }
}

/** The caller left before its body was complete: there is nobody to answer. */
export class CallerGoneError extends Error {}

/** Says whether so many more bytes may be held. */
export type Hold = (bytes: number) => boolean;

/**
 * Reads a body, giving each piece to `hold` first. What is compressed is counted as it comes out.
 *
 * @throws BodyRefusedError once more than `maxBytes` have come, `hold` says no, or it is no gzip; CallerGoneError.
 */
export function readBody(request: IncomingMessage, maxBytes: number, hold: Hold): Promise<RequestBody> {
  return header(request, 'content-encoding') === 'gzip' ? gunzipped(request, maxBytes, hold) : collect(request, maxBytes, hold);
}

/** The refusal of a body beyond the limit, announced or found. */
export function tooLarge(maxBytes: number): BodyRefusedError {
  return new BodyRefusedError(413, `the body is larger than ${maxBytes} bytes, the limit of this service`);
}

async function gunzipped(request: IncomingMessage, maxBytes: number, hold: Hold): Promise<RequestBody> {
  const gunzip = createGunzip();
  // a request that is complete closes, too
  const gone = (): void => void (request.complete || gunzip.destroy(new CallerGoneError()));
  request.once('close', gone).once('error', gone).pipe(gunzip);
  try {
    return await collect(gunzip, maxBytes, hold);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))) throw error;
    throw new BodyRefusedError(400, 'the body is not the gzip that its Content-Encoding says');
  } finally {
    request.off('close', gone).off('error', gone).unpipe(gunzip);
    gunzip.destroy();
  }
}

/** A body while it comes. */
export class BodyCollector {
  private readonly pieces = new BodyPieces();
  private bytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly hold: Hold,
  ) {}

  /** Why no more of it is read; undefined where this piece was taken. */
  add(piece: Buffer): BodyRefusedError | undefined {
    if (this.bytes + piece.length > this.maxBytes) return tooLarge(this.maxBytes);
    if (!this.hold(piece.length)) return new BodyRefusedError(429, 'too many bytes of requests are being held');
    this.bytes += piece.length;
    this.pieces.add(piece);
    return undefined;
  }

  /** All of it. */
  end(): RequestBody {
    return { chunks: this.pieces.end(), bytes: this.bytes };
  }
}

function collect(source: Readable, maxBytes: number, hold: Hold): Promise<RequestBody> {
  return new Promise((resolve, reject) => {
    const collector = new BodyCollector(maxBytes, hold);
    // listeners stay: to take them off costs more than to ask, and a late error wants one
    let settled = false;
    const refuse = (error: Error): void => {
      settled = true;
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (settled) return; // what still comes is let go
      const refusal = collector.add(chunk);
      if (refusal !== undefined) refuse(refusal);
    };
    const onEnd = (): void => {
      settled = true;
      resolve(collector.end());
    };
    const onGone = (): void => void (settled || refuse(new CallerGoneError()));
    const onError = (error: Error): void => {
      if (!settled) refuse('code' in error && String(error.code).startsWith('Z_') ? error : new CallerGoneError());
    };
    source.on('data', onData).on('end', onEnd).on('close', onGone).on('error', onError);
  });
}
