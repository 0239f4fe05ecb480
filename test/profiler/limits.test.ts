import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { CgroupConfinement, cgroupHost, cpuLimit, memoryLimit, parseCgroupMounts } from '../../src/profiler/cgroup';
import { DockerConfinement, newestNodeImage } from '../../src/profiler/docker-limits';
import { GroupCounters, parseKeyed, parseMembership } from '../../src/profiler/group-counters';
import { findLimitSupport } from '../../src/profiler/limits';
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

describe('GroupCounters', () => {
  test('the groups of a process are told by controller, or by none in version 2', () => {
    const v1 = parseMembership('4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/a:b\n');
    expect([v1.get('memory'), v1.get('cpuacct'), v1.get('name=systemd')]).toEqual(['/docker/abc', '/docker/abc', '/a:b']);
    expect(parseMembership('0::/system.slice/docker-abc.scope\n').get('')).toBe('/system.slice/docker-abc.scope');
  });

  test('version 2 is read where it keeps things', () => {
    const folder = temporaryFolder({
      'cpu.stat': 'usage_usec 7\nnr_periods 10\nnr_throttled 3\n',
      'memory.events': 'low 0\noom 4\noom_kill 2\n',
    });
    const counters = new GroupCounters({ version: 2, cpu: folder, cpuacct: folder, memory: folder });
    expect(counters.throttling()).toEqual({ periods: 10, throttled: 3 });
    expect(counters.memoryKills()).toBe(2);
    expect(counters.cpuUsageFile).toEqual({ path: path.join(folder, 'cpu.stat'), key: 'usage_usec', unitsPerMs: 1000 });
  });

  test('a group that is gone says nothing rather than zero', () => {
    const counters = new GroupCounters({ version: 1, cpu: '/none', cpuacct: '/none', memory: '/none' });
    expect([counters.throttling(), counters.memoryKills()]).toEqual([undefined, undefined]);
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

  const own = {
    [ENV.modelDir]: '/data/digits.onnx',
    [ENV.auth]: 'none',
    [ENV.keysDirectory]: undefined,
    [ENV.metricsPort]: '0',
    OMP_NUM_THREADS: '1',
  };

  test('a mounted program has the model, the server and ONNX Runtime, its limits and its variables, and nothing else of the host', () => {
    const group = new DockerConfinement({ image: 'node:24' }, 256 * 1024 ** 2);
    const { command, args } = group.wrap({ command: 'node', args: [scoringServer()], env: own, port: 40123 });
    const line = args.join(' ');
    expect(command).toBe('docker');
    expect(line).toContain('--publish 127.0.0.1:40123:5001 --publish 127.0.0.1::5002');
    expect(line).toContain(`--memory ${256 * 1024 ** 2} --memory-swap ${256 * 1024 ** 2}`);
    expect(line).toContain('source=/data,target=/var/azureml-app/azureml-models/data,readonly');
    expect(line).toContain(`${ENV.modelDir}=/var/azureml-app/azureml-models/data/digits.onnx`);
    expect(line).toMatch(/onnxruntime-node,target=\/opt\/model-serving\/node_modules\/onnxruntime-node,readonly/);
    expect(args.filter((_, index) => args[index - 1] === '--env').map(each => each.split('=')[0])).toEqual([
      ENV.modelDir,
      ENV.auth,
      ENV.metricsPort,
      'OMP_NUM_THREADS',
      ENV.host,
      ENV.port,
    ]);
    expect(args.slice(-2)).toEqual(['node:24', '/opt/model-serving/programs/main.js']);
  });

  test('a model in its <name>/<version> folder keeps both names', () => {
    const folder = path.join(temporaryFolder({ 'digits/3/model.onnx': '' }), 'digits', '3');
    const env = { [ENV.modelDir]: folder };
    const { args } = new DockerConfinement({ image: 'node:24' }).wrap({ command: 'node', args: [scoringServer()], env, port: 1 });
    expect(args).toContain(`type=bind,source=${folder},target=/var/azureml-app/azureml-models/digits/3,readonly`);
    expect(args).toContain(`${ENV.modelDir}=/var/azureml-app/azureml-models/digits/3`);
  });

  test('a script brings its folder, whatever that is called', () => {
    const env = { [ENV.modelDir]: '', [ENV.appRoot]: '/srv/a,b', [ENV.entryScript]: 'score.js' };
    const { args } = new DockerConfinement({ image: 'node:24' }).wrap({ command: 'node', args: [scoringServer()], env, port: 1 });
    expect(args).toContain('type=bind,"source=/srv/a,b",target=/var/azureml-app/azureml-app,readonly');
    expect(args).toContain(`${ENV.appRoot}=/var/azureml-app/azureml-app`);
    expect(args.join(' ')).not.toContain('azureml-models');
  });

  test('a complete image runs its own program as its deployments do, with nothing mounted and nothing to write to but /tmp', () => {
    const group = new DockerConfinement({ image: 'reader:1', complete: true });
    const line = group.wrap({ command: 'docker', args: [], env: { [ENV.auth]: 'none' }, port: 40123 }).args.join(' ');
    expect(line).toContain('--read-only --tmpfs /tmp:rw,noexec,nosuid,nodev --cap-drop ALL --security-opt no-new-privileges');
    expect(line).not.toMatch(/--mount|--entrypoint|--memory/);
    expect(line).toMatch(/ reader:1$/);
  });

  test('an image is limited by its engine, whatever else this machine can do', () => {
    expect(findLimitSupport({ image: 'reader:1' })?.kind).toBe('docker');
  });
});
