/** Up to so many pieces are kept as they come. */
const FEW = 64;
const BLOCK_BYTES = 16 * 1024;

/**
 * The pieces of a body. Few are kept as they come; of more, small ones are gathered in blocks: each piece costs memory besides its
 * bytes, and a body that comes byte by byte would take a hundred times what it holds.
 */
export class BodyPieces {
  private readonly pieces: Buffer[] = [];
  private block?: Buffer;
  private used = 0;

  add(piece: Buffer): void {
    if (this.pieces.length < FEW || piece.length > BLOCK_BYTES / 4) {
      this.closeBlock();
      this.pieces.push(piece);
      return;
    }
    if (this.used + piece.length > BLOCK_BYTES) this.closeBlock();
    this.block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.used += piece.copy(this.block, this.used);
  }

  /** All of them, in order. */
  end(): readonly Buffer[] {
    this.closeBlock();
    return this.pieces;
  }

  private closeBlock(): void {
    if (this.block !== undefined) this.pieces.push(this.block.subarray(0, this.used));
    this.block = undefined;
    this.used = 0;
  }
}
