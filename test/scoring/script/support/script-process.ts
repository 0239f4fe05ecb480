import { ChildProcess, execFileSync, fork } from 'child_process';
import { on } from 'events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { LoadedService, ScoreRequest } from '../../../../src/scoring/engine/engine';
import { FromChild, ToChild, WholeAnswer } from './script-messages';

const ROOT = path.resolve(__dirname, '../../../..');
export const SCRIPTS = path.join(ROOT, 'test/fixtures/scripts');

/** A script in a process of its own, where modules are loaded by Node.js itself. */
export class ScriptProcess {
  readonly logs: Array<{ readonly level: string; readonly message: string }> = [];
  service!: LoadedService;
  stdout = '';

  private readonly messages: AsyncIterator<Array<FromChild | number | null>>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.on('data', (data: Buffer) => (this.stdout += data.toString()));
    child.on('message', (message: FromChild | number | null) => {
      if (typeof message === 'object' && message?.type === 'log') this.logs.push(message);
    });
    // the exit comes in the place of a message
    child.once('exit', code => child.emit('message', code));
    this.messages = on(child, 'message');
  }

  /** @throws Error with the runtime's message where the script cannot be loaded. */
  static async load(script: string, options: { appRoot?: string; modelDir?: string; env?: NodeJS.ProcessEnv } = {}) {
    const child = fork(childBundle(), {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: { PATH: process.env.PATH, ...options.env },
    });
    running.add(child);
    const self = new ScriptProcess(child);
    self.send({ type: 'load', options: { script, appRoot: options.appRoot ?? SCRIPTS, modelDir: options.modelDir ?? '' } });
    const outcome = await self.next();
    if (outcome.type === 'failed') throw new Error(`${outcome.kind}: ${outcome.message}`);
    if (outcome.type === 'loaded') self.service = outcome.service;
    return self;
  }

  async score(request: Partial<Omit<ScoreRequest, 'body'>> & { body?: string | Buffer; pieces?: number } = {}): Promise<Answer> {
    const { body = '', pieces = 0, ...rest } = request;
    const chunks = [Buffer.from(body)];
    const base = { model: 0, protocol: 'azureml', method: 'POST', path: '/score', query: '', headers: {} } as const;
    this.send({ type: 'score', request: { ...base, ...rest, body: chunks, bytes: chunks[0].length }, pieces });
    const outcome = await this.next();
    if (outcome.type !== 'answer') throw new Error(`no answer but ${outcome.type}`);
    return new Answer(outcome.answer);
  }

  private send(message: ToChild): void {
    this.child.send(message);
  }

  private async next(): Promise<FromChild> {
    for (;;) {
      const { value } = (await this.messages.next()) as { readonly value: Array<FromChild | number | null> };
      const [message] = value;
      if (typeof message !== 'object' || message === null) throw new Error(`the process ended with ${message}`);
      if (message.type !== 'log') return message;
    }
  }
}

/** An answer with its body read. */
export class Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Buffer;

  constructor(readonly whole: WholeAnswer) {
    this.status = whole.status;
    this.body = Buffer.from(whole.body);
    this.text = this.body.toString();
  }

  get json(): { readonly message?: string; readonly [key: string]: unknown } {
    return JSON.parse(this.text);
  }

  header(name: string): string[] {
    return this.whole.headers.filter((_, index) => index % 2 === 1 && this.whole.headers[index - 1] === name);
  }
}

const running = new Set<ChildProcess>();
const folders: string[] = [];

/** A folder with these files, removed at the end. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'script-test-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/** Loads an ES module given as text. */
export function loadText(source: string, options: Parameters<typeof ScriptProcess.load>[1] = {}): Promise<ScriptProcess> {
  return ScriptProcess.load('score.mjs', { appRoot: folderOf({ 'score.mjs': source }), ...options });
}

export function cleanUp(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  if (bundle !== undefined) rmSync(bundle, { force: true });
  bundle = undefined;
}

let bundle: string | undefined;

function childBundle(): string {
  if (bundle !== undefined) return bundle;
  const outfile = path.join(ROOT, `node_modules/.cache/model-serving-tests/script-child-${process.pid}.js`);
  // the command and not the API, which leaves a service running
  execFileSync(process.execPath, [
    require.resolve('esbuild/bin/esbuild'),
    path.join(__dirname, 'script-child.ts'),
    `--outfile=${outfile}`,
    ...['--bundle', '--platform=node', '--target=node20', '--format=cjs', '--log-level=warning'],
  ]);
  return (bundle = outfile);
}
