import { Socket } from 'net';
import { OnnxModel } from '../model/onnx-model';
import { Frame, FrameReader, writeFrame } from './frames';
import { ENGINE_PIPE, FromEngine, ToEngine } from './protocol';

/**
 * An engine process: loads what its front says, then scores one request after another. It ends when the pipe to the front does,
 * so that none outlives its front (one in the middle of a run, as soon as that returns).
 */
export function engineMain(): void {
  // a terminal signals the whole group, but only the front knows what is still to be answered
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const pipe = new Socket({ fd: ENGINE_PIPE, readable: true, writable: true });
  const end = (): never => process.exit(0);
  pipe.on('end', end).on('close', end).on('error', end);

  const engine = new EngineLoop((head, body) => writeFrame(pipe, head, body === undefined ? [] : [body], body?.length ?? 0));
  const reader = new FrameReader<ToEngine>(frame => void engine.take(frame));
  pipe.on('data', chunk => reader.push(chunk));
}

class EngineLoop {
  private models: readonly OnnxModel[] = [];

  constructor(private readonly say: (head: FromEngine, body?: Buffer) => void) {}

  async take({ head, body }: Frame<ToEngine>): Promise<void> {
    if (head.type === 'load') return this.load(head);
    const { body: answer, ...result } = await this.models[head.model].score(body);
    this.say({ type: 'result', ...result }, answer);
  }

  private async load({ files, session }: Extract<ToEngine, { type: 'load' }>): Promise<void> {
    try {
      this.models = await Promise.all(files.map(file => OnnxModel.load(file, session)));
      this.say({ type: 'loaded', models: await Promise.all(this.models.map(model => model.warmUp())) });
    } catch (error) {
      this.say({ type: 'failed', message: (error as Error).message });
    }
  }
}
