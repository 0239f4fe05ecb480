import { spawn } from 'child_process';
import { parseProcStat } from '../../src/profiler/machine';
import { parseMajorFaults, parseProcessTable, processTree, treeTimes } from '../../src/profiler/process-tree';

describe('parseProcessTable', () => {
  test('reads what ps prints, with and without days and hundredths', () => {
    const text = '    1     0   1200 00:00:01\n   42     1  90112 1-02:03:04\n   43    42   2048   0:01.50\n';
    expect(parseProcessTable(text)).toEqual([
      { pid: 1, parent: 0, rssKiB: 1200, cpuMs: 1000 },
      { pid: 42, parent: 1, rssKiB: 90112, cpuMs: (((24 + 2) * 60 + 3) * 60 + 4) * 1000 },
      { pid: 43, parent: 42, rssKiB: 2048, cpuMs: 1500 },
    ]);
  });
});

describe('parseProcStat', () => {
  test('counts what ran and what the hypervisor took, and leaves out idling', () => {
    const { busyMs, stealMs } = parseProcStat('cpu  10 1 5 1000 50 2 3 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n');
    expect(busyMs).toBe(210);
    expect(stealMs).toBe(70);
  });
});

describe('parseMajorFaults', () => {
  test("adds the ended children's to its own, and is not led astray by the program's name", () => {
    expect(parseMajorFaults('42 (a (b) 7 c) S 1 42 42 0 -1 4194560 9000 800 17 5 3 2 0 0 20 0 1 0 100 0 0')).toBe(22);
    expect(parseMajorFaults('')).toBe(0);
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('processTree', () => {
  test('finds children of children, and their CPU time is counted', async () => {
    const burn = `const { user } = process.cpuUsage(); while (process.cpuUsage().user - user < 200e3); console.log(process.pid); setInterval(() => {}, 1000)`;
    const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(burn)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const pid = child.pid ?? 0;
    try {
      const grandchild = await new Promise<number>(resolve => child.stdout.once('data', data => resolve(Number(data))));
      expect(processTree(pid)[0]).toBe(pid);
      expect(processTree(pid)).toContain(grandchild);
      expect(treeTimes(pid).cpuMs).toBeGreaterThan(200);
      expect(treeTimes(pid, [pid]).cpuMs).toBeLessThan(treeTimes(pid).cpuMs);
    } finally {
      process.kill(-pid, 'SIGKILL');
    }
  });

  test('is empty of everything but the root once all have ended', () => {
    expect(processTree(2 ** 22 - 1)).toEqual([2 ** 22 - 1]);
    expect(treeTimes(2 ** 22 - 1)).toEqual({ cpuMs: 0, runQueueWaitMs: 0 });
  });
});
