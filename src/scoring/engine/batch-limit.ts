/** Requests by which a limit is judged before it changes again. */
const JUDGED_REQUESTS = 32;
const QUANTILE = 0.95;

/** A request that was scored. Milliseconds. */
export interface Scored {
  /** From its arrival to its answer. */
  readonly totalMs: number;
  /** Of this, what its batch took while an engine was free or ran it: the wait for company, and the run. */
  readonly batchMs: number;
}

/**
 * The most requests that one run may score: fixed, or kept by a target for what 95 of 100 requests take. It grows by one while
 * they take less, where runs are that large, and is halved when they take more.
 *
 * Where the batches themselves take less than half of the target, a breach comes of the queue: smaller ones would make it longer,
 * so that the limit grows then, too.
 */
export class BatchLimit {
  private readonly totals: number[] = [];
  private longestBatch = 0;
  private reached = false;
  private limit: number;

  /** @param targetMs absent: the limit stays at `most`. */
  constructor(
    private readonly most: number,
    private readonly targetMs?: number,
  ) {
    this.limit = most;
  }

  get current(): number {
    return this.limit;
  }

  /** A run has ended. */
  observe(scored: readonly Scored[]): void {
    if (this.targetMs === undefined) return;
    this.reached ||= scored.length >= this.limit;
    for (const { totalMs, batchMs } of scored) {
      this.totals.push(totalMs);
      this.longestBatch = Math.max(this.longestBatch, batchMs);
    }
    if (this.totals.length >= JUDGED_REQUESTS) this.judge(this.targetMs);
  }

  private judge(targetMs: number): void {
    this.totals.sort((a, b) => a - b);
    const breached = this.totals[Math.ceil(QUANTILE * this.totals.length) - 1] > targetMs;
    if (breached && this.longestBatch > targetMs / 2) this.limit = Math.max(1, this.limit >> 1);
    else if (this.reached) this.limit = Math.min(this.most, this.limit + 1);
    this.totals.length = 0;
    this.longestBatch = 0;
    this.reached = false;
  }
}
