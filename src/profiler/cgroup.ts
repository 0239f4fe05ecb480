import * as fs from 'fs';
import * as path from 'path';
import type { Confinement, CpuUsageFile, Launch, Throttling } from './confinement';
import { GroupCounters, GroupFolders, parseMembership } from './group-counters';
import { isAlive } from './process-tree';
import { CFS_PERIOD_MS } from './quota-simulator';
import { readOr } from './read-or';

/** Where control groups are mounted. Version 1 has a hierarchy for each controller, version 2 one for all. */
export type CgroupHost =
  | { readonly version: 1; readonly cpu: string; readonly cpuacct: string; readonly memory: string }
  | { readonly version: 2; readonly root: string };

const PREFIX = 'model-serving-profile';
let created = 0;

/** The control groups of this machine, if this process may create some with CPU and memory limits. */
export function cgroupHost(mountinfo = readOr('/proc/self/mountinfo', '')): CgroupHost | undefined {
  const host = parseCgroupMounts(mountinfo);
  if (!host) return undefined;
  try {
    sweepAbandoned(host);
    const probe = new CgroupConfinement(host, 1024 ** 3);
    try {
      probe.limitCpu(1);
    } finally {
      probe.dispose();
    }
    return host;
  } catch {
    return undefined; // not root, or mounted read-only as in a container
  }
}

/** Mount points of the controllers from the text of `/proc/self/mountinfo`. Paths with spaces are escaped there and not expected. */
export function parseCgroupMounts(mountinfo: string): CgroupHost | undefined {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    if (!after) continue;
    const mountPoint = before.split(' ')[4];
    const [type, , options] = after.split(' ');
    if (type === 'cgroup2') unified = mountPoint;
    if (type === 'cgroup') for (const option of options.split(',')) controllers.set(option, mountPoint);
  }
  const [cpu, cpuacct, memory] = ['cpu', 'cpuacct', 'memory'].map(name => controllers.get(name));
  if (cpu && cpuacct && memory) return { version: 1, cpu, cpuacct, memory };
  return unified ? { version: 2, root: unified } : undefined;
}

/**
 * One control group below the mount's root, so that no limit of our own group changes what is measured.
 * Source of file names and units: kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
 */
export class CgroupConfinement implements Confinement {
  private readonly name = `${PREFIX}-${process.pid}-${++created}`;
  private readonly directories: readonly string[];
  private readonly counters: GroupCounters;

