const { exp, floor, min } = Math;

/** Linux's bandwidth period, and what Docker, Kubernetes and ACI leave it at. */
export const CFS_PERIOD_MS = 100;

/** CPU that a server uses by itself, in bursts. */
export interface Lumps {
  readonly perSecond: number;
  /** Mean CPU milliseconds of each, on threads beside the engine. */
  readonly cpuMs: number;
}

/** When the lumps of one budget come, and how large they are. */
export interface LumpTimes {
  /** In units of their mean; their sizes are drawn from the same numbers. */
  readonly gaps: Float64Array;
  readonly meanGapMs: number;
  readonly cpuMs: number;
  /** Which of the gaps is the first. */
  readonly from: number;
}

/** Times closer than this are the same. */
export const INSTANT_MS = 1e-9;

const LONG_IDLE_MS = 10_000;

/**
 * A group's CPU budget: so much in every period of 100 ms, and nothing kept for the next. Whoever finds it empty stands still
 * until the next period.
 *
 * Source: kernel documentation, scheduler/sched-bwc. Its slices of 5 ms per processor, the 1 ms that a processor keeps, and the
 * scheduler's tick are left out: busy loops of 0.75, 3, 8 and 30 ms at 0.1, 0.2 and 0.5 cores, on one processor and passed
 * between two, were throttled in as many periods as this model says (11–16 of 88 for 10–17, 11–12 of 84 for 13, 3–5 of 52 for 4).
 */
export class CpuBudget {
  left: number;
  /** Periods in which somebody stood still. */
  throttled = 0;
  private periodEnd: number;
  private nextLump = Infinity;
  private lump: number;
  private owed = 0;
  private throttledIn = -1;

  constructor(
    private readonly perPeriod: number,
    /** Milliseconds. */
    start: number,
    /** How far its periods lag behind multiples of 100 ms, milliseconds below 100. */
    phase = 0,
    private readonly lumps?: LumpTimes,
  ) {
    this.left = perPeriod;
    this.periodEnd = phase + CFS_PERIOD_MS * (floor((start - phase) / CFS_PERIOD_MS) + 1);
    this.lump = lumps?.from ?? 0;
    if (lumps) this.nextLump = start + this.lumpGap(lumps);
  }

  /** Until when the budget changes only by what its engines use. */
  get boundary(): number {
    return min(this.periodEnd, this.nextLump);
  }

  /** When work of `cpuMs`, which takes `wallMs` if never stopped, ends if it starts at `start` and nothing else runs. */
  serve(start: number, cpuMs: number, wallMs: number): number {
    let remaining = wallMs > 0 ? wallMs : cpuMs * 1e-6;
    // what waits without using CPU cannot be stopped; what uses CPU drains the budget at this speed
    const speed = remaining > 0 ? cpuMs / remaining : 0;
    let now = start;
    this.advance(now);
    while (remaining > INSTANT_MS) {
      if (this.left <= INSTANT_MS && speed > 0) {
        now = this.standStill();
        continue;
      }
      const untilEmpty = speed > 0 ? this.left / speed : Infinity;
      const step = min(remaining, untilEmpty, this.boundary - now);
      now += step;
      remaining -= step;
      this.left -= step * speed;
      this.advance(now);
    }
    return now;
  }

  /** Throttled: moves on to the next period, and returns when that is. */
  standStill(): number {
    this.countThrottled();
    const next = this.periodEnd;
    this.advance(next);
    return next;
  }

  /** New periods and lumps up to `now`. */
  advance(now: number): void {
    // what long-idle budgets paid for is forgotten in the next period
    if (now - this.nextLump > LONG_IDLE_MS) this.nextLump = now - LONG_IDLE_MS;
    while (now >= this.boundary - INSTANT_MS) {
      if (this.nextLump < this.periodEnd) this.startLump();
      else this.refill(now);
      this.payLumps();
    }
  }

  private startLump(): void {
    if (!this.lumps) return;
    this.owed += this.lumpSize(this.lumps);
    this.nextLump += this.lumpGap(this.lumps);
  }

  private refill(now: number): void {
    // nothing happens in the periods in between where nothing is owed
    const until = this.owed > 0 ? this.periodEnd : min(now, this.nextLump);
    this.periodEnd += (floor((until - this.periodEnd + INSTANT_MS) / CFS_PERIOD_MS) + 1) * CFS_PERIOD_MS;
    this.left = this.perPeriod;
  }

  /** Lumps run on processors of their own, so they take what is left at once. */
  private payLumps(): void {
    if (this.owed === 0) return;
    const paid = min(this.left, this.owed);
    this.left -= paid;
    this.owed -= paid;
    if (this.owed > 0) this.countThrottled();
  }

  countThrottled(): void {
    if (this.throttledIn === this.periodEnd) return;
    this.throttledIn = this.periodEnd;
    this.throttled++;
  }

  /** Evenly spread from 0.4 to 1.6 of the mean: 4 to 16 ms were seen. */
  private lumpSize({ gaps, cpuMs }: LumpTimes): number {
    // half a cycle away, so that a lump's size says nothing of the gap before it; e^-x of an exponential x is uniform
    const share = exp(-gaps[(this.lump + (gaps.length >> 1)) % gaps.length]);
    return cpuMs * (0.4 + 1.2 * share);
  }

  private lumpGap({ gaps, meanGapMs }: LumpTimes): number {
    return gaps[this.lump++ % gaps.length] * meanGapMs;
  }
}
