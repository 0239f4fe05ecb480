const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 10_000;

/**
 * When to start again what was lost. The first replacement comes at once, since one loss says nothing about the next; after that each
 * start that led to nothing doubles the pause.
 */
export class Restarts {
  private failures = 0;
  private readonly timers = new Set<NodeJS.Timeout>();

  /** What was started is of use: the next loss counts as a first one. */
  worked(): void {
    this.failures = 0;
  }

  schedule(start: () => void): void {
    const delay = this.failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.failures - 1), LAST_DELAY_MS);
    this.failures++;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      start();
    }, delay);
    this.timers.add(timer);
  }

  /** Nothing that was scheduled starts any more. */
  cancel(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
