import { ChildProcess, spawn } from 'child_process';
import { once } from 'events';
import * as fc from 'fast-check';
import { Readable } from 'stream';
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

/** A program of programs: each takes 80 MiB after its delay, says so, gives them back after `holdMs` and says that, too. */
const takers = (delaysMs: readonly number[], holdMs: number): string => {
  const taker = (delayMs: number) =>
    `setTimeout(() => { let b = Buffer.alloc(80 * 1024 ** 2, 1); console.log('taken'); ` +
    `setTimeout(() => { b = undefined; globalThis.gc(); console.log('gone'); }, ${holdMs}); }, ${delayMs}); setInterval(() => {}, 1000);`;
  const spawned = delaysMs.map(
    delay => `spawn(process.execPath, ['--expose-gc', '-e', ${JSON.stringify(taker(delay))}], { stdio: 'inherit' });`,
  );
  return `const { spawn } = require('child_process'); ${spawned.join(' ')} setInterval(() => {}, 1000)`;
};

onLinux('MemoryWatch', () => {
  let watch: MemoryWatch;
  let child: ChildProcess;
  afterEach(() => {
    watch.stop();
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  });

  /** Starts the program and resolves when it has said something so many times. */
  const watched = async (program: string, words: number): Promise<void> => {
    child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    watch = new MemoryWatch(child.pid ?? 0);
    await said(words);
  };
  const said = async (words: number): Promise<void> => {
    for (let seen = 0; seen < words;) {
      const [text] = (await once(child.stdout as Readable, 'data')) as [Buffer];
      seen += text.toString().trim().split('\n').length;
    }
  };

  test('keeps the peak of a moment that has passed, over all processes below', async () => {
    await watched(takers([0], 0), 2);
    const { peakBytes, anonymousPeakBytes, points } = watch.figures();
    expect(peakBytes).toBeGreaterThan(80 * MIB);
    expect(peakBytes).toBeLessThan(400 * MIB);
    expect(anonymousPeakBytes).toBeGreaterThan(80 * MIB);
    expect(anonymousPeakBytes).toBeLessThan(peakBytes);
    expect(points.length).toBeGreaterThan(0);
  });

  test('does not add what two processes took one after the other', async () => {
    await watched(takers([0, 900], 100), 4);
    const { anonymousPeakBytes } = watch.figures();
    expect(anonymousPeakBytes).toBeGreaterThan(80 * MIB);
    expect(anonymousPeakBytes).toBeLessThan(160 * MIB);
  });

  test('tells the load peak from what running needs', async () => {
    await watched(takers([0], 0), 2);
    watch.endLoad();
    await new Promise(resolve => setTimeout(resolve, 150));
    const { loadPeakBytes, peakBytes, anonymousPeakBytes, neededBytes, points, loadedAtMs } = watch.figures();
    expect(loadPeakBytes).toBe(peakBytes);
    // of what was mapped, half can be read again
    expect(neededBytes).toBeGreaterThan(anonymousPeakBytes);
    expect(neededBytes).toBeLessThan(peakBytes);
    expect(points.at(-1)?.atMs).toBeGreaterThan(loadedAtMs);
  });
});
