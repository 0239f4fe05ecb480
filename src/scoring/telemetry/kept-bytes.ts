/** A slice keeps the whole memory that it was cut from: more than this much of others' is not worth it. */
const TOLERATED_BYTES = 16 * 1024;

/** The buffer's first bytes, at most `limit`; a copy where they would keep much more in memory than themselves. */
export function keptBytes(buffer: Buffer, limit: number): Buffer {
  const part = buffer.length <= limit ? buffer : buffer.subarray(0, limit);
  return buffer.buffer.byteLength - part.length > TOLERATED_BYTES ? Buffer.from(part) : part;
}
