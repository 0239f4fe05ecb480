import * as fc from 'fast-check';
import { multiplyKernel } from '../../src/profiler/multiply-kernel';
import { coreSpeed, describeMachine, ownCpuQuota, parseCpuFlags } from '../../src/profiler/machine';

const V2_MOUNT = '30 23 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n';
const V1_MOUNTS = ['cpu,cpuacct', 'memory']
  .map((options, i) => `${40 + i} 23 0:${26 + i} / /cg/${options} rw shared:4 - cgroup cgroup rw,${options}\n`)
  .join('');

/** A machine of which only these files are there. */
const machine = (files: Record<string, string>) => (file: string) => files[file] ?? '';

describe('ownCpuQuota', () => {
  test('is the least of all groups around the process', () => {
    const files = {
      '/proc/self/mountinfo': V2_MOUNT,
      '/proc/self/cgroup': '0::/pods/one/main\n',
      '/sys/fs/cgroup/pods/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/pods/one/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/pods/one/main/cpu.max': '400000 100000\n',
    };
    expect(ownCpuQuota(machine(files))).toBe(1.5);
  });

  test('reads version 1, and a container whose own group is all that it sees', () => {
    const files = {
      '/proc/self/mountinfo': V1_MOUNTS,
      '/proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n',
      '/cg/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
      '/cg/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    };
    expect(ownCpuQuota(machine(files))).toBe(0.5);
  });

  test('is undefined without a limit, and whatever the files say it is a positive number or undefined', () => {
    const mounts = { '/proc/self/mountinfo': V1_MOUNTS, '/proc/self/cgroup': '2:cpu,cpuacct:/\n' };
    expect(ownCpuQuota(machine({}))).toBeUndefined();
    expect(
      ownCpuQuota(
        machine({ ...mounts, '/cg/cpu,cpuacct/cpu.cfs_quota_us': '-1\n', '/cg/cpu,cpuacct/cpu.cfs_period_us': '100000\n' }),
      ),
    ).toBeUndefined();
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (mountinfo, group, max) => {
        const quota = ownCpuQuota(file =>
          file.endsWith('mountinfo') ? V2_MOUNT + mountinfo : file.endsWith('/cgroup') ? group : max,
        );
        expect(quota === undefined || (quota > 0 && Number.isFinite(quota))).toBe(true);
      }),
    );
  });
});

test('instruction sets are those that decide about kernels', () => {
  const x86 = 'model name : x\nflags\t\t: fpu sse2 avx avx2 fma hypervisor avx512_vnni amx_int8\n';
  expect(parseCpuFlags(x86)).toEqual({ instructionSets: ['amx_int8', 'avx', 'avx2', 'avx512_vnni', 'fma'], virtualised: true });
  expect(parseCpuFlags('Features : fp asimd asimddp sve\n')).toEqual({ instructionSets: ['asimd', 'asimddp', 'sve'] });
  expect(parseCpuFlags('')).toEqual({ instructionSets: [] });
});

test('the description of a machine survives a journal', () => {
  const machine = describeMachine();
  expect(JSON.parse(JSON.stringify(machine))).toEqual(machine);
});

test('the reference work uses vectors of four where the processor has them', () => {
  expect(multiplyKernel().multiplyAdds).toBe(20_000 * 8 * 4);
});

test('the core speed does not depend on how long it is measured', () => {
  coreSpeed(60);
  const [short, long] = [Math.max(...[1, 2, 3].map(() => coreSpeed(10))), Math.max(...[1, 2, 3].map(() => coreSpeed(40)))];
  expect(short / long).toBeGreaterThan(0.5);
  expect(short / long).toBeLessThan(2);
});
