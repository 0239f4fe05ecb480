import { Readable } from 'stream';
import { ScriptOutputError } from './script-error';

/** What happens to a streamed body. */
export interface BodyStreamEvents {
  /** Its source failed; the stream then ends with the same error. */
  readonly onError: (error: unknown) => void;
  /** It was destroyed before its end: nobody reads it any more. Called before the source is asked to return. */
  readonly onLeave: () => void;
}

/**
 * The pieces of an iterable, strings or bytes, as a stream of bytes. Destroyed, it does not wait for its source, which may never
 * hear of it.
 */
export class BodyStream extends Readable {
  private readonly pieces: AsyncIterator<unknown>;
  private failed = false;

  constructor(
    source: AsyncIterable<unknown>,
    private readonly events: BodyStreamEvents,
  ) {
    // nothing is made in advance: an error would take the pieces before it with it
    super({ highWaterMark: 0 });
    this.pieces = source[Symbol.asyncIterator]();
  }

  override _read(): void {
    void this.next();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.readableEnded) {
      // whoever leaves may give an error of its own, as `for await` does
      if (!this.failed) this.events.onLeave();
      // what a source says on its way out is nobody's any more
      void Promise.resolve(this.pieces.return?.()).catch(() => undefined);
    }
    done(error);
  }

  private async next(): Promise<void> {
    try {
      for (;;) {
        const piece = await this.pieces.next();
        if (this.destroyed) return;
        const bytes = piece.done === true ? null : bytesOf(piece.value);
        // an empty piece would be pushed and never read on from
        if (bytes?.length === 0) continue;
        this.push(bytes);
        return;
      }
    } catch (error) {
      if (this.destroyed) return;
      this.failed = true;
      this.events.onError(error);
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

function bytesOf(piece: unknown): Buffer {
  if (typeof piece === 'string') return Buffer.from(piece);
  if (piece instanceof Uint8Array) return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  throw new ScriptOutputError(`The streamed body holds ${typeof piece}; its pieces must be strings or bytes.`);
}
