import { EventEmitter } from 'events';
import { Log } from '../log';
import { Engine, EngineLostError, LoadedService, ScoreAnswer, ScoreRequest } from './engine';
import { Admission, RequestQueue } from './request-queue';

/** How a pool keeps its engines. */
export interface EnginePoolOptions {
  readonly engines: number;
  readonly start: () => Promise<Engine>;
  readonly maxQueuedRequests: number;
  readonly maxHeldBytes: number;
  readonly maxQueueWaitMs: number;
  /** Waiting requests that an engine takes at a time, where their model is batchable. */
  readonly maxBatch: number;
  /** How long a free engine waits for a batch to fill. */
  readonly batchDelayMs: number;
  readonly log: Log;
  readonly observer?: PoolObserver;
}

/** Who counts what the pool does. */
export interface PoolObserver {
  queued(waitSeconds: number): void;
  batch(size: number, seconds: number): void;
  engineRestarted(): void;
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

/** A request in the queue. */
interface Waiting {
  readonly request: ScoreRequest;
  readonly since: number;
  readonly bytes: number;
  /** No longer waiting: an engine has it. */
  readonly taken: () => void;
  readonly resolve: (answer: ScoreAnswer) => void;
  readonly reject: (error: Error) => void;
}

const FIRST_RESTART_DELAY_MS = 100;
const LAST_RESTART_DELAY_MS = 10_000;

/**
 * Engines that score one batch each, the requests that wait for them, and new engines for those that are lost.
 *
 * Batching is greedy: an engine that becomes free takes what waits, and nobody waits for company unless told to.
 */
export class EnginePool {
  readonly queue: RequestQueue<Waiting>;
  service: LoadedService = { models: [] };

  private readonly idle: Engine[] = [];
  private readonly alive = new Set<Engine>();
  /** Starts in a row that led to no answer; each doubles the pause before the next. */
  private failures = 0;
  started = false;
  private stopping = false;
  private fillTimer?: NodeJS.Timeout;
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
    // another try is allowed
    this.stopping = false;
    throw failed.reason;
  }

  /** Whether any engine could score now, or as soon as it is free. */
  get ready(): boolean {
    return this.alive.size > 0 && !this.stopping;
  }