  constructor(
    private readonly host: CgroupHost,
    memoryBytes?: number,
  ) {
    this.directories = [...new Set(mountsOf(host))].map(mount => path.join(mount, this.name));
    this.counters = new GroupCounters(foldersOf(host, () => this.name));
    try {
      if (host.version === 2) enableControllers(host.root);
      for (const directory of this.directories) fs.mkdirSync(directory);
      if (memoryBytes !== undefined) this.apply('memory', memoryLimit(host.version, memoryBytes));
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get cpuUsageFile(): CpuUsageFile {
    return this.counters.cpuUsageFile;
  }

  wrap(launch: Launch): Launch {
    // the shell joins the groups and becomes the program, so that even loading is inside
    const join = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 125; shift; n=$((n-1)); done; exec "$@"';
    const members = this.directories.map(directory => path.join(directory, 'cgroup.procs'));
    const args = ['-c', join, 'sh', String(members.length), ...members, launch.command, ...launch.args];
    return { ...launch, command: '/bin/sh', args };
  }

  limitCpu(cores: number): void {
    this.apply('cpu', cpuLimit(this.host.version, cores));
  }

  throttling(): Throttling {
    return this.counters.throttling() ?? { periods: 0, throttled: 0 };
  }

  outOfMemory(): boolean {
    return (this.counters.memoryKills() ?? 0) > 0;
  }

  dispose(): void {
    for (const directory of this.directories) removeGroup(directory);
  }

  private apply(controller: 'cpu' | 'memory', settings: readonly Setting[]): void {
    for (const { file, value, optional } of settings) {
      const target = this.file(controller, file);
      if (!optional || fs.existsSync(target)) write(target, value);
    }
  }

  private file(controller: 'cpu' | 'memory', name: string): string {
    return path.join(this.host.version === 1 ? this.host[controller] : this.host.root, this.name, name);
  }
}

/**
 * The counters of the group that a process is in, whoever made it; undefined where that cannot be seen from here. `name` is
 * part of the group's name: on another machine the same number is another process.
 */
export function countersOf(pid: number, name: string): GroupCounters | undefined {
  const host = parseCgroupMounts(readOr('/proc/self/mountinfo', ''));
  if (!host) return undefined;
  const groups = parseMembership(readOr(`/proc/${pid}/cgroup`, ''));
  const folders = foldersOf(host, controller => groups.get(host.version === 1 ? controller : '') ?? '');
  const isVisible = [folders.cpu, folders.memory].every(folder => folder.includes(name) && fs.existsSync(folder));
  return isVisible ? new GroupCounters(folders) : undefined;
}

function foldersOf(host: CgroupHost, group: (controller: string) => string): GroupFolders {
  const folder = (controller: 'cpu' | 'cpuacct' | 'memory') =>
    path.join(host.version === 1 ? host[controller] : host.root, group(controller));
  return { version: host.version, cpu: folder('cpu'), cpuacct: folder('cpuacct'), memory: folder('memory') };
}

/** A file of a group and what to write into it; optional where not every kernel has it. */
interface Setting {
  readonly file: string;
  readonly value: string;
  readonly optional?: boolean;
}

/** What limits a group to so many cores; written in this order. */
export function cpuLimit(version: 1 | 2, cores: number): Setting[] {
  const period = CFS_PERIOD_MS * 1000;
  const quota = Math.round(cores * period);
  if (version === 2) return [{ file: 'cpu.max', value: `${quota} ${period}` }];
  return [
    { file: 'cpu.cfs_period_us', value: String(period) },
    { file: 'cpu.cfs_quota_us', value: String(quota) },
  ];
}

/** What limits a group to so much memory and no swap; memory comes before memory and swap together. */
export function memoryLimit(version: 1 | 2, bytes: number): Setting[] {
  const value = String(Math.round(bytes));
  if (version === 2) {
    return [
      { file: 'memory.max', value },
      { file: 'memory.swap.max', value: '0', optional: true },
    ];
  }
  return [
    { file: 'memory.limit_in_bytes', value },
    { file: 'memory.memsw.limit_in_bytes', value, optional: true },
  ];
}

const mountsOf = (host: CgroupHost): string[] => (host.version === 1 ? [host.cpu, host.cpuacct, host.memory] : [host.root]);

/** Version 2 gives children only the controllers that the parent hands down. */
function enableControllers(root: string): void {
  const file = path.join(root, 'cgroup.subtree_control');
  const enabled = readOr(file, '').split(/\s+/);
  const missing = ['cpu', 'memory'].filter(controller => !enabled.includes(controller));
  if (missing.length > 0) write(file, missing.map(controller => `+${controller}`).join(' '));
}

/** Groups of profiles that were killed before they could clean up. */
function sweepAbandoned(host: CgroupHost): void {
  for (const mount of new Set(mountsOf(host))) {
    for (const entry of fs.readdirSync(mount)) {
      const owner = new RegExp(`^${PREFIX}-(\\d+)-\\d+$`).exec(entry);
      if (owner && !isAlive(Number(owner[1]))) removeGroup(path.join(mount, entry));
    }
  }
}

/** A group can be removed when its last process is gone, which the kernel does a moment after the kill. */
function removeGroup(directory: string): void {
  for (let attempt = 0; attempt < 100 && fs.existsSync(directory); attempt++) {
    for (const pid of readOr(path.join(directory, 'cgroup.procs'), '').split('\n').filter(Boolean)) kill(Number(pid));
    try {
      fs.rmdirSync(directory);
    } catch {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

/** Opens what exists only: these files appear with their directory, and creating one would hide a missing controller. */
function write(file: string, value: string): void {
  const descriptor = fs.openSync(file, 'r+');
  try {
    fs.writeSync(descriptor, value);
  } finally {
    fs.closeSync(descriptor);
  }
}
