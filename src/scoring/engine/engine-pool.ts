import { EventEmitter } from 'events';
import { Log } from '../log';
import { Deadline, TimedRequest } from './deadline';
import { Engine, EngineLostError, LoadedService, ScoreAnswer, ScoringTimeoutError } from './engine';
import { ModelTraffic } from './model-traffic';
import { Admission, RequestQueue } from './request-queue';
import { Restarts } from './restarts';
import { settleInTurns } from './settle-in-turns';

/** How a pool keeps its engines. */
export interface EnginePoolOptions {
  readonly engines: number;
  readonly start: () => Promise<Engine>;
  readonly maxQueuedRequests: number;
  readonly maxHeldBytes: number;
  readonly maxQueueWaitMs: number;
  /** Waiting requests that an engine takes at a time, where their model is batchable. */
  readonly maxBatch: number;
  /** How long a free engine waits for a batch to fill; 0: as long as it pays. */
  readonly batchDelayMs: number;
  /** What 95 of 100 requests may take, wait and run; batches are made smaller where they take more. Absent: not watched. */
  readonly batchTargetMs?: number;
  /** Within which every run ends. */
  readonly scoringTimeoutMs: number;
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
  readonly request: TimedRequest;
  readonly since: number;
  readonly bytes: number;
  /** Absent where the server's own timeout ends before. */
  readonly deadline?: Deadline;
  /** No longer waiting: an engine has it. */
  readonly taken: () => void;
  /** Nobody waits for the answer any more. */
  settled: boolean;
  readonly resolve: (answer: ScoreAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Engines that score one batch each, the requests that wait for them, and new engines for those that are lost.
 *
 * An engine that becomes free takes what waits, but for a moment in which more is about to come and saves more than it costs; several
 * engines share what is there.
 */
export class EnginePool {
  readonly queue: RequestQueue<Waiting>;
  service: LoadedService = { models: [] };

  private readonly idle: Engine[] = [];
  /** Since when one of them, at least, has been. */
  private idleSince = 0;
  /** By model. */
  private readonly traffic: ModelTraffic[] = [];
  private readonly alive = new Set<Engine>();
  started = false;
  private stopping = false;
  private fillTimer?: NodeJS.Timeout;
  private readonly restarts = new Restarts();

  constructor(private readonly options: EnginePoolOptions) {
    this.queue = new RequestQueue({ requests: options.maxQueuedRequests, bytes: options.maxHeldBytes });
  }

  /** Starts all engines. @throws the first one's reason, with none left running. */
  async start(engines = this.options.engines): Promise<void> {
    const starts = await Promise.allSettled(Array.from({ length: engines }, () => this.startEngine()));
    const failed = starts.find(start => start.status === 'rejected');
    this.started = failed === undefined;
    if (failed === undefined) return;
    await this.stop();
    // another try is allowed
    this.stopping = false;
    throw failed.reason;
  }

  /** Whether a request would be taken: all engines have started once, and any of them could score now, or as soon as it is free. */
  get ready(): boolean {
    return this.started && this.alive.size > 0 && !this.stopping;
  }

  get engines(): number {
    return this.alive.size;
  }

  /** The most requests for a model that one run may score now; undefined where each has its own. */
  batchLimit(model: number): number | undefined {
    return this.isBatchable(model) ? (this.traffic[model]?.batchLimit ?? this.options.maxBatch) : undefined;
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
   * caller leaves while it waits; ScoringTimeoutError at its deadline, or before where it cannot be kept; what `Engine.score`
   * throws.
   */
  score(request: TimedRequest, caller: Caller): Promise<ScoreAnswer> {
    if (!this.started || this.stopping) return Promise.reject(new OverloadError('no-engine'));
    return new Promise((resolve, reject) => {
      const waiting = this.waiting(request, caller, resolve, reject);
      if (this.isTooLate(waiting, 1, waiting.since)) return this.turnAway(waiting);
      const admission = this.idle.length > 0 ? this.queue.offerAtOnce(waiting) : this.queue.offer(waiting);
      if (admission === 'accepted') {
        this.trafficOf(waiting).waiting++;
        this.dispatch();
      } else {
        waiting.taken();
        waiting.reject(new OverloadError(admission));
      }
    });
  }

  /** Ends all engines; those that score are ended too, so drain first. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.restarts.cancel();
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
    request: TimedRequest,
    caller: Caller,
    resolve: (answer: ScoreAnswer) => void,
    reject: (error: Error) => void,
  ): Waiting {
    const deadline = this.deadlineOf(request);
    const settle =
      <T>(settler: (value: T) => void) =>
      (value: T) => {
        waiting.settled = true;
        clearTimeout(expiry);
        settler(value);
      };
    const taken = (): void => {
      clearTimeout(timer);
      caller.off('close', abandon);
    };
    const waiting: Waiting = {
      ...{ request, bytes: request.bytes, since: performance.now(), deadline, taken, settled: false },
      ...{ resolve: settle(resolve), reject: settle(reject) },
    };
    const drop = (error: Error): void => {
      if (!this.queue.withdraw(waiting)) return;
      this.trafficOf(waiting).waiting--;
      taken();
      waiting.reject(error);
    };
    const abandon = (): void => drop(new AbandonedError());
    const timer = setTimeout(() => drop(new OverloadError('waited-too-long')), this.options.maxQueueWaitMs);
    const expiry = deadline && setTimeout(() => this.expire(waiting, drop, deadline), deadline.at - waiting.since);
    caller.once('close', abandon);
    return waiting;
  }

  /** The server's own timeout, which ends the engine as well, is not this one's matter. */
  private deadlineOf({ deadline }: TimedRequest): Deadline | undefined {
    return deadline !== undefined && deadline.ms < this.options.scoringTimeoutMs ? deadline : undefined;
  }

  /** Whoever asked waits no longer; an engine that runs it goes on, since to load its models again would take from others. */
  private expire(waiting: Waiting, drop: (error: Error) => void, { ms }: Deadline): void {
    const error = new ScoringTimeoutError(ms);
    drop(error);
    if (!waiting.settled) waiting.reject(error);
  }

  /** Whether it would miss its deadline in a run of that size that began now. */
  private isTooLate(waiting: Waiting, size: number, now: number): boolean {
    const { deadline, bytes } = waiting;
    return deadline !== undefined && now + this.trafficOf(waiting).leastMs(size, bytes, now) >= deadline.at;
  }

  /** Answers in place of an engine: it would work for nobody. */
  private turnAway(waiting: Waiting): void {
    waiting.taken();
    waiting.reject(new ScoringTimeoutError((waiting.deadline as Deadline).ms));
  }

  /** Gives what waits to engines that are free. */
  private dispatch(): void {
    while (this.idle.length > 0 && this.queue.length > 0 && !this.waitsForCompany()) {
      const batch = this.nextBatch();
      if (batch.length > 0) void this.run(this.idle.pop() as Engine, batch);
    }
  }

  /** Whether a free engine should leave the queue alone for a moment, in which a batch may fill. */
  private waitsForCompany(): boolean {
    const first = this.queue.first as Waiting;
    if (!this.isBatchable(first.request.model)) return false;
    const left = this.options.batchDelayMs > 0 ? this.delayLeft(first) : this.companyLeft(first);
    if (left <= 0) return false;
    this.fillTimer ??= setTimeout(() => {
      this.fillTimer = undefined;
      this.dispatch();
    }, Math.ceil(left));
    return true;
  }

  /** The queue is given the time that was asked for, from its first request, but none once a run could take no more. */
  private delayLeft(first: Waiting): number {
    if (this.queue.length >= this.trafficOf(first).batchLimit) return 0;
    return first.since + this.options.batchDelayMs - performance.now();
  }

  private companyLeft(first: Waiting): number {
    const traffic = this.trafficOf(first);
    // requests for other models are not held up
    if (this.queue.length > traffic.waiting) return 0;
    return traffic.waitMs(this.alive.size, performance.now());
  }

  private isBatchable(model: number): boolean {
    return this.options.maxBatch > 1 && this.service.models[model]?.batchable === true;
  }

  private trafficOf({ request: { model } }: Waiting): ModelTraffic {
    const { maxBatch, batchTargetMs } = this.options;
    return (this.traffic[model] ??= new ModelTraffic(this.isBatchable(model) ? maxBatch : 1, batchTargetMs));
  }

  /** The request that has waited longest, with others of its model; none that an answer would reach too late. */
  private nextBatch(): Waiting[] {
    const first = this.queue.first as Waiting;
    const traffic = this.trafficOf(first);
    const { model } = first.request;
    const taken = this.queue.takeWhere(other => other.request.model === model, traffic.mostFor(this.alive.size));
    const now = performance.now();
    traffic.taken(taken.length, now);
    const late = taken.filter(waiting => this.isTooLate(waiting, taken.length, now));
    for (const waiting of late) this.turnAway(waiting);
    return late.length === 0 ? taken : taken.filter(waiting => !late.includes(waiting));
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
      const answers = await this.scoreOn(engine, batch, begin);
      this.restarts.worked();
      const { released } = answers[0];
      if (released === undefined) this.ran(engine, batch, answers, begin);
      await settleInTurns(batch, answers);
      if (released === undefined) return;
      await released;
      this.ran(engine, batch, answers, begin);
    } catch (error) {
      this.discard(engine);
      if (batch.length > 1 && error instanceof EngineLostError) this.scoreSingly(batch);
      else for (const { reject } of batch) reject(error as Error);
    }
  }

  /** They count as running until they are answered, whichever way it ends. */
  private async scoreOn(engine: Engine, batch: readonly Waiting[], begin: number): Promise<readonly ScoreAnswer[]> {
    const traffic = this.trafficOf(batch[0]);
    const freeSince = this.idleSince;
    traffic.running += batch.length;
    try {
      const answers = await engine.score(batch.map(({ request }) => request));
      traffic.ran(batch, begin, freeSince);
      return answers;
    } finally {
      traffic.running -= batch.length;
    }
  }

  /** The engine gets its next requests before these answers are written. */
  private ran(engine: Engine, batch: readonly Waiting[], answers: readonly ScoreAnswer[], begin: number): void {
    this.options.observer?.batch(batch.length, (performance.now() - begin) / 1000);
    if (answers.some(({ spent }) => spent)) this.discard(engine);
    else this.free(engine);
  }

  /** One of them may have ended the engine: the others must not suffer for it. They are past their wait and go first. */
  private scoreSingly(batch: readonly Waiting[]): void {
    void batch.reduce<Promise<void>>(async (before, waiting) => {
      await before;
      if (waiting.settled) return;
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
    if (this.idle.length === 0) this.idleSince = performance.now();
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
    this.restarts.schedule(() => {
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
    });
  }

  private failWaiting(): void {
    for (const claim of this.claims.splice(0)) claim(undefined);
    for (let next = this.queue.take(); next !== undefined; next = this.queue.take()) {
      next.taken();
      this.trafficOf(next).waiting--;
      next.reject(new OverloadError('no-engine'));
    }
  }
}
