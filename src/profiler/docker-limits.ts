import * as os from 'os';
import { CONTAINER, ENV } from '../core/server-contract';
import { countersOf } from './cgroup';
import { deployed, mounted } from './container-program';
import type { Confinement, ContainerRoot, CpuUsageFile, Launch, Throttling } from './confinement';
import { docker, dockerAside } from './docker';
import type { GroupCounters } from './group-counters';
import { isAlive } from './process-tree';

/** The image of a container. */
export interface ContainerImage {
  readonly image: string;
  /** The image is what is profiled: its own program, user and models. Otherwise it only has Node, and the rest is mounted. */
  readonly complete?: boolean;
}

const PREFIX = 'model-serving-profile';
/** Says which process of which machine will remove the container. */
const OWNER = 'cdktf-model-serving.profiler';
/** Inside; outside the engine chooses. */
const METRICS_PORT = CONTAINER.port + 1;
let created = 0;

/** A Node image on the engine, if that answers; nothing is pulled. */
export function nodeImage(): ContainerImage | undefined {
  try {
    const image = newestNodeImage(docker('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}').split('\n'));
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

/** Removes the containers of profiles of this machine that were killed before they could clean up. */
export function sweepAbandonedContainers(): void {
  try {
    const format = `{{.ID}} {{.Label "${OWNER}"}}`;
    for (const line of docker('ps', '--all', '--filter', `label=${OWNER}`, '--format', format).split('\n').filter(Boolean)) {
      const [id, owner] = line.split(' ');
      const [pid, host] = owner.split('@');
      if (host === os.hostname() && !isAlive(Number(pid))) docker('rm', '--force', id);
    }
  } catch {
    // another profile was quicker, or the engine does not answer, which whoever needs it will hear
  }
}

/** One container, its port on 127.0.0.1. The CPU is not limited until `limitCpu`. */
export class DockerConfinement implements Confinement {
  private readonly name = `${PREFIX}-${process.pid}-${++created}`;
  private counters: GroupCounters | undefined;

  constructor(
    private readonly image: ContainerImage,
    private readonly memoryBytes?: number,
  ) {}

  wrap(launch: Launch): Launch {
    const { port } = launch;
    if (port === undefined) throw new Error('a container needs a port that was decided before');
    const program = this.image.complete ? deployed(launch, this.image.image) : mounted(launch, this.image.image);
    const hasMetrics = launch.env[ENV.metricsPort] !== undefined;
    const env = {
      ...program.env,
      [ENV.host]: '0.0.0.0',
      [ENV.port]: String(CONTAINER.port),
      ...(hasMetrics ? { [ENV.metricsPort]: String(METRICS_PORT) } : {}),
    };
    const args = [
      ...['run', '--pull', 'never', '--name', this.name, '--label', `${OWNER}=${process.pid}@${os.hostname()}`],
      ...['--publish', `127.0.0.1:${port}:${CONTAINER.port}`],
      ...(hasMetrics ? ['--publish', `127.0.0.1::${METRICS_PORT}`] : []),
      ...(this.memoryBytes === undefined ? [] : memoryFlags(this.memoryBytes)),
      ...program.flags,
      ...Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : ['--env', `${name}=${value}`])),
      ...program.command,
    ];
    return { command: 'docker', args, env: {}, port };
  }

  async root(): Promise<ContainerRoot | undefined> {
    const ports = `{{range index .NetworkSettings.Ports "${METRICS_PORT}/tcp"}}{{.HostPort}}{{end}}`;
    const [pid, id, metrics] = await dockerAside('inspect', '--format', `{{.State.Pid}} {{.Id}} ${ports}`, this.name).then(
      said => said.trim().split(' '),
      () => ['0'], // not created yet
    );
    if (pid === '0') return undefined;
    this.counters = countersOf(Number(pid), id);
    return { ...(this.counters ? { pid: Number(pid) } : {}), ...(metrics ? { metricsPort: Number(metrics) } : {}) };
  }

  get cpuUsageFile(): CpuUsageFile | undefined {
    return this.counters?.cpuUsageFile;
  }

  limitCpu(cores: number): void {
    // Docker refuses more than there are, which limit nothing anyway
    docker('update', '--cpus', String(Math.min(cores, os.cpus().length)), this.name);
  }

  throttling(): Throttling | undefined {
    if (this.counters) return this.counters.throttling();
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
    const kills = this.counters?.memoryKills();
    if (kills !== undefined) return kills > 0;
    try {
      // the group ends with the container; the engine has heard of every kill in it
      return docker('inspect', '--format', '{{.State.OOMKilled}}', this.name).trim() === 'true';
    } catch {
      return false; // gone: the exit status tells
    }
  }

  dispose(): void {
    try {
      docker('rm', '--force', '--volumes', this.name);
    } catch {
      // never started, or gone already
    }
  }
}

function memoryFlags(memoryBytes: number): string[] {
  const bytes = String(Math.round(memoryBytes));
  return ['--memory', bytes, '--memory-swap', bytes];
}
