import { CpuBudget, INSTANT_MS } from './cpu-budget';

/** Requests from `first` on that an engine serves together. */
export interface Run {
  readonly first: number;
  readonly count: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

interface Running {
  readonly run: Run;
  readonly speed: number;
  remainingMs: number;
}

/** Engines that drain one CPU budget together: the more of them run, the sooner all of them stand still. */
export class SharedBudget {
  private readonly running: Running[] = [];
  private now = 0;
  private speed = 0;

  constructor(
    private readonly budget: CpuBudget,
    private readonly engines: number,
  ) {}

  get free(): number {
    return this.engines - this.running.length;
  }

  /** When something changes here by itself. */
  nextEvent(): number {
    const { budget, now } = this;
    if (this.running.length === 0) return Infinity;
    if (this.running.some(this.hasEnded)) return now;
    if (this.isThrottled()) return budget.boundary;
    const untilEmpty = this.speed > 0 ? budget.left / this.speed : Infinity;
    let step = Math.min(untilEmpty, budget.boundary - now);
    for (const { remainingMs } of this.running) step = Math.min(step, remainingMs);
    return now + step;
  }

  start(run: Run, at: number): void {
    this.advance(at);
    const wallMs = run.wallMs > 0 ? run.wallMs : run.cpuMs * 1e-6;
    this.running.push({ run, speed: wallMs > 0 ? run.cpuMs / wallMs : 0, remainingMs: wallMs });
    this.resume();
  }

  /** Moves on to `at`, no later than the next event, and returns the run that ended there, if one did. */
  end(at: number): Run | undefined {
    this.advance(at);
    const ended = this.running.findIndex(this.hasEnded);
    if (ended < 0) return undefined;
    const [{ run }] = this.running.splice(ended, 1);
    this.resume();
    return run;
  }

  private advance(at: number): void {
    const { budget } = this;
    const step = at - this.now;
    if (!this.isThrottled()) {
      for (const each of this.running) each.remainingMs -= step;
      budget.left -= step * this.speed;
    } else budget.countThrottled();
    this.now = at;
    budget.advance(at);
  }

  private isThrottled(): boolean {
    return this.speed > 0 && this.budget.left <= this.instant() * Math.max(1, this.speed);
  }

  private readonly hasEnded = ({ remainingMs }: Running): boolean => remainingMs <= this.instant();

  /** Adding less than this to the time may not change it, and then no event would ever come. */
  private instant(): number {
    return INSTANT_MS + 4 * Number.EPSILON * this.now;
  }

  private resume(): void {
    this.speed = this.running.reduce((total, each) => total + each.speed, 0);
  }
}
