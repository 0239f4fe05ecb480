/** Where blocks of lines are appended to. */
export interface AppendTarget {
  /**
   * Appends the block to the file, which begins with the header, if any.
   *
   * @param path names joined with slashes, each safe as it is.
   * @throws AppendError if it was not appended.
   */
  append(path: string, block: Buffer, header: Buffer | undefined, signal: AbortSignal): Promise<void>;
}

/** A block was not appended; the message is for the operator. */
export class AppendError extends Error {}
