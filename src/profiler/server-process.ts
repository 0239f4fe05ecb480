import { ChildProcess, spawn } from 'child_process';
import { createServer } from 'net';
import { createInterface } from 'readline';
import { ENV } from '../core/server-contract';
import { Cleanup } from './cleanup';
import { modelLoadFailed, outOfMemory, ProfileError, serverStopped } from './errors';
import type { Confinement, CpuUsageFile, LimitKind, Throttling } from './confinement';
import { processTree, TreeTimes, treeTimes } from './process-tree';

/** One scoring server to start. */
export interface ServerSpec {
  /** `programs/scoring-server.js`. */
  readonly serverBundle: string;
  /** Path of the .onnx file. */
  readonly model: string;
  /** ONNX Runtime threads that share one request's work. */
  readonly threads: number;
  /** Milliseconds a request may wait for the engine before it is refused. */
  readonly maxQueueWaitMs: number;
  /** Body limit, bytes. */
  readonly maxBodyBytes: number;
  /** For messages: the memory it may use, GB. */
  readonly memoryInGB: number;
  readonly confinement?: Confinement;
  /** Who set the limits; containers need their port decided before the start. */
  readonly limits?: LimitKind;
  /** Called with the process id as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
  /** @default 60000 */
  readonly startTimeoutMs?: number;
}

/** A server that was started for one measurement, and what it has used. */
export class ServerProcess {
  /**
   * Starts a server and resolves when it listens.
   *
   * @throws ProfileError MODEL_LOAD_FAILED with the server's own words, OUT_OF_MEMORY
   */
  static async start(spec: ServerSpec, cleanup: Cleanup): Promise<ServerProcess> {
    const port = spec.limits === 'docker' ? await freePort() : 0;
    const plain = { command: process.execPath, args: [spec.serverBundle], env: serverEnvironment(spec, port), port };
    const { command, args, env } = spec.confinement?.wrap(plain) ?? plain;
    const child = spawn(command, args, { env, detached: process.platform !== 'win32', stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(spec, child, cleanup);
    if (child.pid !== undefined) spec.onSpawn?.(child.pid);
    try {
      server.address = await server.listening(port);
      return server;
    } catch (error) {
      server.kill();
      throw error;
    }
  }

  /** Where to post. */
  get scoringUri(): string {
    return this.address;
  }

  readonly startedAt = performance.now();
  private address = '';
  private readonly log: string[] = [];
  private readonly forget: () => void;
  private ending: string | undefined;
  private readonly ended: Promise<void>;

  private constructor(
    private readonly spec: ServerSpec,
    private readonly child: ChildProcess,
    cleanup: Cleanup,
  ) {
    this.forget = cleanup.add(() => this.destroy());
    this.ended = new Promise(resolve => {
      child.once('error', error => resolve(this.end(error.message)));
      child.once('close', (code, signal) => resolve(this.end(signal ? `signal ${signal}` : `exit code ${code}`)));
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get threads(): number {
    return this.spec.threads;
  }

  get cpuUsageFile(): CpuUsageFile | undefined {
    return this.spec.confinement?.cpuUsageFile;
  }

  /** CPU time and waiting time of the whole tree so far. */
  times(): TreeTimes {
    return treeTimes(this.pid, processTree(this.pid));
  }

  throttling(): Throttling | undefined {
    return this.spec.confinement?.throttling();
  }

  /** Cores, from now on. */
  limitCpu(cores: number): void {
    this.spec.confinement?.limitCpu(cores);
  }

  outOfMemory(): boolean {
    return this.spec.confinement?.outOfMemory() ?? false;
  }

  /** @throws ProfileError where the server is no longer there, with the reason. */
  assertRunning(when: string): void {
    if (this.outOfMemory()) throw outOfMemory(when, undefined, this.spec.memoryInGB);
    if (this.ending !== undefined) throw this.stopped(when);
  }

  /** Ends it and everything it started, and removes its limits. */
  kill(): void {
    this.forget();
  }

  private stopped(when: string): ProfileError {
    return this.ending === 'signal SIGKILL' || this.ending === 'exit code 137'
      ? outOfMemory(when, undefined, this.spec.memoryInGB)
      : serverStopped(when, this.ending ?? 'running', this.words());
  }

  private async listening(port: number): Promise<string> {
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new Error('the server has no output to read');
    const timeoutMs = this.spec.startTimeoutMs ?? 60_000;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), timeoutMs)));
    const said = new Promise<string>(resolve => {
      createInterface({ input: stderr }).on('line', line => this.keep(line));
      createInterface({ input: stdout }).on('line', line => {
        const uri = listeningUri(line);
        if (uri) resolve(uri);
        else this.keep(line);
      });
    });
    const uri = await Promise.race([said, this.ended, late]);
    clearTimeout(timer);
    if (typeof uri === 'string') return port > 0 ? `http://127.0.0.1:${port}/score` : uri;
    if (this.outOfMemory() || this.ending === 'signal SIGKILL')
      throw outOfMemory('while loading the model', undefined, this.spec.memoryInGB);
    throw modelLoadFailed(this.spec.model, this.words() || this.ending || `not ready after ${timeoutMs / 1000} s`);
  }

  private keep(line: string): void {
    this.log.push(line);
    if (this.log.length > 40) this.log.shift();
  }

  /** What the server said for people to read. */
  private words(): string {
    const plain = this.log.filter(line => !line.startsWith('{'));
    return plain.slice(-6).join(' | ').slice(0, 800);
  }

  private end(how: string): void {
    this.ending ??= how;
  }

  private destroy(): void {
    const pid = this.child.pid;
    if (pid !== undefined && this.ending === undefined) {
      // children first: they do not outlive the group's leader unnoticed
      for (const member of processTree(pid).reverse()) signal(member);
    }
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    this.spec.confinement?.dispose();
  }
}

/** The variables that decide what a profiled server does; the rest comes from this process. */
function serverEnvironment(spec: ServerSpec, port: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    [ENV.modelDir]: spec.model,
    [ENV.host]: '127.0.0.1',
    [ENV.port]: String(port),
    [ENV.auth]: 'none',
    [ENV.keysDirectory]: undefined,
    [ENV.tlsDirectory]: undefined,
    [ENV.intraOpThreads]: String(spec.threads),
    [ENV.interOpThreads]: '1',
    [ENV.allowSpinning]: '0',
    [ENV.maxConcurrentRequests]: '1',
    [ENV.maxQueueWaitMs]: String(spec.maxQueueWaitMs),
    [ENV.maxBodyBytes]: String(spec.maxBodyBytes),
    [ENV.drainDelayMs]: '0',
    [ENV.ortDisableTelemetry]: '1',
  };
}

/** The scoring URI of the line by which the server says that it listens. */
function listeningUri(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  const said = JSON.parse(line) as { event?: string; scoringUri?: string };
  return said.event === 'listening' ? said.scoringUri : undefined;
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
