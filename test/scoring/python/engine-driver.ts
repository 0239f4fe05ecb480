import { ChildProcess, spawn, spawnSync } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { Duplex, Readable } from 'stream';
import { Frame, FrameReader, writeFrame } from '../../../src/scoring/engine/frames';
import { FromEngine } from '../../../src/scoring/engine/protocol';

const ENGINE = path.join(__dirname, '../../../src/scoring/python/engine.py');
export const FIXTURES = path.join(__dirname, 'fixtures');
const NEEDED = ['azureml_inference_server_http', 'inference_schema', 'numpy', 'pandas', 'sklearn'];

/** A Python that has what entry scripts need, from MODEL_SERVING_TEST_PYTHON or the path; undefined where there is none. */
export const PYTHON = [process.env.MODEL_SERVING_TEST_PYTHON, 'python3'].find(
  python =>
    python !== undefined &&
    spawnSync(python, ['-c', `import importlib.util as u; [u.find_spec(m).name for m in ${JSON.stringify(NEEDED)}]`]).status ===
      0,
);

/** `describe`, or a skip that says why. */
export function describePython(name: string, tests: () => void): void {
  const reason = `skipped: no Python with ${NEEDED.join(', ')}; name one in MODEL_SERVING_TEST_PYTHON`;
  if (PYTHON === undefined) process.stderr.write(`${name}: ${reason}\n`);
  (PYTHON === undefined ? describe.skip : describe)(PYTHON === undefined ? `${name} (${reason})` : name, tests);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly bytes: number;
  readonly runFailed: boolean;
  /** Bodies of its pieces, where it came so. */
  readonly pieces?: readonly string[];
  readonly logs: readonly { readonly level: string; readonly message: string }[];
  readonly collected: readonly { readonly head: Record<string, unknown>; readonly text: string }[];
}

interface Request {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

interface StartOptions {
  readonly script: string;
  readonly appRoot?: string;
  readonly modelDir?: string;
  readonly env?: Record<string, string>;
  readonly python?: string;
}

/** An engine that the tests speak frames with, as the front does. */
export class TestEngine {
  readonly child: ChildProcess;
  readonly exited: Promise<number | string>;
  readonly pipe: Duplex;
  output = '';
  private readonly frames: Frame<FromEngine>[] = [];
  private wake: () => void = () => undefined;
  private readonly scratch = mkdtempSync(path.join(tmpdir(), 'python-engine-'));

  constructor({ script, appRoot = FIXTURES, modelDir = '', env = {}, python = PYTHON }: StartOptions) {
    this.child = spawn(python ?? '', [ENGINE], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, HOME: this.scratch, PYTHONDONTWRITEBYTECODE: '1', ...env },
    });
    this.exited = new Promise(resolve =>
      this.child.once('exit', (code, signal) => {
        rmSync(this.scratch, { recursive: true, force: true });
        resolve(signal ?? code ?? -1);
        this.wake();
      }),
    );
    for (const stream of [this.child.stdout, this.child.stderr] as Readable[]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.pipe = this.child.stdio[3] as Duplex;
    const reader = new FrameReader<FromEngine>(frame => {
      this.frames.push(frame);
      this.wake();
    });
    this.pipe.on('data', (chunk: Buffer) => reader.push(chunk)).on('error', () => undefined);
    writeFrame(this.pipe, { type: 'load', runtime: 'python', script, modelDir, appRoot }, [], 0);
  }

  /** Starts an engine whose script is expected to load. */
  static async loaded(options: StartOptions): Promise<TestEngine> {
    const engine = new TestEngine(options);
    const { head } = await engine.next();
    if (head.type !== 'loaded') throw new Error(`${JSON.stringify(head)}\n${engine.output}`);
    engine.service = head.service.script ?? engine.service;
    return engine;
  }

  service: { readonly swagger: Readonly<Record<string, string>>; readonly raw: boolean } = { swagger: {}, raw: false };

  /** Why the script did not load. */
  static async failure(
    options: StartOptions,
  ): Promise<{ readonly message: string; readonly output: string; readonly code: number | string }> {
    const engine = new TestEngine(options);
    const { head } = await engine.next();
    if (head.type !== 'failed') throw new Error(`it loaded: ${JSON.stringify(head)}`);
    return { message: head.message, code: await engine.exited, output: engine.output };
  }

  async next(): Promise<Frame<FromEngine>> {
    for (;;) {
      const frame = this.frames.shift();
      if (frame !== undefined) return frame;
      if (this.child.exitCode !== null) throw new Error(`the engine ended\n${this.output}`);
      await new Promise<void>(resolve => (this.wake = resolve));
    }
  }

  async score(request: Request): Promise<Answer> {
    this.send(request);
    return this.answer();
  }

  send({ method = 'POST', path: route = '/score', query = '', headers, body = '' }: Request): void {
    const bytes = Buffer.from(body);
    const item = { model: 0, protocol: 'azureml', method, path: route, query, bytes: bytes.length };
    const sent = headers ?? { host: 'localhost', 'content-type': 'application/json' };
    writeFrame(this.pipe, { type: 'score', items: [{ ...item, headers: sent }] }, [bytes], bytes.length);
  }

  /** Says that the rest of a stream is not wanted. */
  cancel(): void {
    writeFrame(this.pipe, { type: 'cancel' }, [], 0);
  }

  async stop(): Promise<number | string> {
    this.pipe.end();
    return this.exited;
  }

  async answer(): Promise<Answer> {
    const logs: { level: string; message: string }[] = [];
    const collected: { head: Record<string, unknown>; text: string }[] = [];
    const pieces: string[] = [];
    let begun = { status: 0, headers: {} as Record<string, string> };
    for (;;) {
      const { head, body } = await this.next();
      if (head.type === 'log') logs.push({ level: head.level, message: head.message });
      else if (head.type === 'collect') collected.push({ head: { ...head }, text: body.toString() });
      else if (head.type === 'begin') begun = { status: head.status, headers: named(head.headers) };
      else if (head.type === 'piece') pieces.push(body.toString());
      else if (head.type === 'end') {
        const text = pieces.join('');
        return { ...begun, text, bytes: text.length, runFailed: head.runFailed, pieces, logs, collected };
      } else if (head.type === 'answers') {
        const [{ status, headers, runFailed }] = head.items;
        return { status, headers: named(headers), text: body.toString(), bytes: body.length, runFailed, logs, collected };
      }
    }
  }
}

function named(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), flat[index + 1]]] : [])));
}
