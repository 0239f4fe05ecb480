import { Company } from './batch-company';
import { RunCost } from './batch-cost';
import { BatchLimit } from './batch-limit';

/** A request on its way through an engine. */
export interface Passing {
  /** When it came, by `performance.now()`. */
  readonly since: number;
  readonly bytes: number;
}

/** What is known of the requests for one model: who is there, what runs cost, how large a batch may be, who is waited for. */
export class ModelTraffic {
  /** Requests that wait for an engine. */
  waiting = 0;
  /** Requests that engines run. */
  running = 0;
  private readonly cost = new RunCost();
  private readonly company = new Company(this.cost);
  private readonly limit: BatchLimit;

  constructor(
    private readonly maxBatch: number,
    targetMs: number | undefined,
  ) {
    this.limit = new BatchLimit(maxBatch, targetMs);
  }

  /** The most that one run may take now. */
  get batchLimit(): number {
    return this.limit.current;
  }

  get present(): number {
    return this.waiting + this.running;
  }

  /** The most that one of so many engines may take: what is there, or about to be, is shared among them. */
  mostFor(engines: number): number {
    const crowd = Math.max(this.present, this.company.expected);
    return Math.max(1, Math.min(this.batchLimit, Math.ceil(crowd / engines)));
  }

  /** Milliseconds that a free engine, one of so many, should still wait for company. */
  waitMs(engines: number, now: number): number {
    return this.waiting >= this.batchLimit ? 0 : this.company.waitMs(this, engines, now);
  }

  /** What a run will take for certain; 0 where the cost of a request does not follow from its size. */
  leastMs(size: number, bytes: number, now: number): number {
    return this.maxBatch === 1 ? 0 : this.cost.leastMs(size, bytes, now);
  }

  /** So many have left the queue. */
  taken(size: number, now: number): void {
    this.company.taken(size, now);
    this.waiting -= size;
  }

  /** A run that began then, on an engine free since then, has been answered; its requests still count as running. */
  ran(batch: readonly Passing[], begin: number, freeSince: number): void {
    const end = performance.now();
    this.cost.observe(batch.length, end - begin, Math.min(...batch.map(({ bytes }) => bytes)), end);
    this.company.runEnded(this.present, end);
    this.limit.observe(batch.map(({ since }) => ({ totalMs: end - since, batchMs: end - Math.max(since, freeSince) })));
  }
}
