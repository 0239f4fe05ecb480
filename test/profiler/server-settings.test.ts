import {
  describeSettings,
  differOnlyInBatches,
  PLAIN,
  sameSettings,
  settingsEnvironment,
  settingsKey,
} from '../../src/profiler/server-settings';

describe('server settings', () => {
  test('are described by what differs from the plainest', () => {
    expect(describeSettings(PLAIN)).toBe('1 thread');
    expect(describeSettings({ threads: 2, spinning: true, workers: 3, maxBatch: 8 })).toBe(
      '2 threads, spinning, 3 workers, batches up to 8',
    );
  });

  test('have a key that tells them apart', () => {
    const all = [1, 2].flatMap(threads =>
      [true, false].flatMap(spinning =>
        [1, 2].flatMap(workers => [1, 32].map(maxBatch => ({ threads, spinning, workers, maxBatch }))),
      ),
    );
    expect(new Set(all.map(settingsKey)).size).toBe(all.length);
    expect(sameSettings(all[3], { ...all[3] })).toBe(true);
  });

  test('that differ only in batches were measured on one server', () => {
    expect(differOnlyInBatches('t1w1b32', PLAIN)).toBe(true);
    expect(differOnlyInBatches('t1w1b1', PLAIN)).toBe(true);
    expect(differOnlyInBatches('t2w1b32', PLAIN)).toBe(false);
    expect(differOnlyInBatches('t1w11b32', PLAIN)).toBe(false);
    expect(differOnlyInBatches('t1sw1b32', PLAIN)).toBe(false);
  });

  test('reach a server through its environment', () => {
    expect(settingsEnvironment({ threads: 2, spinning: true, workers: 3, maxBatch: 8 })).toEqual({
      MODEL_SERVING_INTRA_OP_THREADS: '2',
      MODEL_SERVING_INTER_OP_THREADS: '1',
      MODEL_SERVING_ALLOW_SPINNING: '1',
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '3',
      MODEL_SERVING_MAX_BATCH: '8',
    });
  });
});
