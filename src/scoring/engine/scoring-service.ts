import * as path from 'path';
import { Log } from '../log';
import { ServedModel } from '../model/model-layout';
import { Settings } from '../settings';
import { Engine, LoadedService, ScoreAnswer, ScoreRequest } from './engine';
import { Caller, EnginePool, PoolObserver } from './engine-pool';
import { EngineProcess } from './engine-process';
import { InlineScorer } from './inline-scorer';
import { ENGINE_ARGUMENT, EngineLoad } from './protocol';
import { Admission } from './request-queue';

/** What the service is made of. */
export interface ScoringServiceOptions {
  readonly settings: Settings;
  readonly models: readonly ServedModel[];
  /** The bundle that engines are started from. */
  readonly program: string;
  readonly log: Log;
  readonly observer?: PoolObserver;
  readonly collect?: (model: string, designation: string, data: Buffer) => void;
}

/** Python ends a run itself by an alarm: loading the model again would cost more than to wait for that. */
const PYTHON_GRACE_MS = 500;

/**
 * Scores requests where they cost least: cheap ones in this process, all others in engine processes. Where all usual requests
 * are cheap, engines are started when the first other one comes.
 */
export class ScoringService {
  readonly pool: EnginePool;
  private inline?: InlineScorer;
  private poolStart?: Promise<void>;

  constructor(private readonly options: ScoringServiceOptions) {
    const { limits } = options.settings;
    this.pool = new EnginePool({
      engines: limits.maxConcurrentRequests,
      start: () => this.startEngine(),
      maxQueuedRequests: limits.maxQueuedRequests,
      maxHeldBytes: limits.maxHeldBytes,
      maxQueueWaitMs: limits.maxQueueWaitMs,
      maxBatch: limits.maxBatch,
      batchDelayMs: limits.batchDelayMs,
      log: options.log,
      observer: options.observer,
    });
  }

  /** Resolves when the first request can be scored. @throws EngineStartError, ModelError */
  async start(): Promise<void> {
    this.inline = await this.loadInline();
    if (this.inline?.takesUsualRequests !== true) await this.startPool();
  }

  /** What is served, once it is started. */
  get service(): LoadedService {
    return this.inline?.service ?? this.pool.service;
  }

  get started(): boolean {
    return this.inline !== undefined || this.pool.started;
  }

  get ready(): boolean {
    return this.inline !== undefined || this.pool.ready;
  }

  /** What a request would meet, before its body is read. */
  admission(request: Pick<ScoreRequest, 'model' | 'bytes' | 'headers'>): Admission {
    if (this.inline?.takes(request)) return this.pool.queue.admitsBytes(request.bytes) ? 'accepted' : 'too-many-bytes';
    return this.pool.admission(request.bytes);
  }

  /** @throws OverloadError, AbandonedError, EngineLostError, ScoringTimeoutError */
  score(request: ScoreRequest, caller: Caller): Promise<ScoreAnswer> {
    if (this.inline?.takes(request)) return this.inline.score(request);
    return this.pool.started || this.inline === undefined ? this.pool.score(request, caller) : this.scoreFirst(request, caller);
  }

  async stop(): Promise<void> {
    await this.poolStart?.catch(() => undefined);
    await this.pool.stop();
  }

  kill(): void {
    this.pool.kill();
  }

  private async scoreFirst(request: ScoreRequest, caller: Caller): Promise<ScoreAnswer> {
    await this.startPool();
    return this.pool.score(request, caller);
  }

  /** Once; again only where it failed. */
  private startPool(): Promise<void> {
    return (this.poolStart ??= this.pool.start().catch((error: Error) => {
      this.poolStart = undefined;
      throw error;
    }));
  }

  private async loadInline(): Promise<InlineScorer | undefined> {
    const { settings, observer } = this.options;
    if (!settings.inline || settings.runtime.kind !== 'onnx') return undefined;
    const inline = await InlineScorer.load(this.modelsToLoad(), settings.session, settings.limits.maxBatch, observer);
    if (inline !== undefined)
      this.options.log.info('scoring-inline', { runMs: inline.service.models.map(({ cost }) => `${cost?.runMs.toFixed(3)}`) });
    return inline;
  }

  private startEngine(): Promise<Engine> {
    const { settings, program, log, collect } = this.options;
    const { runtime, limits } = settings;
    const command: readonly [string, ...string[]] =
      runtime.kind === 'python'
        ? [runtime.python, path.join(path.dirname(program), 'python', 'engine.py')]
        : [process.execPath, ...process.execArgv, program, ENGINE_ARGUMENT];
    return EngineProcess.start({
      command,
      load: this.engineLoad(),
      scoringTimeoutMs: limits.scoringTimeoutMs,
      killGraceMs: runtime.kind === 'python' ? PYTHON_GRACE_MS : 0,
      log,
      collect,
    });
  }

  private engineLoad(): EngineLoad {
    const { runtime, session, modelDir } = this.options.settings;
    if (runtime.kind === 'onnx') return { runtime: 'onnx', models: this.modelsToLoad(), session };
    return { runtime: runtime.kind, script: runtime.script, appRoot: runtime.appRoot, modelDir };
  }

  private modelsToLoad() {
    return this.options.models.map(({ name, version, file }) => ({ name, version, file }));
  }
}
