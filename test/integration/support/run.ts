import { spawn, spawnSync } from 'child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default 300 */
  readonly timeoutSeconds?: number;
}

export interface RunResult {
  /** Negative where it could not be started or was ended. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever comes of it. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): RunResult {
  const result = spawnSync(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: (options.timeoutSeconds ?? 300) * 1000,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status: result.status ?? -1, stdout: result.stdout ?? '', stderr: result.stderr || (result.error?.message ?? '') };
}

/** Runs a program that must succeed, and gives back what it printed. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): string {
  return succeeded(command, args, attempt(command, args, options));
}

/** As `run`, while this process goes on: its own requests and timers are served. */
export async function runAside(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: (options.timeoutSeconds ?? 300) * 1000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const status = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve(code ?? -1));
  });
  return succeeded(command, args, { status, stdout, stderr });
}

function succeeded(command: string, args: readonly string[], { status, stdout, stderr }: RunResult): string {
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}\n${stdout}`.trim());
  return stdout.trim();
}

/** Tries until `check` gives a value, at most `seconds`; says at the end why it did not. */
export async function eventually<T>(
  seconds: number,
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let reason = '';
  do {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      reason = `: ${(error as Error).message}`;
    }
    await new Promise(resolve => setTimeout(resolve, 250));
  } while (Date.now() < end);
  throw new Error(`${what} did not come within ${seconds} s${reason}`);
}
