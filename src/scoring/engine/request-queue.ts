/** A request that waits for an engine. */
export interface Pending {
  readonly bytes: number;
}

/** Whether the queue takes a request, or why not. */
export type Admission = 'accepted' | 'too-many-requests' | 'too-many-bytes';

/**
 * Requests that wait for an engine: bounded by count, first come first served; and the bytes of all bodies that are held, from
 * the first byte read to the answer.
 *
 * Bytes are counted as they arrive, not as they are announced: who announces much and sends nothing keeps nobody out.
 */
export class RequestQueue<P extends Pending> {
  /**
   * Oldest first. Not a set: V8's keeps a table that refers to its successor, so that one dead table in the old space keeps
   * all later ones, and their requests, through each collection of what is young.
   */
  private waiting: P[] = [];
  private held = 0;

  constructor(private readonly limits: { readonly requests: number; readonly bytes: number }) {}

  get length(): number {
    return this.waiting.length;
  }

  get heldBytes(): number {
    return this.held;
  }

  /** What `offer` would say to a request of that size now, before any of it is read. */
  admission(bytes: number): Admission {
    if (this.waiting.length >= this.limits.requests) return 'too-many-requests';
    return this.admitsBytes(bytes) ? 'accepted' : 'too-many-bytes';
  }

  admitsBytes(bytes: number): boolean {
    return this.held + bytes <= this.limits.bytes;
  }

  /** Counts bytes that have been read; false where they exceed the limit, and then they are not counted. */
  hold(bytes: number): boolean {
    if (!this.admitsBytes(bytes)) return false;
    this.held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.held -= bytes;
  }

  /** Takes a request whose bytes are held already. */
  offer(request: P): Admission {
    if (this.waiting.length >= this.limits.requests) return 'too-many-requests';
    this.waiting.push(request);
    return 'accepted';
  }

  /** As `offer`, where an engine is free to take it: nobody waits, so the count does not matter. */
  offerAtOnce(request: P): Admission {
    this.waiting.push(request);
    return 'accepted';
  }

  /** The one that has waited longest, left where it is. */
  get first(): P | undefined {
    return this.waiting[0];
  }

  /** Up to `most` that fit, oldest first. */
  takeWhere(fits: (request: P) => boolean, most: number): P[] {
    const taken: P[] = [];
    const left: P[] = [];
    for (const request of this.waiting) (taken.length < most && fits(request) ? taken : left).push(request);
    this.waiting = left;
    return taken;
  }

  /** The one that has waited longest. */
  take(): P | undefined {
    return this.waiting.shift();
  }

  /** Forgets a request that no longer wants an answer, or has had one. */
  withdraw(request: P): boolean {
    const index = this.waiting.indexOf(request);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }
}
