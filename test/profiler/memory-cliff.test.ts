import * as fc from 'fast-check';
import { CliffProbe, findCliff } from '../../src/profiler/memory-cliff';

const MIB = 1024 ** 2;
const calm = (medianMs: number, majorFaultsPerRequest = 0): CliffProbe => ({ killed: false, medianMs, majorFaultsPerRequest });

/** A server that is killed below `least`, reads pages again below `knee`, and is at its ease above. */
const server =
  (least: number, knee: number) =>
  (limit: number): Promise<CliffProbe> =>
    Promise.resolve(limit < least ? { killed: true } : limit < knee ? calm(10 + 0.2 * (knee - limit), 40) : calm(10));

describe('findCliff', () => {
  test('goes down to the first limit behind the edge, and no further', async () => {
    const start = jest.fn((limit: number) => server(30, 80)(limit / MIB));
    const { points, kneeBytes } = await findCliff({
      start,
      peakBytes: 100 * MIB,
      recommendedBytes: 115 * MIB,
      steps: [1, 0.85, 0.5, 0.4],
    });
    expect(points.map(({ limitBytes }) => limitBytes / MIB)).toEqual([115, 100, 85, 50]);
    expect(points.at(-1)).toMatchObject({ medianMs: 16, majorFaultsPerRequest: 40 });
    expect(kneeBytes).toBe(85 * MIB);
    expect(start).toHaveBeenCalledTimes(4);
  });

  test('a limit that kills is the last point, without a latency', async () => {
    const { points } = await findCliff({ start: server(95, 95), peakBytes: 100, recommendedBytes: 120, steps: [1, 0.9, 0.8] });
    expect(points.at(-1)).toEqual({ limitBytes: 90 });
  });

  test('has no knee where even the recommended memory is too little', async () => {
    expect(await findCliff({ start: server(200, 200), peakBytes: 100, recommendedBytes: 120 })).toEqual({
      points: [{ limitBytes: 120 }],
    });
  });

  test('does not begin a probe that would end after the cap', async () => {
    const slowly = async (limit: number) => {
      await new Promise(resolve => setTimeout(resolve, 60));
      return server(0, 0)(limit);
    };
    const { points } = await findCliff({ start: slowly, peakBytes: 100, recommendedBytes: 120, capMs: 100 });
    expect(points.map(({ limitBytes }) => limitBytes)).toEqual([120]);
  });

  test('whatever the server, limits descend and the knee is one at which it was at its ease', async () => {
    const size = fc.integer({ min: 1, max: 300 });
    await fc.assert(
      fc.asyncProperty(size, size, size, size, async (least, knee, peakBytes, recommendedBytes) => {
        const { points, kneeBytes } = await findCliff({
          start: server(least, Math.max(least, knee)),
          peakBytes,
          recommendedBytes,
        });
        const limits = points.map(({ limitBytes }) => limitBytes);
        expect(limits).toEqual([...limits].sort((a, b) => b - a));
        expect(limits[0]).toBe(recommendedBytes);
        if (kneeBytes !== undefined) expect(kneeBytes).toBeGreaterThanOrEqual(Math.max(least, knee));
        else expect(recommendedBytes).toBeLessThan(Math.max(least, knee));
      }),
    );
  });
});
