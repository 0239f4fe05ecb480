import { once } from 'events';
import { Socket } from 'net';
import { Readable } from 'stream';
import { OnnxModels } from '../model/onnx-models';
import { ScriptRuntime } from '../script/script-runtime';
import { LoadedService, ScoreAnswer, ScoreRequest } from './engine';
import { Frame, FrameReader, writeFrame } from './frames';
import { ENGINE_PIPE, EngineLoad, FromEngine, ScoreItem, ToEngine } from './protocol';

/** What an engine scores with. */
interface Runtime {
  readonly service: LoadedService;
  /** Never rejects. */
  score(requests: readonly ScoreRequest[]): Promise<readonly ScoreAnswer[]>;
}

type Say = (head: FromEngine, body?: readonly Buffer[]) => boolean;

/**
 * An engine process: loads what its front says, then scores one batch after another. It ends when the pipe to the front does,
 * so that none outlives its front (one in the middle of a run, as soon as that returns).
 */
export function engineMain(): void {
  // a terminal signals the whole group, but only the front knows what is still to be answered
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const pipe = new Socket({ fd: ENGINE_PIPE, readable: true, writable: true });
  const end = (): never => process.exit(0);
  pipe.on('end', end).on('close', end).on('error', end);

  const say: Say = (head, body = []) => {
    writeFrame(
      pipe,
      head,
      body,
      body.reduce((sum, { length }) => sum + length, 0),
    );
    return !pipe.writableNeedDrain;
  };
  const engine = new EngineLoop(say, () => once(pipe, 'drain'));
  const reader = new FrameReader<ToEngine>(frame => void engine.take(frame));
  pipe.on('data', chunk => reader.push(chunk));
}

class EngineLoop {
  private runtime?: Runtime;
  private streaming?: Readable;

  constructor(
    private readonly say: Say,
    private readonly drained: () => Promise<unknown>,
  ) {}

  async take({ head, body }: Frame<ToEngine>): Promise<void> {
    if (head.type === 'load') return this.load(head);
    if (head.type === 'cancel') return void this.streaming?.destroy();
    const answers = (await this.runtime?.score(requests(head.items, body))) ?? [];
    if (answers[0].stream !== undefined) return this.sayPiecewise(answers[0]);
    const items = answers.map(({ body: chunks, stream: _, released: __, ...answer }) => ({ ...answer, bytes: bytesOf(chunks) }));
    this.say(
      { type: 'answers', items },
      answers.flatMap(answer => answer.body),
    );
  }

  private async load(load: EngineLoad): Promise<void> {
    try {
      this.runtime = await loadRuntime(load, this.say);
      this.say({ type: 'loaded', service: this.runtime.service });
    } catch (error) {
      this.say({ type: 'failed', message: (error as Error).message });
    }
  }

  private async sayPiecewise({ status, headers, stream }: ScoreAnswer): Promise<void> {
    const begin = performance.now();
    let runFailed = false;
    this.streaming = stream;
    this.say({ type: 'begin', status, headers });
    try {
      for await (const piece of stream ?? []) {
        if (!this.say({ type: 'piece' }, [Buffer.from(piece as Buffer)])) await this.drained();
      }
    } catch {
      // the runtime has logged why, or the caller has left
      runFailed = true;
    }
    this.streaming = undefined;
    this.say({ type: 'end', runFailed, engineMs: performance.now() - begin });
  }
}

async function loadRuntime(load: EngineLoad, say: Say): Promise<Runtime> {
  if (load.runtime === 'onnx') return OnnxModels.load(load.models, load.session);
  const script = await ScriptRuntime.load(load, (level, message) => void say({ type: 'log', level, message }));
  return {
    service: script.service,
    score: async ([request]) => [await script.score(request)],
  };
}

function requests(items: readonly ScoreItem[], body: Buffer): ScoreRequest[] {
  let offset = 0;
  return items.map(item => {
    offset += item.bytes;
    return { ...item, body: [body.subarray(offset - item.bytes, offset)] };
  });
}

function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
