/** What a test's time runs on: no waiting, and fractions of a millisecond. */
interface Event {
  readonly at: number;
  readonly happens: () => void;
}

/** Promises that may follow one another at one moment, such as the answers of a batch of 32. */
const SETTLING_TURNS = 100;

/**
 * Time that passes only as it is told to, for code that asks `performance.now`, `setTimeout` and `clearTimeout`. Timers count whole
 * milliseconds, as those of Node.js do.
 */
export class VirtualTime {
  now = 0;
  private readonly events: Event[] = [];

  /** Until `jest.restoreAllMocks`. */
  install(): this {
    jest.spyOn(performance, 'now').mockImplementation(() => this.now);
    jest
      .spyOn(globalThis, 'setTimeout')
      .mockImplementation(((happens: () => void, ms = 0) =>
        this.after(Math.max(1, Math.ceil(ms)), happens)) as unknown as typeof setTimeout);
    jest.spyOn(globalThis, 'clearTimeout').mockImplementation(event => {
      const index = this.events.indexOf(event as unknown as Event);
      if (index >= 0) this.events.splice(index, 1);
    });
    return this;
  }

  after(ms: number, happens: () => void): Event {
    const event = { at: this.now + ms, happens };
    this.events.push(event);
    return event;
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    for (let next = this.next(end); next !== undefined; next = this.next(end)) {
      this.now = next.at;
      next.happens();
      await settle();
    }
    this.now = end;
  }

  private next(end: number): Event | undefined {
    const due = this.events.filter(({ at }) => at <= end);
    if (due.length === 0) return undefined;
    // of those at one moment, the first that was set
    const next = due.reduce((first, event) => (event.at < first.at ? event : first));
    this.events.splice(this.events.indexOf(next), 1);
    return next;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++) await Promise.resolve();
}
