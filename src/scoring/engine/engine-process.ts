import { ChildProcess, spawn } from 'child_process';
import { createInterface } from 'readline';
import { Duplex, Readable } from 'stream';
import { ENV } from '../../core/server-contract';
import { Log } from '../log';
import { SessionSettings } from '../settings';
import { Engine, EngineLostError, EngineStartError, LoadedModel, ScoreJob, ScoreResult, ScoringTimeoutError } from './engine';
import { Frame, FrameReader, writeFrame } from './frames';
import { ENGINE_ARGUMENT, ENGINE_PIPE, FromEngine, ToEngine } from './protocol';

/** What an engine process is started with. */
export interface EngineProcessOptions {
  /** The bundle to run, which turns into an engine by its argument. */
  readonly program: string;
  readonly files: readonly string[];
  readonly session: SessionSettings;
  readonly scoringTimeoutMs: number;
  readonly log: Log;
}

/** An engine that is asked to end and does not is ended after this long. */
const STOP_GRACE_MS = 2_000;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An engine in a process of its own: ONNX Runtime's `run` blocks its thread, cannot be cancelled, and must not be interrupted by
 * ending a worker thread (that aborts the process). A process can be killed.
 */
export class EngineProcess implements Engine {
  /** Starts the process and resolves once its models are loaded and warm. @throws EngineStartError */
  static async start(options: EngineProcessOptions): Promise<EngineProcess> {
    const engine = new EngineProcess(options);
    try {
      engine.models = await engine.loaded;
      options.log.info('engine-ready', { engine: engine.pid });
      return engine;
    } catch (error) {
      engine.kill();
      throw error;
    }
  }

  models: readonly LoadedModel[] = [];
  readonly gone: Promise<void>;

  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly loaded: Promise<readonly LoadedModel[]>;
  private loading?: Waiting<readonly LoadedModel[]>;
  private scoring?: Waiting<ScoreResult>;
  private timer?: NodeJS.Timeout;

  private constructor(private readonly options: EngineProcessOptions) {
    this.child = spawn(process.execPath, [...process.execArgv, options.program, ENGINE_ARGUMENT], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, [ENV.ortDisableTelemetry]: '1' },
    });
    this.pipe = this.child.stdio[ENGINE_PIPE] as Duplex;
    this.gone = new Promise(resolve => {
      this.child.once('exit', (code, signal) => {
        this.lost(signal ?? `exit code ${code}`);
        resolve();
      });
      this.child.once('error', error => {
        this.lost(error.message);
        resolve();
      });
    });
    this.logOutput();
    this.loaded = new Promise((resolve, reject) => (this.loading = { resolve, reject }));
    const reader = new FrameReader<FromEngine>(frame => this.take(frame));
    this.pipe.on('data', (chunk: Buffer) => reader.push(chunk));
    // a broken pipe means that the process ends; its exit says the rest
    this.pipe.on('error', () => undefined);
    this.say({ type: 'load', files: options.files, session: options.session });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  score(job: ScoreJob): Promise<ScoreResult> {
    return new Promise((resolve, reject) => {
      if (this.scoring !== undefined) throw new Error('an engine scores one request at a time');
      this.scoring = { resolve, reject };
      this.timer = setTimeout(() => this.timeOut(), this.options.scoringTimeoutMs);
      this.say({ type: 'score', model: job.model }, job);
    });
  }

  async stop(): Promise<void> {
    this.pipe.end();
    const timer = setTimeout(() => this.kill(), STOP_GRACE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }

  private say(head: ToEngine, job?: ScoreJob): void {
    writeFrame(this.pipe, head, job?.body ?? [], job?.bytes ?? 0);
  }

  private take({ head, body }: Frame<FromEngine>): void {
    if (head.type === 'loaded') this.loading?.resolve(head.models);
    else if (head.type === 'failed') this.loading?.reject(new EngineStartError(head.message));
    else this.settle()?.resolve({ ...head, body });
  }

  private timeOut(): void {
    const waiting = this.settle();
    this.kill();
    waiting?.reject(new ScoringTimeoutError(this.options.scoringTimeoutMs));
  }

  private lost(how: string): void {
    this.loading?.reject(new EngineStartError(`The engine ended while it loaded the model (${how}).`));
    this.settle()?.reject(new EngineLostError(`The engine ended while it scored (${how}).`));
  }

  private settle(): Waiting<ScoreResult> | undefined {
    const { scoring } = this;
    clearTimeout(this.timer);
    this.scoring = undefined;
    return scoring;
  }

  /** Native libraries write where they like; it becomes lines of our log. */
  private logOutput(): void {
    for (const stream of [this.child.stdout, this.child.stderr] as Readable[]) {
      createInterface({ input: stream }).on('line', line => {
        this.options.log.warning('engine-output', { engine: this.pid, line: line.slice(0, 1000) });
      });
    }
  }
}
