import { ChildProcess, spawn } from 'child_process';
import * as fc from 'fast-check';
import { GIBIBYTE, memoryForPeak, MemoryWatch, MEMORY_MARGIN, parseMappedFiles } from '../../src/profiler/memory';
import { SIZE_GRIDS } from '../../src/sizing/compute-size';

const MIB = 1024 ** 2;

describe('memoryForPeak', () => {
  test('is the least legal memory that holds the peak and its margin', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.constantFrom('local', 'aci', 'aks', 'edge'), (mebibytes, target) => {
        const grid = SIZE_GRIDS[target];
        const needed = (mebibytes * MIB * MEMORY_MARGIN) / GIBIBYTE;
        const given = memoryForPeak(mebibytes * MIB, grid);
        const step = Math.max(grid.searchStep.memoryInGB, grid.memoryStepInGB);
        expect(given).toBeGreaterThanOrEqual(needed - 1e-9);
        expect(given).toBeGreaterThanOrEqual(grid.minMemoryInGB);
        expect(given - step).toBeLessThan(Math.max(needed, grid.minMemoryInGB));
      }),
    );
  });

  test('a larger peak never gets less', () => {
    expect(memoryForPeak(0.1 * GIBIBYTE, SIZE_GRIDS.aci)).toBe(0.2);
    expect(memoryForPeak(0.5 * GIBIBYTE, SIZE_GRIDS.aci)).toBe(0.6);
  });
});

describe('parseMappedFiles', () => {
  const region = (range: string, offset: string, name: string, rss: number, anonymous = 0) =>
    `${range} r-xp ${offset} 08:01 42      ${name}\nSize: 999 kB\nRss:   ${rss} kB\nPss: 1 kB\nAnonymous:  ${anonymous} kB\nVmFlags: rd ex\n`;

  test('counts file pages by file and offset, without private copies and unnamed memory', () => {
    const text =
      region('7f00-7f10', '00000000', '/usr/lib/a.so', 100) +
      region('7f10-7f20', '00001000', '/usr/lib/a.so', 40, 30) +
      '7f20-7f30 rw-p 00000000 00:00 0 \nRss: 500 kB\nAnonymous: 500 kB\n' +
      region('7f30-7f40', '00000000', '[heap]', 70, 70);
    expect([...parseMappedFiles(text).values()]).toEqual([100 * 1024, 10 * 1024]);
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('MemoryWatch', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  test('keeps the peak of a moment that has passed, over all processes below', async () => {
    // a child of a child takes 80 MiB, gives it back and says so
    const taker = `let b = Buffer.alloc(80 * 1024 ** 2, 1); b = undefined; globalThis.gc(); console.log('gone'); setInterval(() => {}, 1000)`;
    const parent = `require('child_process').spawn(process.execPath, ['--expose-gc', '-e', ${JSON.stringify(taker)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
    child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const watch = new MemoryWatch(child.pid ?? 0);
    try {
      await new Promise(resolve => child?.stdout?.once('data', resolve));
      const peak = watch.peak();
      expect(peak).toBeGreaterThan(80 * MIB);
      expect(peak).toBeLessThan(400 * MIB);
      expect(watch.points.length).toBeGreaterThan(0);
    } finally {
      watch.stop();
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    }
  });
});
