import { ChildProcess, spawn } from 'child_process';
import { constants as os, setPriority } from 'os';
import { createInterface } from 'readline';
import { Duplex, PassThrough, Readable } from 'stream';
import { ENV } from '../../core/server-contract';
import { Log } from '../log';
import {
  Engine,
  EngineLostError,
  EngineStartError,
  LoadedService,
  ScoreAnswer,
  ScoreRequest,
  ScoringTimeoutError,
} from './engine';
import { Frame, FrameReader, writeFrame } from './frames';
import { AnswerItem, ENGINE_PIPE, EngineLoad, FromEngine, ScoreItem, ToEngine } from './protocol';

/** What an engine process is started with. */
export interface EngineProcessOptions {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly load: EngineLoad;
  readonly scoringTimeoutMs: number;
  /**
   * How much longer an engine gets that ends a request itself in time, and stays loaded.
   * @default 0
   */
  readonly killGraceMs?: number;
  readonly log: Log;
  /** Data that a script gives to the collector. */
  readonly collect?: (model: string, designation: string, data: Buffer) => void;
}

/** An engine that is asked to end and does not is ended after this long. */
const STOP_GRACE_MS = 2_000;

/** What only the front needs to know: a script could print it, or act on it a second time. */
const FRONT_ONLY: readonly string[] = [
  ...[ENV.keysDirectory, ENV.tlsDirectory, ENV.appInsightsConnection, ENV.appInsightsKey],
  'AZURE_STORAGE_CONNECTION_STRING',
  // Azure ML's own server would answer as well as the front
  ...[ENV.corsOrigins, ENV.appInsightsEnabled],
];

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The requests that are being scored, and the answer that comes piece by piece, once it has begun. */
interface Scoring extends Waiting<readonly ScoreAnswer[]> {
  readonly requests: readonly ScoreRequest[];
  stream?: { readonly body: PassThrough; readonly done: () => void };
}

/**
 * An engine in a process of its own: ONNX Runtime's `run` blocks its thread, cannot be cancelled, and must not be interrupted by
 * ending a worker thread (that aborts the process). A process can be killed.
 */
export class EngineProcess implements Engine {
  /** Starts the process and resolves once what it serves is loaded and warm. @throws EngineStartError */
  static async start(options: EngineProcessOptions): Promise<EngineProcess> {
    const engine = new EngineProcess(options);
    try {
      engine.service = await engine.loaded;
      options.log.info('engine-ready', { engine: engine.pid });
      return engine;
    } catch (error) {
      engine.kill();
      throw error;
    }
  }

  service: LoadedService = { models: [] };
  readonly gone: Promise<void>;

  private readonly child: ChildProcess;
  private readonly pipe: Duplex;
  private readonly loaded: Promise<LoadedService>;
  private loading?: Waiting<LoadedService>;
  private scoring?: Scoring;
  private timer?: NodeJS.Timeout;

