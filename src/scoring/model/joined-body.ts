/** More is not kept: it would be memory that seldom serves. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Makes one buffer of a body's pieces, in memory that is used again: fresh memory for each large body costs as much in page
 * faults and garbage collection as to score it.
 */
export class JoinedBody {
  private kept = Buffer.alloc(0);
  private isLent = false;

  /** The body, until `giveBack`. While one is lent, others get memory of their own. */
  join(pieces: readonly Buffer[], bytes: number): Buffer {
    if (pieces.length === 1) return pieces[0];
    if (this.isLent || bytes > MAX_KEPT_BYTES) return Buffer.concat(pieces, bytes);
    if (this.kept.length < bytes) this.kept = Buffer.allocUnsafeSlow(bytes);
    this.isLent = true;
    let offset = 0;
    for (const piece of pieces) offset += piece.copy(this.kept, offset);
    return this.kept.subarray(0, bytes);
  }

  /** Nothing refers to what was lent any more. */
  giveBack(): void {
    this.isLent = false;
  }
}
