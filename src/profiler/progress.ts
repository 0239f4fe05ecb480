/** What is being measured, for a display; times in seconds. */
export interface ProgressEvent {
  readonly phase: 'prepare' | 'load' | 'warm-up' | 'measure' | 'search' | 'verify' | 'done';
  /** One line for a person. */
  readonly message: string;
  /** Share of the expected time that has passed, 0 to 1. */
  readonly done: number;
  readonly elapsedSeconds: number;
  /** A guess, which grows where a size does not hold and the next must be tried. */
  readonly remainingSeconds: number;
}

export type ProgressListener = (event: ProgressEvent) => void;

/** Turns phases into events with a guess of what is left. */
export class Progress {
  private readonly started = performance.now();

  constructor(
    private readonly listener: ProgressListener | undefined,
    private expectedMs: number,
  ) {}

  get elapsedMs(): number {
    return performance.now() - this.started;
  }

  /** Corrects the guess: so much is left from now. */
  expectMore(leftMs: number): void {
    this.expectedMs = this.elapsedMs + leftMs;
  }

  tell(phase: ProgressEvent['phase'], message: string): void {
    const elapsedSeconds = this.elapsedMs / 1000;
    const remainingSeconds = phase === 'done' ? 0 : Math.max(1, this.expectedMs / 1000 - elapsedSeconds);
    this.listener?.({
      phase,
      message,
      elapsedSeconds,
      remainingSeconds,
      done: elapsedSeconds / (elapsedSeconds + remainingSeconds),
    });
  }
}
