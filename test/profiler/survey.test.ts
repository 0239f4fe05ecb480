import { Measurement } from '../../src/profiler/measurement';
import { PLAIN, settingsKey } from '../../src/profiler/server-settings';
import { doubtsAbout, memoryWith } from '../../src/profiler/survey';
import { WarmUp } from '../../src/profiler/warm-up';

const STEADY: WarmUp = { steadiness: 'steady', dropped: 0, drift: 0.01 };
const AGREEING = { windowCpuMs: [10, 10.3, 9.8, 10.1, 10.2] };
const DISAGREEING = { windowCpuMs: [10, 10.2, 16, 17, 9.8, 16.5] };
const REFUSE = { allowNoise: false, allowUnsteady: false };

function windowBeside(foreignCores: number): Measurement {
  const none = new Float64Array(0);
  const load = {
    latenciesMs: none,
    dueMs: none,
    lagMs: none,
    cpuMs: none,
    elapsedMs: 1,
    failed: 0,
    generatorCores: 0,
    generatorCpuMs: 0,
  };
  const figures = { answered: 1, cpuMsPerRequest: 1, waitMsPerRequest: 0, cores: 0.1, coreSpeed: 1000, atMs: 0 };
  const disturbance = { waiting: 0, steal: 0, speedChange: 0, foreignCores };
  return { kind: 'serial', settings: settingsKey(PLAIN), load, ...figures, disturbance };
}

const QUIET = [windowBeside(0), windowBeside(0.02)];
const BUSY = [windowBeside(1.2), windowBeside(0.9)];

describe('measurements that disagree', () => {
  test('are refused where others disturbed them: HOST_NOISY with how many and why', () => {
    expect(() => doubtsAbout(BUSY, STEADY, DISAGREEING, REFUSE)).toThrow(
      expect.objectContaining({
        code: 'HOST_NOISY',
        problem: expect.stringMatching(/2 of 2 measuring windows .*other programs used 1\.2 cores/),
      }),
    );
  });

  test('are taken with a word where that was allowed', () => {
    expect(doubtsAbout(BUSY, STEADY, DISAGREEING, { ...REFUSE, allowNoise: true })).toEqual([
      expect.stringMatching(/differ by \d+ %: other programs/),
    ]);
  });

  test('are no fault of the machine where nobody disturbed them', () => {
    expect(doubtsAbout(QUIET, STEADY, DISAGREEING, REFUSE)).toEqual([]);
  });

  test('are none where a busy machine still measured the same each time', () => {
    expect(doubtsAbout(BUSY, STEADY, AGREEING, REFUSE)).toEqual([]);
  });

  test('that get dearer and dearer are refused: UNSTEADY, or taken with a word', () => {
    const growing: WarmUp = { steadiness: 'getting-dearer', dropped: 0, drift: 0.8 };
    expect(() => doubtsAbout(QUIET, growing, AGREEING, REFUSE)).toThrow(expect.objectContaining({ code: 'UNSTEADY' }));
    expect(doubtsAbout(QUIET, growing, AGREEING, { ...REFUSE, allowUnsteady: true })).toEqual([
      expect.stringMatching(/never came to a steady cost: each cost 80 % more/),
    ]);
  });
});

describe('memory of settings', () => {
  const figures = (peakBytes: number) => ({
    ...{ points: [], loadedAtMs: 1, loadPeakBytes: 1, anonymousPeakBytes: 1 },
    ...{ neededBytes: peakBytes, peakBytes },
  });
  const measured = new Map([
    ['t1w1b1', figures(1)],
    ['t1w1b32', figures(2)],
    ['t2w1b32', figures(3)],
  ]);

  test('is that of the same settings, else of a server that differs only in the sharing of runs', () => {
    expect(memoryWith(measured, { ...PLAIN, maxBatch: 32 }).peakBytes).toBe(2);
    expect(memoryWith(measured, PLAIN).peakBytes).toBe(1);
    expect(memoryWith(measured, { ...PLAIN, threads: 2 }).peakBytes).toBe(3);
    expect(() => memoryWith(measured, { ...PLAIN, workers: 2 })).toThrow(/not measured/);
  });
});
