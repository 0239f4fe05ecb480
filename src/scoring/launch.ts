import { ChildProcess, spawn } from 'child_process';
import { createInterface } from 'readline';
import { Readable } from 'stream';
import { ENV } from '../core/server-contract';

/** How a scoring server is started on this machine. */
export interface LaunchOptions {
  /** The bundled server, `programs/scoring-server.js`. */
  readonly bundle: string;
  /** An .onnx file, a model's folder, or the root of several `<name>/<version>`. */
  readonly modelPath: string;
  /**
   * More environment, see `ENV` in `core/server-contract`. It comes after, and so overrides, this process's environment.
   * @default - a free port of the loopback address; other settings as the server's own defaults
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with each line that the server writes, as it comes. */
  readonly onLine?: (line: string) => void;
  /**
   * In a process group of its own: a Ctrl-C at the terminal then reaches the caller alone, who must stop the server.
   * @default false
   */
  readonly ownGroup?: boolean;
  /**
   * Milliseconds until it must be ready.
   * @default 60000
   */
  readonly startTimeoutMs?: number;
}

/** A scoring server that was launched and is ready. */
export interface LaunchedServer {
  readonly scoringUri: string;
  readonly swaggerUri: string;
  readonly healthUri: string;
  readonly port: number;
  readonly pid: number;
  /** All lines so far, of both streams. */
  readonly output: readonly string[];
  /** Settles with the exit code when the server has ended, by itself or not; null where a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Asks it to finish what it answers and end; ends it after `graceMs` (default 10000). Resolves with the exit code. */
  stop(graceMs?: number): Promise<number | null>;
}

/** The server ended, or was not ready in time, before it could score; the message is its own. */
export class LaunchError extends Error {}

/**
 * Starts the bundled server with this Node.js and resolves when it can score. It ends with this process.
 *
 * @throws LaunchError with what the server said.
 */
export async function launchScoringServer(options: LaunchOptions): Promise<LaunchedServer> {
  const child = spawn(process.execPath, [options.bundle], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: options.ownGroup ?? false,
    env: { ...process.env, [ENV.host]: '127.0.0.1', [ENV.port]: '0', [ENV.modelDir]: options.modelPath, ...options.env },
  });
  const exited = new Promise<number | null>(resolve => {
    child.once('error', () => resolve(null));
    child.once('close', code => resolve(code));
  });
  endWithUs(child, exited);
  const output: string[] = [];
  const stdout = lines(child.stdout, output, options.onLine);
  lines(child.stderr, output, options.onLine);

  const listening = await firstListening(stdout, exited, options.startTimeoutMs ?? 60_000);
  if (typeof listening === 'string') {
    child.kill('SIGKILL');
    await exited;
    const said = output.filter(line => !line.startsWith('{')).join('\n');
    throw new LaunchError(said || `The scoring server was not ready: ${listening}.`);
  }
  const stop = async (graceMs = 10_000): Promise<number | null> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    const code = await exited;
    clearTimeout(timer);
    return code;
  };
  return { ...listening, pid: child.pid as number, output, exited, stop };
}

type Address = Pick<LaunchedServer, 'scoringUri' | 'swaggerUri' | 'healthUri' | 'port'>;

/** The server's address, or why there is none. */
function firstListening(
  stdout: ReturnType<typeof createInterface>,
  exited: Promise<number | null>,
  timeoutMs: number,
): Promise<Address | string> {
  return new Promise(resolve => {
    const timer = setTimeout(() => resolve(`it did not get ready within ${timeoutMs} ms`), timeoutMs);
    void exited.then(code => settle(`it ended with ${code === null ? 'a signal' : `exit code ${code}`}`));
    const settle = (outcome: Address | string): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    stdout.on('line', line => {
      const address = parseListening(line);
      if (address !== undefined) settle(address);
    });
  });
}

function parseListening(line: string): Address | undefined {
  if (!line.includes('"listening"')) return undefined;
  const { event, scoringUri, swaggerUri, healthUri, port } = JSON.parse(line) as Address & { readonly event: string };
  return event === 'listening' ? { scoringUri, swaggerUri, healthUri, port } : undefined;
}

function lines(stream: Readable, output: string[], onLine?: (line: string) => void): ReturnType<typeof createInterface> {
  const reader = createInterface({ input: stream });
  return reader.on('line', line => {
    output.push(line);
    onLine?.(line);
  });
}

const running = new Set<ChildProcess>();

function endWithUs(child: ChildProcess, exited: Promise<unknown>): void {
  if (running.size === 0) process.once('exit', killRunning);
  running.add(child);
  void exited.then(() => {
    running.delete(child);
    if (running.size === 0) process.off('exit', killRunning);
  });
}

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}
