import { ChildProcess, spawn } from 'child_process';
import { createInterface } from 'readline';
import { setTimeout as sleep } from 'timers/promises';
import { Cleanup } from './cleanup';
import type { Confinement, ContainerRoot, CpuUsageFile, LimitKind, Throttling } from './confinement';
import { DockerConfinement } from './docker-limits';
import { dockerUnavailable, outOfMemory, outOfMemoryAtLoad, ProfileError, serverStopped } from './errors';
import { freePort } from './free-port';
import { majorFaults, processTree, TreeTimes, treeTimes } from './process-tree';
import { ServerLog } from './server-log';
import type { ServerSettings } from './server-settings';
import type { Subject } from './subject';

/** One scoring server to start. */
export interface ServerSpec {
  readonly subject: Subject;
  readonly settings: ServerSettings;
  /** Milliseconds a request may wait for the engine before it is refused. */
  readonly maxQueueWaitMs: number;
  /** Body limit, bytes. */
  readonly maxBodyBytes: number;
  /** For messages: the memory it may use, GB. */
  readonly memoryInGB: number;
  /** @default - none; an image gets a container without limits */
  readonly confinement?: Confinement;
  /** Who set the limits; containers need their port decided before the start. */
  readonly limits?: LimitKind;
  /** Called with the id of the first process as soon as there is one. */
  readonly onSpawn?: (pid: number) => void;
  /** @default 60000 */
  readonly startTimeoutMs?: number;
}

/** How often a container is asked for its first process. */
const ROOT_POLL_MS = 20;

/** A server that was started for one measurement, and what it has used. */
export class ServerProcess {
  /**
   * Starts a server and resolves when it listens.
   *
   * @throws ProfileError MODEL_LOAD_FAILED or INIT_FAILED with the server's own words, OUT_OF_MEMORY_AT_LOAD, DOCKER_UNAVAILABLE
   */
  static async start(spec: ServerSpec, cleanup: Cleanup): Promise<ServerProcess> {
    const { subject, settings, maxQueueWaitMs, maxBodyBytes } = spec;
    const confinement = spec.confinement ?? containerOf(subject);
    const port = spec.limits === 'docker' || subject.image !== undefined ? await freePort() : 0;
    const plain = subject.launch(settings, { maxQueueWaitMs, maxBodyBytes, port });
    const { command, args, env } = confinement?.wrap(plain) ?? plain;
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new ServerProcess(spec, confinement, child, cleanup);
    try {
      [server.address] = await Promise.all([server.listening(port), server.findRoot()]);
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

  /** Where its Prometheus metrics are, which count the requests in each run; undefined where a run takes only one. */
  get metricsUri(): string | undefined {
    return this.metricsPort === undefined ? undefined : `http://127.0.0.1:${this.metricsPort}/metrics`;
  }

  readonly startedAt = performance.now();
  private address = '';
  private root = 0;
  private metricsPort: number | undefined;
  private readonly log = new ServerLog();
  private readonly forget: () => void;
  private ending: string | undefined;
  private readonly ended: Promise<void>;

  private constructor(
    private readonly spec: ServerSpec,
    private readonly confinement: Confinement | undefined,
    private readonly child: ChildProcess,
    cleanup: Cleanup,
  ) {
    this.forget = cleanup.add(() => this.destroy());
    this.ended = new Promise(resolve => {
      child.once('error', error => resolve(this.end(error.message)));
      child.once('close', (code, signal) => resolve(this.end(signal ? `signal ${signal}` : `exit code ${code}`)));
    });
  }

  /** The server's first process, also where it is a container's; 0 where it cannot be seen from here. */
  get pid(): number {
    return this.root;
  }

  get settings(): ServerSettings {
    return this.spec.settings;
  }

  get cpuUsageFile(): CpuUsageFile | undefined {
    return this.confinement?.cpuUsageFile;
  }

  /** CPU time and waiting time of the whole tree so far. */
  times(): TreeTimes {
    return this.root === 0 ? { cpuMs: 0, runQueueWaitMs: 0 } : treeTimes(this.root, processTree(this.root));
  }

  /** Times that the whole tree had to wait for a page from disk so far, loading included. */
  majorFaults(): number {
    return this.root === 0 ? 0 : majorFaults(processTree(this.root));
  }

  throttling(): Throttling | undefined {
    return this.confinement?.throttling();
  }

  /** Cores, from now on. */
  limitCpu(cores: number): void {
    this.confinement?.limitCpu(cores);
  }

  /** Whether any of its processes was killed for memory: the front lives on when an engine was, and starts another. */
  outOfMemory(): boolean {
    return this.confinement?.outOfMemory() ?? false;
  }

  /** @throws ProfileError where the server is no longer there, with the reason. */
  assertRunning(when: string): void {
    if (this.outOfMemory()) throw outOfMemory(when, undefined, this.spec.memoryInGB);
    if (this.ending !== undefined) throw this.stopped(when);
  }

  /** Waits for its end, `ms` milliseconds at most: connections break before it is known. */
  async mayEnd(ms: number): Promise<void> {
    await Promise.race([this.ended, sleep(ms, undefined, { ref: false })]);
  }

  /** Ends it and everything it started, and removes its limits. */
  kill(): void {
    this.forget();
  }

  private stopped(when: string): ProfileError {
    return this.killed
      ? outOfMemory(when, undefined, this.spec.memoryInGB)
      : serverStopped(when, this.ending ?? 'running', this.log.words());
  }

  /** Where no control group of ours counts: nobody but the kernel kills a server; 137 is how a container says so. */
  private get killed(): boolean {
    const isCounted = this.confinement !== undefined && !this.inContainer;
    return !isCounted && (this.ending === 'signal SIGKILL' || this.ending === 'exit code 137');
  }

  private async listening(port: number): Promise<string> {
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new Error('the server has no output to read');
    const timeoutMs = this.spec.startTimeoutMs ?? 60_000;
    const timeout = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: timeout.signal }).catch(() => undefined);
    const said = new Promise<string>(resolve => {
      createInterface({ input: stderr }).on('line', line => this.log.keep(line));
      createInterface({ input: stdout }).on('line', line => {
        const { event, scoringUri, port } = spoken(line);
        if (event === 'listening' && scoringUri !== undefined) resolve(scoringUri);
        else this.log.keep(line);
        if (event === 'metrics' && !this.inContainer) this.metricsPort = port;
      });
    });
    const uri = await Promise.race([said, this.ended, late]);
    timeout.abort();
    if (typeof uri === 'string') return port > 0 ? `http://127.0.0.1:${port}/score` : uri;
    throw this.notReady(`not ready after ${timeoutMs / 1000} s`);
  }

