import { execFileSync } from 'child_process';
import { createRequire } from 'module';
import * as path from 'path';
import { CONTAINER, ENV } from '../core/server-contract';
import type { Confinement, Launch, Throttling } from './confinement';

/** A Docker engine that answers, and an image on it that has Node. */
export interface DockerHost {
  readonly image: string;
}

const PREFIX = 'model-serving-profile';
let created = 0;

/** The engine, if it answers within two seconds and holds a Node image; nothing is pulled. */
export function dockerHost(): DockerHost | undefined {
  try {
    const images = docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}').split('\n');
    const image = newestNodeImage(images);
    return image ? { image } : undefined;
  } catch {
    return undefined;
  }
}

/** The highest Node version, 20 or later, among image references such as `node:24-bookworm-slim`. */
export function newestNodeImage(references: readonly string[]): string | undefined {
  return references
    .map(reference => ({ reference, version: Number(/(?:^|\/)node:(\d+)(?!.*alpine)/.exec(reference)?.[1] ?? 0) }))
    .filter(({ version }) => version >= 20)
    .sort((a, b) => b.version - a.version)[0]?.reference;
}

/** One container: read-only mounts of the server, ONNX Runtime and the model, its port on 127.0.0.1. */
export class DockerConfinement implements Confinement {
  private readonly name = `${PREFIX}-${process.pid}-${++created}`;

  constructor(
    private readonly host: DockerHost,
    private readonly memoryBytes?: number,
  ) {}

  wrap(launch: Launch): Launch {
    const port = launch.port;
    const [bundle, ...rest] = launch.args;
    const model = launch.env[ENV.modelDir];
    if (port === undefined || bundle === undefined || model === undefined)
      throw new Error('a container needs a port, a program and a model');
    const mountedModel = `${CONTAINER.modelRoot}/${path.basename(model)}`;
    const env = { ...launch.env, [ENV.host]: '0.0.0.0', [ENV.port]: String(CONTAINER.port), [ENV.modelDir]: mountedModel };
    const own = new Set<string>(Object.values(ENV));
    const args = [
      ...['run', '--init', '--name', this.name, '--publish', `127.0.0.1:${port}:${CONTAINER.port}`],
      ...(this.memoryBytes === undefined ? [] : memoryFlags(this.memoryBytes)),
      // the folder, since a model may keep its weights in files beside it
      ...mount(path.dirname(path.resolve(model)), CONTAINER.modelRoot),
      ...mount(path.dirname(path.resolve(bundle)), `${CONTAINER.serverRoot}/programs`),
      ...runtimeMounts(bundle),
      ...Object.entries(env).flatMap(([name, value]) =>
        own.has(name) && value !== undefined ? ['--env', `${name}=${value}`] : [],
      ),
      ...['--entrypoint', 'node', this.host.image, `${CONTAINER.serverRoot}/programs/${path.basename(bundle)}`],
      ...rest,
    ];
    return { command: 'docker', args, env: process.env, port };
  }

  limitCpu(cores: number): void {
    docker('update', '--cpus', String(cores), this.name);
  }

  throttling(): Throttling | undefined {
    try {
      const read = 'cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpu/cpu.stat';
      const stat = docker('exec', this.name, 'sh', '-c', read);
      const field = (name: string) => Number(new RegExp(`${name} (\\d+)`).exec(stat)?.[1] ?? 0);
      return { periods: field('nr_periods'), throttled: field('nr_throttled') };
    } catch {
      return undefined;
    }
  }

  outOfMemory(): boolean {
    try {
      return docker('inspect', '--format', '{{.State.OOMKilled}}', this.name).trim() === 'true';
    } catch {
      return false; // gone: the exit status tells
    }
  }

  dispose(): void {
    try {
      docker('rm', '--force', this.name);
    } catch {
      // never started, or gone already
    }
  }
}

function memoryFlags(memoryBytes: number): string[] {
  const bytes = String(Math.round(memoryBytes));
  return ['--memory', bytes, '--memory-swap', bytes];
}

const mount = (source: string, target: string): string[] => ['--mount', `type=bind,source=${source},target=${target},readonly`];

function runtimeMounts(bundle: string): string[] {
  const require = createRequire(path.resolve(bundle));
  return ['onnxruntime-node', 'onnxruntime-common'].flatMap(name => {
    const entry = require.resolve(name);
    const marker = path.join('node_modules', name);
    const root = entry.slice(0, entry.lastIndexOf(marker) + marker.length);
    return mount(root, `${CONTAINER.serverRoot}/node_modules/${name}`);
  });
}

function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] });
}
