import { Worker } from 'worker_threads';
import { OnnxModels } from '../model/onnx-models';
import { Engine, EngineLostError, LoadedService, ScoreAnswer, ScoreRequest, ScoringTimeoutError } from './engine';
import { READER_ARGUMENT, ReadOrder, ReadResult } from './reader-thread';

export interface ReaderEngineOptions {
  /** The bundle, which turns into a reader by its argument. */
  readonly program: string;
  /** Loaded in this process: what was read is scored here. */
  readonly models: OnnxModels;
  readonly scoringTimeoutMs: number;
}

interface Waiting {
  readonly resolve: (result: ReadResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * An engine for requests whose cost is in reading them: a thread reads the JSON, and this process runs the model, which takes
 * less than to hand the body to another process. Ending the thread is safe, as ONNX Runtime never runs on it.
 */
export class ReaderEngine implements Engine {
  static start(options: ReaderEngineOptions): Promise<ReaderEngine> {
    const engine = new ReaderEngine(options);
    return new Promise((resolve, reject) => {
      engine.thread.once('online', () => resolve(engine));
      engine.thread.once('error', reject);
    });
  }

  readonly gone: Promise<void>;
  private readonly thread: Worker;
  /** Where bodies are handed over; it grows to the largest, and is used again. */
  private memory = new SharedArrayBuffer(0);
  private waiting?: Waiting;

  private constructor(private readonly options: ReaderEngineOptions) {
    const signatures = options.models.service.models.map(({ signature }) => signature);
    this.thread = new Worker(options.program, { argv: [READER_ARGUMENT], workerData: signatures });
    this.thread.on('message', (result: ReadResult) => this.settle()?.resolve(result));
    this.thread.on('error', error =>
      this.settle()?.reject(new EngineLostError(`The engine ended while it read (${error.message}).`)),
    );
    this.gone = new Promise(resolve => {
      this.thread.once('exit', () => {
        this.settle()?.reject(new EngineLostError('The engine ended while it read.'));
        resolve();
      });
    });
  }

  get service(): LoadedService {
    return this.options.models.service;
  }

  async score([request]: readonly ScoreRequest[]): Promise<readonly ScoreAnswer[]> {
    const begin = performance.now();
    const result = await this.read(request);
    return [await this.options.models.scoreRead(request, result, begin)];
  }

  async stop(): Promise<void> {
    await this.thread.terminate();
  }

  kill(): void {
    void this.thread.terminate();
  }

  private read(request: ScoreRequest): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      const { scoringTimeoutMs } = this.options;
      const timer = setTimeout(() => this.settle()?.reject(new ScoringTimeoutError(scoringTimeoutMs)), scoringTimeoutMs);
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      this.waiting = { resolve: settled(resolve), reject: settled(reject) };
      this.thread.postMessage(this.order(request));
    });
  }

  private order({ model, headers, body, bytes }: ScoreRequest): ReadOrder {
    if (this.memory.byteLength < bytes) this.memory = new SharedArrayBuffer(bytes);
    const target = Buffer.from(this.memory);
    let offset = 0;
    for (const piece of body) offset += piece.copy(target, offset);
    return { model, contentType: headers['content-type'] as string | undefined, memory: this.memory, bytes };
  }

  private settle(): Waiting | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    return waiting;
  }
}
