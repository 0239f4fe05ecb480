import { Transform, TransformCallback } from 'stream';

/** Frames the pieces of a body whose length is not known. The last chunk, which is empty, is its user's to send. */
export class ChunkedBody extends Transform {
  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (piece.length > 0) {
      this.push(`${piece.length.toString(16)}\r\n`);
      this.push(piece);
      this.push('\r\n');
    }
    done();
  }
}
