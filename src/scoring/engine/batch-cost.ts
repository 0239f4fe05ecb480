/** Runs that are remembered for each range of sizes: 1, 2, 3 to 4, 5 to 8, and so on. */
const KEPT_RUNS = 8;
/** What has not been seen for so long says nothing of the next run. */
const FRESH_MS = 5_000;

/** One run of a model. */
interface Run {
  readonly size: number;
  readonly ms: number;
  /** Of its smallest request. */
  readonly bytes: number;
}

/**
 * What a run costs by the number of requests in it, `fixedMs + perRequestMs · n`: a line through the fastest recent run of each
 * range of sizes. The fastest, since whatever else happens on the machine only makes a run longer; ranges, so that a hundred runs
 * of 16 do not make what one of 1 takes forgotten.
 */
export class RunCost {
  fixedMs = 0;
  perRequestMs = 0;
  private readonly ranges: Run[][] = [];
  private smallest = Infinity;
  private largest = 0;
  /** Of a request in the runs that the line goes through. */
  private bytes = 0;
  private seenAt = -Infinity;

  observe(size: number, ms: number, bytes: number, now: number): void {
    const range = (this.ranges[Math.ceil(Math.log2(size))] ??= []);
    range.push({ size, ms, bytes });
    if (range.length > KEPT_RUNS) range.shift();
    this.smallest = Math.min(this.smallest, size);
    this.largest = Math.max(this.largest, size);
    this.seenAt = now;
    this.fit(this.ranges.map(fastest).filter(run => run !== undefined));
  }

  /**
   * What a run of that size, with a request of so many bytes, takes for certain: as long as the fastest of late, and no longer than
   * the largest. What is smaller than all that were seen may take less in proportion. 0 where no run was seen lately, so that the
   * next one is tried.
   */
  leastMs(size: number, bytes: number, now: number): number {
    if (now - this.seenAt > FRESH_MS) return 0;
    const seen = Math.min(Math.max(size, this.smallest), this.largest);
    const part = Math.min(1, size / this.smallest) * (bytes < this.bytes ? bytes / this.bytes : 1);
    return part * (this.fixedMs + this.perRequestMs * seen);
  }

  private fit(runs: readonly Run[]): void {
    this.bytes = Math.max(...runs.map(run => run.bytes));
    const size = mean(runs.map(run => run.size));
    const ms = mean(runs.map(run => run.ms));
    const spread = mean(runs.map(run => (run.size - size) ** 2));
    // of one size alone nothing tells what part is fixed: half, until another is tried
    const slope = spread === 0 ? ms / size / 2 : mean(runs.map(run => (run.size - size) * (run.ms - ms))) / spread;
    this.perRequestMs = Math.min(Math.max(slope, 0), ms / size);
    this.fixedMs = ms - this.perRequestMs * size;
  }
}

function fastest(runs: readonly Run[]): Run {
  return runs.reduce((best, run) => (run.ms < best.ms ? run : best));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
