import type { MemoryFigures } from './memory';
import { MemoryWatch } from './memory';
import type { ServerProcess } from './server-process';
import { ServerSettings, settingsKey } from './server-settings';
import type { WarmUp } from './warm-up';

/** A server without limits, watched for memory from its first moment. */
export interface PooledServer {
  readonly server: ServerProcess;
  /** How it settled. */
  readonly warmUp: WarmUp;
  memory(): MemoryFigures;
  /** The most that was needed so far, bytes. */
  peakBytes(): number;
}

/**
 * The servers that are measured without limits, one for each of the settings. Each is started and warmed up when it is first needed,
 * so a profile that goes on from a raw file starts only those that still have something to show.
 */
export class ServerPool {
  private readonly servers = new Map<string, Promise<PooledServer>>();

  constructor(
    private readonly start: (settings: ServerSettings, onSpawn: (pid: number) => void) => Promise<ServerProcess>,
    private readonly warmUp: (server: ServerProcess) => Promise<WarmUp>,
  ) {}

  get(settings: ServerSettings): Promise<PooledServer> {
    const key = settingsKey(settings);
    const known = this.servers.get(key);
    if (known) return known;
    const starting = this.open(settings);
    this.servers.set(key, starting);
    return starting;
  }

  /** Ends one server, so that its memory and threads are out of the way. */
  async stop(settings: ServerSettings): Promise<void> {
    const key = settingsKey(settings);
    const open = this.servers.get(key);
    this.servers.delete(key);
    if (open) (await open).server.kill();
  }

  async stopAll(): Promise<void> {
    const open = await Promise.all(this.servers.values());
    this.servers.clear();
    for (const { server } of open) server.kill();
  }

  private async open(settings: ServerSettings): Promise<PooledServer> {
    let watch: MemoryWatch | undefined;
    const server = await this.start(settings, pid => (watch = new MemoryWatch(pid)));
    const started = watch;
    if (!started) throw new Error('a server was started without being watched');
    started.endLoad();
    const warmUp = await this.warmUp(server);
    return {
      server,
      warmUp,
      memory: () => started.figures(),
      peakBytes: () => started.peak(),
    };
  }
}
