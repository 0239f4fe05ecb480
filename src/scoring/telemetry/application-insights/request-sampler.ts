const SECOND_MS = 1_000;
const TRACE_SPACE = 2 ** 32;

/**
 * Decides which requests become rows: all of them up to a rate, above it a share that keeps the rate. The share goes out
 * with each row, so that the backend's counts stay right. A trace is in the share or not, on every replica alike.
 */
export class RequestSampler {
  private share = 1;
  private windowStart = 0;
  private seen = 0;

  constructor(private readonly maxPerSecond: number) {}

  /**
   * The percentage that this row stands for, or 0 if it is left out. Failures are never left out.
   *
   * @param now milliseconds since the epoch; a clock that is set back starts a new window.
   */
  sampleRate(traceId: string, failed: boolean, now: number): number {
    const elapsed = now - this.windowStart;
    if (elapsed >= SECOND_MS || elapsed < 0) this.turn(now, elapsed);
    this.seen++;
    if (failed || this.share === 1) return 100;
    const place = parseInt(traceId.slice(0, 8), 16);
    return (place >= 0 ? place / TRACE_SPACE : Math.random()) < this.share ? this.share * 100 : 0;
  }

  private turn(now: number, elapsed: number): void {
    const perSecond = elapsed > 0 ? (this.seen * SECOND_MS) / elapsed : 0;
    this.share = perSecond <= this.maxPerSecond ? 1 : this.maxPerSecond / perSecond;
    this.windowStart = now;
    this.seen = 0;
  }
}
