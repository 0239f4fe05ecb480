/** A message between the front and an engine: a small JSON head and the bytes that belong to it. */
export interface Frame<Head> {
  readonly head: Head;
  readonly body: Buffer;
}

const PREFIX_BYTES = 8;

/** The bytes before a frame's body: two lengths (unsigned 32 bit, little endian), then the head as JSON. */
export function frameHead(head: object, bodyBytes: number): Buffer {
  const json = JSON.stringify(head);
  const jsonBytes = Buffer.byteLength(json);
  const buffer = Buffer.allocUnsafe(PREFIX_BYTES + jsonBytes);
  buffer.writeUInt32LE(jsonBytes, 0);
  buffer.writeUInt32LE(bodyBytes, 4);
  buffer.write(json, PREFIX_BYTES);
  return buffer;
}

/** Cuts a byte stream into frames; a large body is copied once, into a buffer of its final size. */
export class FrameReader<Head> {
  private carry: Buffer = Buffer.alloc(0);
  /** A frame longer than the chunk that it began in. */
  private large?: { readonly buffer: Buffer; filled: number };

  constructor(private readonly onFrame: (frame: Frame<Head>) => void) {}

  push(chunk: Buffer): void {
    let rest = this.large === undefined ? chunk : this.fill(this.large, chunk);
    if (rest.length === 0) return;
    rest = this.carry.length === 0 ? rest : Buffer.concat([this.carry, rest]);
    this.carry = Buffer.alloc(0);
    while (rest.length >= PREFIX_BYTES) {
      const total = PREFIX_BYTES + rest.readUInt32LE(0) + rest.readUInt32LE(4);
      if (rest.length < total) {
        this.large = { buffer: Buffer.allocUnsafeSlow(total), filled: 0 };
        this.fill(this.large, rest);
        return;
      }
      this.emit(rest.subarray(0, total));
      rest = rest.subarray(total);
    }
    this.carry = rest;
  }

  /** Returns what the chunk holds beyond the frame. */
  private fill(large: { readonly buffer: Buffer; filled: number }, chunk: Buffer): Buffer {
    const taken = chunk.copy(large.buffer, large.filled);
    large.filled += taken;
    if (large.filled === large.buffer.length) {
      this.large = undefined;
      this.emit(large.buffer);
    }
    return chunk.subarray(taken);
  }

  private emit(frame: Buffer): void {
    const bodyStart = PREFIX_BYTES + frame.readUInt32LE(0);
    this.onFrame({ head: JSON.parse(frame.toString('utf8', PREFIX_BYTES, bodyStart)) as Head, body: frame.subarray(bodyStart) });
  }
}
