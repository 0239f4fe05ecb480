import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { CgroupConfinement, cgroupHost, cpuLimit, memoryLimit, parseCgroupMounts, parseKeyed } from '../../src/profiler/cgroup';
import { DockerConfinement, newestNodeImage } from '../../src/profiler/docker-limits';
import { temporaryFolder } from '../support/files';
import { scoringServer } from './support/programs';

const V1 = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw`;

describe('parseCgroupMounts', () => {
  test('prefers version 1 where it has the controllers, also when they share a mount', () => {
    const both = '/sys/fs/cgroup/cpu,cpuacct';
    expect(parseCgroupMounts(V1)).toEqual({ version: 1, cpu: both, cpuacct: both, memory: '/sys/fs/cgroup/memory' });
  });

  test('takes version 2 where it is alone', () => {
    const mountinfo = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
    expect(parseCgroupMounts(mountinfo)).toEqual({ version: 2, root: '/sys/fs/cgroup' });
  });

  test('finds nothing where nothing is mounted', () => {
    expect(parseCgroupMounts('')).toBeUndefined();
    expect(cgroupHost('')).toBeUndefined();
  });

  test('reads files of keys and values', () => {
    expect(parseKeyed('nr_periods 10\nnr_throttled 3\n')).toEqual({ nr_periods: 10, nr_throttled: 3 });
  });
});

describe('limits', () => {
  test('version 1: period before quota, memory before memory and swap', () => {
    expect(cpuLimit(1, 0.7)).toEqual([
      { file: 'cpu.cfs_period_us', value: '100000' },
      { file: 'cpu.cfs_quota_us', value: '70000' },
    ]);
    expect(memoryLimit(1, 512 * 1024 ** 2).map(({ file, value }) => `${file}=${value}`)).toEqual([
      'memory.limit_in_bytes=536870912',
      'memory.memsw.limit_in_bytes=536870912',
    ]);
  });

  test('version 2: quota and period in one file, no swap', () => {
    expect(cpuLimit(2, 1.5)).toEqual([{ file: 'cpu.max', value: '150000 100000' }]);
    expect(memoryLimit(2, 1024 ** 3).map(({ file, value }) => `${file}=${value}`)).toEqual([
      'memory.max=1073741824',
      'memory.swap.max=0',
    ]);
  });

  test('a folder without the files of a controller takes no limit', () => {
    const root = temporaryFolder({ 'cgroup.subtree_control': 'cpu memory' });
    expect(() => new CgroupConfinement({ version: 2, root }, 1024 ** 3)).toThrow(/memory\.max/);
    expect(fs.readdirSync(root)).toEqual(['cgroup.subtree_control']);
  });
});

const host = cgroupHost();
const withCgroups = host ? describe : describe.skip;

withCgroups('CgroupConfinement (skipped where control groups cannot be created)', () => {
  const confine = (memoryBytes?: number) => new CgroupConfinement(host ?? { version: 2, root: '/none' }, memoryBytes);
  const run = (group: CgroupConfinement, code: string) => {
    const launch = group.wrap({ command: process.execPath, args: ['-e', code], env: process.env });
    return spawnSync(launch.command, launch.args, { encoding: 'utf8' });
  };

  test('a quota stretches work on the wall, and periods are counted', () => {
    const group = confine();
    try {
      group.limitCpu(0.2);
      const code = `const t = process.hrtime.bigint(); const c = process.cpuUsage(); for (;;) { const { user, system } = process.cpuUsage(c); if (user + system > 200e3) break; } console.log(Number(process.hrtime.bigint() - t) / 1e6)`;
      // 200 ms of work at a fifth of a core take a second, less what was left of the first periods
      expect(Number(run(group, code).stdout)).toBeGreaterThan(600);
      expect(group.throttling().throttled).toBeGreaterThan(2);
      expect(group.throttling().periods).toBeGreaterThanOrEqual(group.throttling().throttled);
    } finally {
      group.dispose();
    }
  });

  test('a program that needs more memory is killed, and that is known', () => {
    const group = confine(120 * 1024 ** 2);
    try {
      const { signal } = run(group, `const held = []; for (;;) held.push(Buffer.alloc(8 * 1024 ** 2, 1))`);
      expect(signal).toBe('SIGKILL');
      expect(group.outOfMemory()).toBe(true);
    } finally {
      group.dispose();
    }
  });

  test('disposing kills what still runs and leaves no group', () => {
    const group = confine();
    const launch = group.wrap({ command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], env: process.env });
    const started = execFileSync('/bin/sh', ['-c', `"$@" >/dev/null 2>&1 & echo $!`, 'sh', launch.command, ...launch.args], {
      encoding: 'utf8',
    });
    const pid = Number(started);
    const usage = group.cpuUsageFile.path;
    expect(fs.existsSync(usage)).toBe(true);
    for (
      let i = 0;
      i < 100 && !fs.readFileSync(path.join(path.dirname(usage), 'cgroup.procs'), 'utf8').includes(String(pid));
      i++
    ) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
    group.dispose();
    expect(fs.existsSync(path.dirname(usage))).toBe(false);
    // reaped or not, it no longer runs
    const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
    expect(['', 'Z', 'Zs']).toContain(state);
  });
});

describe('Docker', () => {
  test('the newest Node image is taken, never one without glibc', () => {
    const images = [
      'python:3.11',
      'node:20-bookworm',
      'node:22-alpine',
      'mirror.local/node:24-bookworm-slim',
      'node:18',
      '<none>:<none>',
    ];
    expect(newestNodeImage(images)).toBe('mirror.local/node:24-bookworm-slim');
    expect(newestNodeImage(['node:18', 'node:22-alpine', 'my-node:22'])).toBeUndefined();
  });

  test('the container has the model, the server and ONNX Runtime, its limits and its settings, and nothing else of the host', () => {
    const bundle = scoringServer();
    const group = new DockerConfinement({ image: 'node:24' }, 256 * 1024 ** 2);
    const env = {
      [ENV.modelDir]: '/data/digits.onnx',
      [ENV.auth]: 'none',
      [ENV.keysDirectory]: undefined,
      HOME: '/root',
      SECRET: 'x',
    };
    const { command, args } = group.wrap({ command: 'node', args: [bundle], env, port: 40123 });
    const line = args.join(' ');
    expect(command).toBe('docker');
    expect(line).toContain('--publish 127.0.0.1:40123:5001');
    expect(line).toContain(`--memory ${256 * 1024 ** 2} --memory-swap ${256 * 1024 ** 2}`);
    expect(line).toContain('source=/data,target=/var/azureml-app/azureml-models,readonly');
    expect(line).toContain(`${ENV.modelDir}=/var/azureml-app/azureml-models/digits.onnx`);
    expect(line).toMatch(/onnxruntime-node,target=\/opt\/model-serving\/node_modules\/onnxruntime-node,readonly/);
    expect(line).toContain(`${ENV.auth}=none`);
    expect(line).not.toMatch(/SECRET|HOME/);
    expect(args.slice(-2)).toEqual(['node:24', '/opt/model-serving/programs/main.js']);
  });
});
