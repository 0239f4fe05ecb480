import { RunCost } from './batch-cost';

/** Runs whose crowd is remembered. */
const REMEMBERED_RUNS = 8;
/** A wait pays where it costs less than this part of what it saves. */
const MOST_PAID = 0.9;
/** A fixed cost below this, or below this part of the run, is not worth a wait. */
const LEAST_FIXED_MS = 1;
const LEAST_FIXED_SHARE = 1 / 16;
/** Timers count whole milliseconds: half of one is as good as nothing. */
const TICK_MS = 0.5;
/** Chances that are let go, at most, after waits in vain. */
const MOST_SKIPPED = 64;

/** What is there of one model's requests. */
export interface Presence {
  /** Requests that no engine has taken. */
  readonly waiting: number;
  /** These, and those that engines run. */
  readonly present: number;
}

/**
 * How long a free engine waits for requests that are about to come: those of clients who were there when a run ended, got their
 * answer and ask again. An engine that runs the first of them alone makes all others wait for a run that costs nearly as much as
 * one with all.
 *
 * A wait ends when they are all there, or when what it may save has passed since those answers: the fixed part of that lone run.
 * Nobody waits who is alone, who finds an engine that has been free for longer, or where a run costs by the request. A wait that
 * cost more than it saved makes the next chances be let go: one, then two, four and so on.
 */
export class Company {
  private readonly crowds: number[] = [];
  private answeredAt = -Infinity;
  private backoff = 0;
  private skips = 0;
  private wait?: { readonly since: number; readonly share: number };

  constructor(private readonly cost: RunCost) {}

  /** Requests that are likely to be there soon. */
  get expected(): number {
    return Math.max(0, ...this.crowds);
  }

  /** A run has ended, and its answers are about to leave: so many requests are there, these included. */
  runEnded(present: number, now: number): void {
    this.answeredAt = now;
    this.crowds.push(present);
    if (this.crowds.length > REMEMBERED_RUNS) this.crowds.shift();
  }

  /** Milliseconds that a free engine, one of so many, should still wait; 0: it should take what is there. */
  waitMs({ waiting, present }: Presence, engines: number, now: number): number {
    const share = Math.ceil(this.expected / engines);
    if (waiting >= share || present >= this.expected || !this.mayPay(share)) return 0;
    const left = this.answeredAt + this.cost.fixedMs - now;
    if (left < TICK_MS) return 0;
    if (this.wait === undefined) {
      if (this.skips > 0) {
        this.skips--;
        return 0;
      }
      this.wait = { since: now, share };
    }
    return left;
  }

  /** An engine takes so many. */
  taken(size: number, now: number): void {
    const { wait } = this;
    if (wait === undefined) return;
    this.wait = undefined;
    const { fixedMs } = this.cost;
    // without the wait, all of the share would have shared two runs
    const paid = (now - wait.since + fixedMs) / size < (MOST_PAID * 2 * fixedMs) / wait.share;
    this.backoff = paid ? 0 : Math.min(2 * this.backoff || 1, MOST_SKIPPED);
    this.skips = this.backoff;
    // who did not come is not expected
    if (!paid) this.crowds.length = 0;
  }

  private mayPay(size: number): boolean {
    const { fixedMs, perRequestMs } = this.cost;
    return fixedMs >= LEAST_FIXED_MS && fixedMs >= LEAST_FIXED_SHARE * (fixedMs + perRequestMs * size);
  }
}
