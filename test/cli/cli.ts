import { ChildProcessWithoutNullStreams, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { createInterface } from 'readline';

// a run is a process or several: on a busy machine that takes its time
jest.setTimeout(120_000);

const REPOSITORY = path.join(__dirname, '../..');
// below node_modules, where the bundles find ONNX Runtime as an installed package does
const PROGRAMS = path.join(REPOSITORY, 'node_modules', '.cache', `model-serving-cli-${process.pid}`);
const CLI = path.join(PROGRAMS, 'model-serving.js');

export const DIGITS = path.join(REPOSITORY, 'models', 'digits.onnx');
export const SAMPLES = path.join(REPOSITORY, 'models', 'digits-samples.json');
export const LABELS = path.join(REPOSITORY, 'models', 'digits-labels.json');

/** A finished run. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bundles the programs of this suite, so that it tests the code as it is and disturbs no other. */
export function bundlePrograms(): void {
  execFileSync(process.execPath, ['scripts/bundle.mjs', PROGRAMS], { cwd: REPOSITORY });
}

const running = new Set<ChildProcessWithoutNullStreams>();

/** Also ends what a failed test left running. */
export function removePrograms(): void {
  for (const child of running) child.kill();
  fs.rmSync(PROGRAMS, { recursive: true, force: true });
}

/** Copies the command alone, without the programs beside it. */
export function copyProgram(folder: string): string {
  const copy = path.join(folder, path.basename(CLI));
  fs.copyFileSync(CLI, copy);
  return copy;
}

/** Runs `model-serving` to its end. */
export const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Run> => runProgram(CLI, args, env);

/** Runs a copy of it. */
export async function runProgram(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const child = start(program, args, env);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', chunk => (stdout += chunk));
  child.stderr.on('data', chunk => (stderr += chunk));
  const code = await new Promise<number | null>(resolve => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** A server that runs until it is stopped. */
export interface Serving {
  /** The first line of stdout. */
  readonly line: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, once it ends. */
  readonly ended: Promise<number | null>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts `model-serving serve` on a free port and waits for its first line. */
export async function serve(args: readonly string[], env: Record<string, string> = {}): Promise<Serving> {
  const child = start(CLI, ['serve', DIGITS, '--port', '0', ...args], env);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', chunk => (stdout += chunk));
  child.stderr.on('data', chunk => (stderr += chunk));
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  const line = await Promise.race([
    new Promise<string>(resolve => createInterface({ input: child.stdout }).once('line', resolve)),
    ended.then(code => Promise.reject(new Error(`serve ended with ${code}: ${stderr}`))),
  ]);
  // two pipes: what was written first may be read last
  await new Promise(resolve => setImmediate(resolve));
  const stop = (signal: NodeJS.Signals = 'SIGINT') => {
    child.kill(signal);
    return ended;
  };
  return { line, stdout: () => stdout, stderr: () => stderr, ended, stop };
}

function start(program: string, args: readonly string[], env: Record<string, string>): ChildProcessWithoutNullStreams {
  const { MODEL_SERVING_KEY: _key, ...own } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { ...own, ...env }, cwd: REPOSITORY });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}