  private constructor(private readonly options: EngineProcessOptions) {
    const [program, ...args] = options.command;
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: engineEnvironment() });
    this.pipe = this.child.stdio[ENGINE_PIPE] as Duplex;
    stepBack(this.child);
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
    this.say({ type: 'load', ...options.load });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  score(requests: readonly ScoreRequest[]): Promise<readonly ScoreAnswer[]> {
    return new Promise((resolve, reject) => {
      if (this.scoring !== undefined) throw new Error('an engine scores one batch at a time');
      this.scoring = { requests, resolve, reject };
      this.watch();
      this.say({ type: 'score', items: requests.map(item) }, requests);
    });
  }

  async stop(): Promise<void> {
    this.pipe.end();
    const timer = setTimeout(() => this.kill(), STOP_GRACE_MS);
    await this.gone;
    clearTimeout(timer);
  }

  /** With all that its script has started, where it leads a group of its own. */
  kill(): void {
    const { pid } = this.child;
    if (pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.child.kill('SIGKILL');
    }
  }

  private say(head: ToEngine, requests: readonly ScoreRequest[] = []): void {
    const body = requests.length === 1 ? requests[0].body : requests.flatMap(request => request.body);
    writeFrame(
      this.pipe,
      head,
      body,
      requests.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  private take({ head, body }: Frame<FromEngine>): void {
    if (head.type === 'answers') this.settle()?.resolve(answers(head.items, body));
    else if (head.type === 'loaded') this.loading?.resolve(head.service);
    else if (head.type === 'failed') this.loading?.reject(new EngineStartError(head.message));
    else if (head.type === 'begin') this.beginStream(head.status, head.headers);
    else if (head.type === 'piece') this.continueStream(body);
    else if (head.type === 'end') this.endStream(head.runFailed);
    else if (head.type === 'log') this.options.log[head.level]('script-log', { ...this.requestId(), message: head.message });
    else this.options.collect?.(head.model, head.designation, body);
  }

  private beginStream(status: number, headers: readonly string[]): void {
    const { scoring } = this;
    if (scoring === undefined || scoring.stream !== undefined) return;
    const body = new PassThrough();
    // a caller that reads slowly slows the script down, and nothing piles up here
    body.on('drain', () => this.pipe.resume());
    // whoever reads it may leave: the script is told, and what still comes is dropped
    body
      .on('error', () => undefined)
      .once('close', () => {
        this.pipe.resume();
        if (this.scoring === scoring) this.say({ type: 'cancel' });
      });
    const released = new Promise<void>(resolve => (scoring.stream = { body, done: resolve }));
    scoring.resolve([{ status, headers, body: [], stream: body, released, runFailed: false, engineMs: 0 }]);
    this.watch();
  }

  private continueStream(piece: Buffer): void {
    const body = this.scoring?.stream?.body;
    // a script that goes on for nobody gets no more time
    if (body === undefined || body.destroyed) return;
    this.watch();
    if (!body.write(piece)) this.pipe.pause();
  }

  private endStream(failed: boolean): void {
    const stream = this.settle()?.stream;
    if (failed) stream?.body.destroy(new Error('The script broke off its answer.'));
    else stream?.body.end();
    stream?.done();
  }

  /** The time until the answer, or until its next piece. */
  private watch(): void {
    clearTimeout(this.timer);
    const { scoringTimeoutMs, killGraceMs = 0 } = this.options;
    this.timer = setTimeout(() => this.timeOut(), scoringTimeoutMs + killGraceMs);
  }

  private timeOut(): void {
    this.kill();
    this.fail(new ScoringTimeoutError(this.options.scoringTimeoutMs));
  }

  private lost(how: string): void {
    this.loading?.reject(new EngineStartError(`The engine ended while it loaded (${how}).`));
    this.fail(new EngineLostError(`The engine ended while it scored (${how}).`));
  }

  private fail(error: Error): void {
    const scoring = this.settle();
    scoring?.stream?.body.destroy(error);
    scoring?.stream?.done();
    scoring?.reject(error);
  }

  private settle(): Scoring | undefined {
    const { scoring } = this;
    clearTimeout(this.timer);
    this.scoring = undefined;
    return scoring;
  }

  private requestId(): { readonly requestId?: string } {
    const id = this.scoring?.requests[0].headers['x-request-id'];
    return typeof id === 'string' ? { requestId: id } : {};
  }

  /** Native libraries and scripts write where they like; it becomes lines of our log. */
  private logOutput(): void {
    for (const [stream, level] of [
      [this.child.stdout, 'info'],
      [this.child.stderr, 'warning'],
    ] as ReadonlyArray<[Readable, 'info' | 'warning']>) {
      createInterface({ input: stream }).on('line', line => {
        this.options.log[level]('engine-output', { engine: this.pid, ...this.requestId(), line: line.slice(0, 1000) });
      });
    }
  }
}

/** The front goes first where both want a core: it needs one for microseconds, to answer health or to take the next request. */
function stepBack({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, os.priority.PRIORITY_LOW);
  } catch {
    // it has ended already, or the platform does not let us
  }
}

function engineEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...threadVariables(process.env),
    ...allocatorVariables(process.env),
    ...process.env,
    [ENV.ortDisableTelemetry]: '1',
  };
  for (const name of FRONT_ONLY) delete env[name];
  return env;
}

function item({ model, protocol, method, path, query, headers, bytes }: ScoreRequest): ScoreItem {
  return { model, protocol, method, path, query, headers, bytes };
}

function answers(items: readonly AnswerItem[], body: Buffer): ScoreAnswer[] {
  let offset = 0;
  return items.map(({ bytes, ...answer }) => {
    offset += bytes;
    return { ...answer, body: [body.subarray(offset - bytes, offset)] };
  });
}

/** What libraries read that count threads: a script's own sessions and matrices keep to the size of the container as well. */
const THREAD_VARIABLES = ['ORT_INTRA_OP_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'];

/** They are set only where somebody sized the service: on a laptop a script may take what there is. */
function threadVariables({ [ENV.intraOpThreads]: threads }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return threads ? Object.fromEntries(THREAD_VARIABLES.map(name => [name, threads])) : {};
}

/**
 * Weights that ONNX Runtime copies and frees while it loads a model go back to the system at once, whatever glibc's threshold has
 * adapted to: 303 MiB of own pages after loading 302 MB in four runs of four, where it was 367 to 463 (`mallopt(3)`). Scripts keep
 * the default, since numpy's large arrays come and go with every request.
 */
function allocatorVariables({ [ENV.entryScript]: script }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return script ? {} : { MALLOC_MMAP_THRESHOLD_: String(4 * 1024 ** 2) };
}
