import { Writable } from 'stream';

/** A message between the front and an engine: a small JSON head and the bytes that belong to it. */
export interface Frame<Head> {
  readonly head: Head;
  readonly body: Buffer;
}

const PREFIX_BYTES = 8;

/** Below this size one copy costs less than a second buffer in the system call. */
const ONE_BUFFER_BYTES = 16 * 1024;

/** Writes a frame: two lengths (unsigned 32 bit, little endian), the head as JSON, the body. A large body is not copied. */
export function writeFrame(stream: Writable, head: object, body: readonly Buffer[], bodyBytes: number): void {
  const json = JSON.stringify(head);
  const jsonBytes = Buffer.byteLength(json);
  const small = bodyBytes <= ONE_BUFFER_BYTES;
  const first = Buffer.allocUnsafe(PREFIX_BYTES + jsonBytes + (small ? bodyBytes : 0));
  first.writeUInt32LE(jsonBytes, 0);
  first.writeUInt32LE(bodyBytes, 4);
  first.write(json, PREFIX_BYTES);
  if (small) {
    let offset = PREFIX_BYTES + jsonBytes;
    for (const chunk of body) offset += chunk.copy(first, offset);
    stream.write(first);
    return;
  }
  stream.cork();
  stream.write(first);
  for (const chunk of body) stream.write(chunk);
  stream.uncork();
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
