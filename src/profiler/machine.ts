import * as fs from 'fs';
import { createRequire } from 'module';
import * as os from 'os';
import * as path from 'path';
import { ProfiledMachine } from '../sizing/profile-result';
import { parseCgroupMounts } from './cgroup';
import { GIBIBYTE } from './memory';
import { multiplyKernel } from './multiply-kernel';
import { readOr } from './read-or';

/** What the measurements were taken on. */
export function describeMachine(): ProfiledMachine {
  const [first] = os.cpus();
  const { instructionSets, virtualised } = parseCpuFlags(readOr('/proc/cpuinfo', ''));
  const cpuQuota = ownCpuQuota();
  const cgroups = parseCgroupMounts(readOr('/proc/self/mountinfo', ''));
  return {
    cpuModel: first?.model.trim() || 'unknown',
    cores: os.cpus().length || os.availableParallelism(),
    ...(cpuQuota === undefined ? {} : { cpuQuota: Number(cpuQuota.toFixed(2)) }),
    memoryInGB: Number((os.totalmem() / GIBIBYTE).toFixed(1)),
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    nodeVersion: process.version,
    ...(instructionSets.length === 0 ? {} : { instructionSets }),
    ...(virtualised === undefined ? {} : { virtualised }),
    ...(cgroups ? { cgroupVersion: cgroups.version } : {}),
  };
}

/** Version of the ONNX Runtime that the bundled server at `serverBundle` loads. */
export function onnxRuntimeVersion(serverBundle: string): string {
  try {
    const entry = createRequire(path.resolve(serverBundle)).resolve('onnxruntime-node');
    for (let folder = path.dirname(entry); folder !== path.dirname(folder); folder = path.dirname(folder)) {
      const manifest = path.join(folder, 'package.json');
      if (fs.existsSync(manifest)) return (JSON.parse(fs.readFileSync(manifest, 'utf8')) as { version: string }).version;
    }
  } catch {
    // the server itself says so when it cannot load it
  }
  return 'unknown';
}

/** CPU time of the whole machine since it started, milliseconds over all cores. */
export interface MachineTimes {
  readonly busyMs: number;
  /** Time a hypervisor gave to others while this machine wanted it. */
  readonly stealMs: number;
}

export function machineTimes(): MachineTimes {
  if (process.platform === 'linux') return parseProcStat(fs.readFileSync('/proc/stat', 'utf8'));
  const busyMs = os.cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0);
  return { busyMs, stealMs: 0 };
}

/** The first line of `/proc/stat`: user nice system idle iowait irq softirq steal …, in hundredths of a second. */
export function parseProcStat(text: string): MachineTimes {
  const [, user, nice, system, , , irq, softirq, steal] = text.split('\n', 1)[0].split(/\s+/).map(Number);
  return { busyMs: (user + nice + system + irq + softirq) * 10, stealMs: (steal || 0) * 10 };
}

/** Prefixes: `avx512_vnni` and `amx_int8` are of these. */
const INSTRUCTION_SETS = ['avx', 'fma', 'f16c', 'amx', 'asimd', 'sve', 'i8mm', 'bf16'];

/** From the text of `/proc/cpuinfo`; only x86 says whether there is a hypervisor. */
export function parseCpuFlags(cpuinfo: string): { readonly instructionSets: string[]; readonly virtualised?: boolean } {
  const [, name, flags] = /^(flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo) ?? [];
  const all = new Set(flags?.split(/\s+/).filter(Boolean));
  const instructionSets = [...all].filter(flag => INSTRUCTION_SETS.some(prefix => flag.startsWith(prefix))).sort();
  return name === 'flags' ? { instructionSets, virtualised: all.has('hypervisor') } : { instructionSets };
}

/**
 * Cores that the control groups around this process allow it, undefined where they set no limit: what is measured inside a
 * limited container says nothing about larger sizes.
 */
export function ownCpuQuota(read: (file: string) => string = file => readOr(file, '')): number | undefined {
  const host = parseCgroupMounts(read('/proc/self/mountinfo'));
  if (!host) return undefined;
  const mount = host.version === 1 ? host.cpu : host.root;
  const quotas = groupsAround(mount, ownGroup(read('/proc/self/cgroup'), host.version)).map(group =>
    host.version === 1
      ? Number(read(`${group}/cpu.cfs_quota_us`)) / Number(read(`${group}/cpu.cfs_period_us`))
      : parseCpuMax(read(`${group}/cpu.max`)),
  );
  const limits = quotas.filter(quota => quota > 0 && Number.isFinite(quota));
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** The path of this process's group from the text of `/proc/self/cgroup`: `id:controllers:path`, with none in version 2. */
function ownGroup(cgroup: string, version: 1 | 2): string {
  const rows = cgroup.split('\n').map(line => line.split(':'));
  const row = rows.find(([, controllers]) => (version === 2 ? controllers === '' : controllers?.split(',').includes('cpu')));
  return row?.slice(2).join(':') ?? '/';
}

/** The mount itself, which in a container is the group of the container, and each group on the way down to our own. */
function groupsAround(mount: string, group: string): string[] {
  const names = group.split('/').filter(name => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, depth) => [mount, ...names.slice(0, depth)].join('/'));
}

/** `200000 100000` is two cores, `max 100000` none at all. */
function parseCpuMax(text: string): number {
  const [quota, period] = text.trim().split(' ').map(Number);
  return quota / period;
}

/**
 * How fast a core runs right now: single-precision multiply-adds per CPU millisecond.
 * Cores of virtual machines change speed by up to 1.9 times from minute to minute with no neighbour to be seen, and CPU time per request
 * changes with them; measured beside every window, this takes it out.
 */
export function coreSpeed(budgetMs = 15): number {
  // the best of them: a collector at work beside it, a cold core or an interrupt make it slower than the core is, and nothing faster
  return Math.max(...Array.from({ length: 3 }, () => multiplyAddsPerMs(budgetMs / 3)));
}

function multiplyAddsPerMs(budgetMs: number): number {
  const kernel = multiplyKernel();
  const began = performance.now();
  const before = process.cpuUsage();
  let runs = 0;
  let wallMs: number;
  do {
    kernel.run();
    runs++;
    wallMs = performance.now() - began;
  } while (wallMs < budgetMs);
  const { user, system } = process.cpuUsage(before);
  // some systems count CPU time in steps that are longer than this
  return (runs * kernel.multiplyAdds) / ((user + system) / 1000 || wallMs);
}