  private notReady(late: string): ProfileError {
    const { subject, memoryInGB } = this.spec;
    if (this.outOfMemory() || this.killed) return outOfMemoryAtLoad(memoryInGB);
    // how the client says that there never was a container
    if (this.inContainer && this.ending === 'exit code 125') return dockerUnavailable(this.log.words());
    return this.log.loadFailure(subject, this.ending ?? late);
  }

  private async findRoot(): Promise<void> {
    const { confinement, child } = this;
    let found: ContainerRoot | undefined = confinement?.root ? undefined : { pid: child.pid };
    while (found === undefined && this.ending === undefined) {
      found = await confinement?.root?.();
      if (found === undefined) await sleep(ROOT_POLL_MS);
    }
    if (this.ending !== undefined) return;
    this.metricsPort ??= found?.metricsPort;
    if (found?.pid !== undefined) {
      this.root = found.pid;
      this.spec.onSpawn?.(found.pid);
    } else if (found && this.spec.subject.image !== undefined) {
      throw dockerUnavailable(
        'its containers run on another machine, as those of Docker Desktop do, where their use cannot be read',
      );
    }
  }

  private get inContainer(): boolean {
    return this.confinement?.root !== undefined;
  }

  private end(how: string): void {
    this.ending ??= how;
  }

  private destroy(): void {
    const { pid } = this.child;
    if (pid !== undefined && this.ending === undefined) {
      // children first: they do not outlive the group's leader unnoticed
      for (const member of processTree(pid).reverse()) signal(member);
    }
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
    this.confinement?.dispose();
  }
}

const containerOf = ({ image }: Subject): Confinement | undefined =>
  image === undefined ? undefined : new DockerConfinement({ image, complete: true });

/** What a line says for programs; nothing where it is for people, or a script's own. */
function spoken(line: string): { readonly event?: string; readonly scoringUri?: string; readonly port?: number } {
  if (!/"event":"(listening|metrics)"/.test(line)) return {};
  try {
    return JSON.parse(line) as ReturnType<typeof spoken>;
  } catch {
    return {};
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}
