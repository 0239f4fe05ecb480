import { ChildProcess, spawn } from 'child_process';
import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { freePort } from '../../../src/profiler/free-port';
import { temporaryFolder } from '../../support/files';
import { attempt, eventually, run } from './run';

/** A container registry on this machine that asks for a user's name and password. */
export class PrivateRegistry {
  /** Nothing where it can be run, else the reason why not. */
  static readonly isInstalled = () => {
    const missing = ['docker-registry', 'htpasswd'].find(program => attempt(program, ['--version']).status < 0);
    return missing === undefined ? undefined : `${missing} is not installed`;
  };

  static async start(): Promise<PrivateRegistry> {
    const registry = new PrivateRegistry(temporaryFolder(), `127.0.0.1:${await freePort()}`);
    await eventually(30, 'the registry', async () => (await fetch(`http://${registry.host}/v2/`)).status === 401 || undefined);
    return registry;
  }

  readonly username = `user-${randomBytes(6).toString('hex')}`;
  readonly password = randomBytes(18).toString('base64');
  private readonly child: ChildProcess;

  private constructor(
    readonly folder: string,
    /** Host and port, as an image's name begins. */
    readonly host: string,
  ) {
    const users = path.join(folder, 'users');
    fs.writeFileSync(users, run('htpasswd', ['-Bbn', this.username, this.password]));
    const configuration = path.join(folder, 'configuration.yml');
    fs.writeFileSync(
      configuration,
      JSON.stringify({
        version: 0.1,
        log: { level: 'error' },
        storage: { filesystem: { rootdirectory: path.join(folder, 'data') } },
        http: { addr: host },
        auth: { htpasswd: { realm: 'private', path: users } },
      }),
    );
    this.child = spawn('docker-registry', ['serve', configuration], { stdio: 'ignore' });
  }

  /** Gives it an image of the engine under a name that begins with its host. */
  push(image: string, name: string): void {
    const config = path.join(this.folder, 'client');
    const auth = Buffer.from(`${this.username}:${this.password}`).toString('base64');
    fs.mkdirSync(config);
    fs.writeFileSync(path.join(config, 'config.json'), JSON.stringify({ auths: { [this.host]: { auth } } }));
    run('docker', ['tag', image, name]);
    run('docker', ['--config', config, 'push', '--quiet', name]);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise(resolve => this.child.once('exit', resolve));
    this.child.kill();
    await ended;
  }
}
