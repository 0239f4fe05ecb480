import { ScoreRequest } from '../../../../src/scoring/engine/engine';
import { ScriptOptions, ScriptRuntime } from '../../../../src/scoring/script/script-runtime';
import { FromChild, ToChild } from './script-messages';

/** Runs a script as an engine process does, for a parent that asks by message. */
const say = (message: FromChild): void => void process.send?.(message);

let runtime: ScriptRuntime;

async function load(options: ScriptOptions): Promise<void> {
  try {
    runtime = await ScriptRuntime.load(options, (level, message) => say({ type: 'log', level, message }));
    say({ type: 'loaded', service: runtime.service });
  } catch (error) {
    say({ type: 'failed', kind: (error as Error).constructor.name, message: (error as Error).message });
  }
}

async function score(request: ScoreRequest, pieces: number): Promise<void> {
  const { stream, body, ...answer } = await runtime.score(request);
  const chunks = [...body];
  let streamError: string | undefined;
  try {
    let left = pieces;
    for await (const chunk of stream ?? []) {
      chunks.push(chunk as Buffer);
      if (--left === 0) break;
    }
  } catch (error) {
    streamError = (error as Error).message;
  }
  say({ type: 'answer', answer: { ...answer, body: Buffer.concat(chunks), streamed: stream !== undefined, streamError } });
}

process.on('message', (message: ToChild) => {
  // bytes arrive as plain Uint8Array
  if (message.type === 'load') void load(message.options);
  else void score({ ...message.request, body: message.request.body.map(chunk => Buffer.from(chunk)) }, message.pieces);
});
