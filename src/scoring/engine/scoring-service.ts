import { readFileSync } from 'fs';
import * as path from 'path';
import { Log } from '../log';
import { ServedModel } from '../model/model-layout';
import { Settings } from '../settings';
import { Engine, LoadedService, ScoreAnswer, ScoreRequest } from './engine';
import { Caller, EnginePool, PoolObserver } from './engine-pool';
import { EngineProcess } from './engine-process';
import { InlineScorer } from './inline-scorer';
import { ENGINE_ARGUMENT, EngineLoad, ModelToLoad } from './protocol';
import { ReaderEngine } from './reader-engine';
import { Admission, RequestQueue } from './request-queue';

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

/** What is known of a request before its body is read. */
export type RequestHead = Omit<ScoreRequest, 'body'>;

/** Python ends a run itself by an alarm: loading the model again would cost more than to wait for that. */
const PYTHON_GRACE_MS = 500;

/**
 * Scores requests where they cost least: cheap ones in this process, those that only cost something to read after a thread has
 * read them, all others in engine processes. Where models are cheap, threads and processes are started when they are first needed.
 */
export class ScoringService {
  private readonly engines: EnginePool;
  private inline?: InlineScorer;
  private readers?: EnginePool;
  private readonly starts = new Map<EnginePool, Promise<void>>();

  constructor(private readonly options: ScoringServiceOptions) {
    this.engines = this.createPool(() => this.startEngine());
  }

  /** As many fronts as requests may be scored at once, where each scores in its own process; else one, with as many engines. */
  get fronts(): number {
    return this.inline === undefined ? 1 : this.options.settings.limits.maxConcurrentRequests;
  }

  private get enginesEach(): number {
    return this.options.settings.limits.maxConcurrentRequests / this.fronts;
  }

  /** Resolves when the first request can be scored. @throws EngineStartError, ModelError */
  async start(): Promise<void> {
    const inline = await this.loadInline();
    this.inline = inline;
    if (inline === undefined) return this.started(this.engines);
    // a thread reads one request; how many are then scored together is not its matter
    this.readers = this.createPool(() => this.startReader(inline), 1);
    if (!inline.takesUsualRequests) await this.started(this.readers);
  }

  /** What is served, once it is started. */
  get service(): LoadedService {
    return this.inline?.service ?? this.engines.service;
  }

  get hasStarted(): boolean {
    return this.inline !== undefined || this.engines.started;
  }

  get ready(): boolean {
    return this.inline !== undefined || this.engines.ready;
  }

  /** Requests that wait for an engine. */
  get queueLength(): number {
    return this.pools.reduce((sum, { queue }) => sum + queue.length, 0);
  }

  /** Engine processes and threads that are alive. */
  get engineCount(): number {
    return this.pools.reduce((sum, pool) => sum + pool.engines, 0);
  }

  /** The most requests for a model that one run of an engine may score now; undefined where each has its own. */
  batchLimit(model: number): number | undefined {
    return this.engines.batchLimit(model);
  }

  /** Bytes of all bodies that are held, wherever they are scored. */
  get bodies(): Pick<RequestQueue<never>, 'hold' | 'release' | 'heldBytes'> {
    return this.engines.queue;
  }

  /** What a request would meet, before its body is read. */
  admission(request: RequestHead): Admission {
    if (!this.engines.queue.admitsBytes(request.bytes)) return 'too-many-bytes';
    return this.inline?.takes(request) ? 'accepted' : this.poolFor(request).admission(0);
  }

  /** @throws OverloadError, AbandonedError, EngineLostError, ScoringTimeoutError */
  score(request: ScoreRequest, caller: Caller): Promise<ScoreAnswer> {
    if (this.inline?.takes(request)) return this.inline.score(request);
    const pool = this.poolFor(request);
    return pool.started || this.inline === undefined ? pool.score(request, caller) : this.scoreFirst(pool, request, caller);
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.starts.values());
    await Promise.all(this.pools.map(pool => pool.stop()));
  }

  /** Ends everything now. */
  kill(): void {
    for (const pool of this.pools) pool.kill();
  }

  private get pools(): readonly EnginePool[] {
    return this.readers === undefined ? [this.engines] : [this.engines, this.readers];
  }

  private poolFor(request: RequestHead): EnginePool {
    return this.readers !== undefined && this.inline?.takesOnceRead(request) ? this.readers : this.engines;
  }

  private createPool(start: () => Promise<Engine>, maxBatch = this.options.settings.limits.maxBatch): EnginePool {
    const { settings, log, observer } = this.options;
    const { limits } = settings;
    return new EnginePool({ ...limits, maxBatch, engines: limits.maxConcurrentRequests, start, log, observer });
  }

  private async scoreFirst(pool: EnginePool, request: ScoreRequest, caller: Caller): Promise<ScoreAnswer> {
    await this.started(pool);
    return pool.score(request, caller);
  }

  /** Starts a pool once; again only where it failed. */
  private started(pool: EnginePool): Promise<void> {
    const known = this.starts.get(pool);
    if (known !== undefined) return known;
    const start = pool.start(this.enginesEach).catch((error: Error) => {
      this.starts.delete(pool);
      throw error;
    });
    this.starts.set(pool, start);
    return start;
  }

  private startReader({ models }: InlineScorer): Promise<Engine> {
    const { program, settings } = this.options;
    return ReaderEngine.start({ program, models, scoringTimeoutMs: settings.limits.scoringTimeoutMs });
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

  private modelsToLoad(): ModelToLoad[] {
    const { models, settings } = this.options;
    return models.map(({ name, version, file }) => ({
      name,
      version,
      file,
      sample: readSample(settings.samplesDir, name, version),
    }));
  }
}

/** Whether it scores is seen when it is tried. */
function readSample(folder: string | undefined, name: string, version: number | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    return readFileSync(path.join(folder, name, `${version}.json`), 'utf8');
  } catch {
    return undefined;
  }
}
