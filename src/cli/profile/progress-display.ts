import type { ProgressEvent } from '../../profiler/progress';
import type { Terminal } from '../terminal';

const BAR_CELLS = 20;
const REDRAW_MS = 500;

/** What is measured, how much is done and how long is left: a bar that moves where someone watches, else a line for each step. */
export class ProgressDisplay {
  private event?: ProgressEvent;
  private since = 0;
  private timer?: NodeJS.Timeout;

  constructor(private readonly terminal: Terminal) {}

  readonly show = (event: ProgressEvent): void => {
    if (event.phase === 'done') return this.stop(); // what comes next is the result
    const repeated = event.message === this.event?.message;
    this.event = event;
    this.since = performance.now();
    if (!this.terminal.interactive) {
      if (!repeated) this.terminal.progress(lineOf(event));
      return;
    }
    this.terminal.progress(barOf(event));
    // a step takes seconds; a display that stands still looks like a hang
    this.timer ??= setInterval(this.redraw, REDRAW_MS).unref();
  };

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private readonly redraw = (): void => {
    if (this.event) this.terminal.progress(barOf(later(this.event, (performance.now() - this.since) / 1000)));
  };
}

/** The event as it would be so many seconds on, if the guess of what is left was right. */
export function later(event: ProgressEvent, seconds: number): ProgressEvent {
  const elapsedSeconds = event.elapsedSeconds + seconds;
  const remainingSeconds = Math.max(Math.min(1, event.remainingSeconds), event.remainingSeconds - seconds);
  const done = remainingSeconds === 0 ? 1 : elapsedSeconds / (elapsedSeconds + remainingSeconds);
  return { ...event, elapsedSeconds, remainingSeconds, done: Math.max(event.done, done) };
}

export function barOf(event: ProgressEvent): string {
  const full = Math.round(event.done * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${percent(event)}  ${left(event)}  ${event.message}`;
}

export const lineOf = (event: ProgressEvent): string => `${percent(event)}  ${event.message}  (${left(event)})`;

const percent = ({ done }: ProgressEvent): string => `${String(Math.round(done * 100)).padStart(3)} %`;
const left = ({ remainingSeconds }: ProgressEvent): string => `about ${Math.ceil(remainingSeconds)} s left`;
