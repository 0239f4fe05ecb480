import { ChildProcess, spawn } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { freePort } from '../../../src/profiler/free-port';
import { eventually } from './run';

/** A container registry on this machine: the one that runs already, or one of the suite's own. */
export class LocalRegistry {
  /** Takes the one that MODEL_SERVING_TEST_REGISTRY names, else starts `docker-registry` on a free port. */
  static async start(): Promise<LocalRegistry> {
    const running = process.env.MODEL_SERVING_TEST_REGISTRY;
    if (running !== undefined) return new LocalRegistry(running);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const config = path.join(folder, 'config.yml');
    fs.writeFileSync(config, configuration(folder, host));
    const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
    const registry = new LocalRegistry(host, child, folder);
    await eventually(30, 'the registry', async () => (await fetch(`http://${host}/v2/`)).ok || undefined);
    return registry;
  }

  private constructor(
    /** Host and port, as an image's name begins. */
    public readonly host: string,
    private readonly child?: ChildProcess,
    private readonly folder?: string,
  ) {}

  async stop(): Promise<void> {
    if (this.child !== undefined && this.child.exitCode === null) {
      const ended = new Promise(resolve => this.child?.once('exit', resolve));
      this.child.kill();
      await ended;
    }
    if (this.folder !== undefined) fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function configuration(folder: string, host: string): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: host },
  });
}
