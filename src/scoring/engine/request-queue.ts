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
  // a set keeps the order and forgets one from the middle at no cost
  private readonly waiting = new Set<P>();
  private held = 0;

  constructor(private readonly limits: { readonly requests: number; readonly bytes: number }) {}

  get length(): number {
    return this.waiting.size;
  }

  get heldBytes(): number {
    return this.held;
  }

  /** What `offer` would say to a request of that size now, before any of it is read. */
  admission(bytes: number): Admission {
    if (this.waiting.size >= this.limits.requests) return 'too-many-requests';
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
    if (this.waiting.size >= this.limits.requests) return 'too-many-requests';
    this.waiting.add(request);
    return 'accepted';
  }

  /** As `offer`, where an engine is free to take it: nobody waits, so the count does not matter. */
  offerAtOnce(request: P): Admission {
    this.waiting.add(request);
    return 'accepted';
  }

  /** The one that has waited longest, left where it is. */
  get first(): P | undefined {
    const [first] = this.waiting;
    return first;
  }

  /** Up to `most` that fit, oldest first. */
  takeWhere(fits: (request: P) => boolean, most: number): P[] {
    const taken: P[] = [];
    for (const request of this.waiting) {
      if (taken.length === most) break;
      if (fits(request)) taken.push(request);
    }
    for (const request of taken) this.waiting.delete(request);
    return taken;
  }

  /** The one that has waited longest. */
  take(): P | undefined {
    const [first] = this.waiting;
    if (first !== undefined) this.waiting.delete(first);
    return first;
  }

  /** Forgets a request that no longer wants an answer, or has had one. */
  withdraw(request: P): boolean {
    return this.waiting.delete(request);
  }
}
