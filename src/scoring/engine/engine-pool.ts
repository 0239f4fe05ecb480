import { EventEmitter } from 'events';
import { Log } from '../log';
import { Engine, LoadedModel, ScoreJob, ScoreResult } from './engine';
import { Admission, Pending, RequestQueue } from './request-queue';

/** How a pool keeps its engines. */
export interface EnginePoolOptions {
  readonly engines: number;
  readonly start: () => Promise<Engine>;
  readonly maxQueuedRequests: number;
  readonly maxHeldBytes: number;
  readonly maxQueueWaitMs: number;
  readonly log: Log;
}

/** The request was not scored, and trying again later may help. */
export class OverloadError extends Error {
  constructor(public readonly reason: Exclude<Admission, 'accepted'> | 'waited-too-long' | 'no-engine') {
    super(reason);
  }
}

/** The caller has gone; nobody waits for the answer. */
export class AbandonedError extends Error {}

/** Who waits for the answer: emits `close` on leaving. */
export type Caller = Pick<EventEmitter, 'once' | 'off'>;

interface WaitingJob extends Pending {
  readonly run: (engine: Engine) => void;
  readonly fail: (error: Error) => void;
}

const FIRST_RESTART_DELAY_MS = 100;
const LAST_RESTART_DELAY_MS = 10_000;

/** Engines that score one request each, the requests that wait for them, and new engines for those that are lost. */
export class EnginePool {
  readonly queue: RequestQueue<WaitingJob>;
  models: readonly LoadedModel[] = [];

  private readonly idle: Engine[] = [];
  private readonly alive = new Set<Engine>();
  /** Starts in a row that led to no answer; each doubles the pause before the next. */
  private failures = 0;
  started = false;
  private stopping = false;
  private readonly restarts = new Set<NodeJS.Timeout>();

  constructor(private readonly options: EnginePoolOptions) {
    this.queue = new RequestQueue({ requests: options.maxQueuedRequests, bytes: options.maxHeldBytes });
  }

  /** Starts all engines. @throws the first one's reason, with none left running. */
  async start(): Promise<void> {
    const starts = await Promise.allSettled(Array.from({ length: this.options.engines }, () => this.startEngine()));
    const failed = starts.find(start => start.status === 'rejected');
    this.started = failed === undefined;
    if (failed === undefined) return;
    await this.stop();
    throw failed.reason;
  }

  /** Whether any engine could score now, or as soon as it is free. */
  get ready(): boolean {
    return this.alive.size > 0 && !this.stopping;
  }

  /** What a request of that size would meet, before it is read. */
  admission(bytes: number): Admission {
    if (this.idle.length === 0) return this.queue.admission(bytes);
    return this.queue.admitsBytes(bytes) ? 'accepted' : 'too-many-bytes';
  }

  /**
   * Scores on the first engine that is free. While a lost engine is being replaced, requests wait as for a busy one.
   *
   * @throws OverloadError if the queue is full, the wait is over or the pool has not started or stops; AbandonedError if the
   * caller leaves while it waits; what `Engine.score` throws.
   */
  async score(job: ScoreJob, caller: Caller): Promise<ScoreResult> {
    if (!this.started || this.stopping) throw new OverloadError('no-engine');
    const engine = this.idle.pop() ?? (await this.wait(job, caller));
    try {
      const result = await engine.score(job);
      this.failures = 0;
      if (result.spent) this.discard(engine);
      else this.free(engine);
      return result;
    } catch (error) {
      this.discard(engine);
      throw error;
    }
  }

  /** Ends all engines; those that score are ended too, so drain first. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const timer of this.restarts) clearTimeout(timer);
    this.failWaiting();
    await Promise.all([...this.alive].map(engine => engine.stop()));
  }

  /** Ends all engines now. */
  kill(): void {
    this.stopping = true;
    for (const engine of this.alive) engine.kill();
  }

  private wait(job: ScoreJob, caller: Caller): Promise<Engine> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        caller.off('close', abandon);
      };
      const waiting: WaitingJob = {
        bytes: job.bytes,
        run: engine => (settle(), resolve(engine)),
        fail: error => (settle(), reject(error)),
      };
      const drop = (error: Error): void => {
        if (this.queue.withdraw(waiting)) waiting.fail(error);
      };
      const abandon = (): void => drop(new AbandonedError());
      const timer = setTimeout(() => drop(new OverloadError('waited-too-long')), this.options.maxQueueWaitMs);
      caller.once('close', abandon);
      const admission = this.queue.offer(waiting);
      if (admission !== 'accepted') waiting.fail(new OverloadError(admission));
    });
  }

  /** Nobody else is given to it; once it is gone it is replaced. */
  private discard(engine: Engine): void {
    this.alive.delete(engine);
    engine.kill();
  }

  private free(engine: Engine): void {
    if (!this.alive.has(engine)) return;
    const next = this.queue.take();
    if (next === undefined) this.idle.push(engine);
    else next.run(engine);
  }

  private async startEngine(): Promise<void> {
    const engine = await this.options.start();
    if (this.stopping) return engine.stop();
    this.alive.add(engine);
    this.models = engine.models;
    void engine.gone.then(() => this.replace(engine));
    this.free(engine);
  }

  private replace(lost: Engine): void {
    this.alive.delete(lost);
    const index = this.idle.indexOf(lost);
    if (index >= 0) this.idle.splice(index, 1);
    if (this.stopping) return;
    this.options.log.error('engine-lost', { engines: this.alive.size });
    this.restart();
  }

  private restart(): void {
    // the first replacement comes at once: a request that took too long says nothing about the next
    const delay = this.failures === 0 ? 0 : Math.min(FIRST_RESTART_DELAY_MS * 2 ** (this.failures - 1), LAST_RESTART_DELAY_MS);
    this.failures++;
    const timer = setTimeout(() => {
      this.restarts.delete(timer);
      this.startEngine().then(
        () => this.options.log.info('engine-restarted', { engines: this.alive.size }),
        (error: Error) => {
          this.options.log.error('engine-start-failed', { message: error.message });
          if (!this.stopping) this.restart();
        },
      );
    }, delay);
    this.restarts.add(timer);
  }

  private failWaiting(): void {
    for (let next = this.queue.take(); next !== undefined; next = this.queue.take()) next.fail(new OverloadError('no-engine'));
  }
}