  get engines(): number {
    return this.alive.size;
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
  score(request: ScoreRequest, caller: Caller): Promise<ScoreAnswer> {
    if (!this.started || this.stopping) return Promise.reject(new OverloadError('no-engine'));
    return new Promise((resolve, reject) => {
      const waiting = this.waiting(request, caller, resolve, reject);
      const admission = this.idle.length > 0 ? this.queue.offerAtOnce(waiting) : this.queue.offer(waiting);
      if (admission === 'accepted') this.dispatch();
      else {
        waiting.taken();
        reject(new OverloadError(admission));
      }
    });
  }

  /** Ends all engines; those that score are ended too, so drain first. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const timer of this.restarts) clearTimeout(timer);
    clearTimeout(this.fillTimer);
    this.failWaiting();
    await Promise.all([...this.alive].map(engine => engine.stop()));
  }

  /** Ends all engines now. */
  kill(): void {
    this.stopping = true;
    for (const engine of this.alive) engine.kill();
  }

  private waiting(
    request: ScoreRequest,
    caller: Caller,
    resolve: (answer: ScoreAnswer) => void,
    reject: (error: Error) => void,
  ): Waiting {
    const taken = (): void => {
      clearTimeout(timer);
      caller.off('close', abandon);
    };
    const waiting = { request, bytes: request.bytes, since: performance.now(), taken, resolve, reject };
    const drop = (error: Error): void => {
      if (!this.queue.withdraw(waiting)) return;
      taken();
      reject(error);
    };
    const abandon = (): void => drop(new AbandonedError());
    const timer = setTimeout(() => drop(new OverloadError('waited-too-long')), this.options.maxQueueWaitMs);
    caller.once('close', abandon);
    return waiting;
  }

  /** Gives what waits to engines that are free. */
  private dispatch(): void {
    while (this.idle.length > 0 && this.queue.length > 0 && !this.waitsForCompany()) {
      void this.run(this.idle.pop() as Engine, this.nextBatch());
    }
  }

  /** Only where a delay is asked for: the queue is given that time, from its first request, to fill a batch. */
  private waitsForCompany(): boolean {
    const { batchDelayMs, maxBatch } = this.options;
    const first = this.queue.first;
    if (batchDelayMs === 0 || first === undefined || !this.isBatchable(first) || this.queue.length >= maxBatch) return false;
    const left = first.since + batchDelayMs - performance.now();
    if (left <= 0) return false;
    this.fillTimer ??= setTimeout(() => {
      this.fillTimer = undefined;
      this.dispatch();
    }, Math.ceil(left));
    return true;
  }

  private isBatchable({ request }: Waiting): boolean {
    return this.options.maxBatch > 1 && this.service.models[request.model]?.batchable === true;
  }

  /** The request that has waited longest, with others of its model. */
  private nextBatch(): Waiting[] {
    const first = this.queue.take() as Waiting;
    if (!this.isBatchable(first)) return [first];
    const { model } = first.request;
    return [first, ...this.queue.takeWhere(other => other.request.model === model, this.options.maxBatch - 1)];
  }

  /** Never rejects: the requests do. */
  private async run(engine: Engine, batch: readonly Waiting[]): Promise<void> {
    const { observer } = this.options;
    const begin = performance.now();
    for (const { since, taken } of batch) {
      taken();
      observer?.queued((begin - since) / 1000);
    }
    try {
      const answers = await engine.score(batch.map(({ request }) => request));
      this.failures = 0;
      batch.forEach(({ resolve }, index) => resolve(answers[index]));
      await answers[0].released;
      observer?.batch(batch.length, (performance.now() - begin) / 1000);
      if (answers.some(({ spent }) => spent)) this.discard(engine);
      else this.free(engine);
    } catch (error) {
      this.discard(engine);
      if (batch.length > 1 && error instanceof EngineLostError) this.scoreSingly(batch);
      else for (const { reject } of batch) reject(error as Error);
    }
  }

  /** One of them may have ended the engine: the others must not suffer for it. They are past their wait and go first. */
  private scoreSingly(batch: readonly Waiting[]): void {
    void batch.reduce<Promise<void>>(async (before, waiting) => {
      await before;
      const engine = await this.nextEngine();
      if (engine === undefined) waiting.reject(new OverloadError('no-engine'));
      else await this.run(engine, [waiting]);
    }, Promise.resolve());
  }

  private nextEngine(): Promise<Engine | undefined> {
    if (this.stopping) return Promise.resolve(undefined);
    const engine = this.idle.pop();
    if (engine !== undefined) return Promise.resolve(engine);
    return new Promise(resolve => this.claims.push(resolve));
  }

  private readonly claims: Array<(engine: Engine | undefined) => void> = [];

  /** Nobody else is given to it; once it is gone it is replaced. */
  private discard(engine: Engine): void {
    this.alive.delete(engine);
    engine.kill();
  }

  private free(engine: Engine): void {
    if (!this.alive.has(engine)) return;
    const claim = this.claims.shift();
    if (claim !== undefined) return claim(engine);
    this.idle.push(engine);
    this.dispatch();
  }

  private async startEngine(): Promise<void> {
    const engine = await this.options.start();
    if (this.stopping) return engine.stop();
    this.alive.add(engine);
    this.service = engine.service;
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
        () => {
          this.options.observer?.engineRestarted();
          this.options.log.info('engine-restarted', { engines: this.alive.size });
        },
        (error: Error) => {
          this.options.log.error('engine-start-failed', { message: error.message });
          if (!this.stopping) this.restart();
        },
      );
    }, delay);
    this.restarts.add(timer);
  }

  private failWaiting(): void {
    for (const claim of this.claims.splice(0)) claim(undefined);
    for (let next = this.queue.take(); next !== undefined; next = this.queue.take()) {
      next.taken();
      next.reject(new OverloadError('no-engine'));
    }
  }
}
