import { EventEmitter } from 'events';
import * as fc from 'fast-check';
import { RunCost } from '../../src/scoring/engine/batch-cost';
import { BatchLimit } from '../../src/scoring/engine/batch-limit';
import { LoadedService, ScoreAnswer, ScoreRequest } from '../../src/scoring/engine/engine';
import { EnginePool, EnginePoolOptions } from '../../src/scoring/engine/engine-pool';
import { Log } from '../../src/scoring/log';
import { VirtualTime } from './support/virtual-time';

/** Twelve products of 1024×1024, as measured: most of a single run is the reading of the weights. */
const PRODUCTS = { fixedMs: 1.7, perRequestMs: 0.4 };
const ALL_BY_THE_ROW = { fixedMs: 0, perRequestMs: 3 };
/** A model whose rows no longer fit the cache together. */
const WORSE_TOGETHER = { fixedMs: 1, perRequestMs: 0, perSquareMs: 0.05 };
/** In a full batch of 32, 170 ms; 8 take 50. One by one it scores 67 a second. */
const SLOW = { fixedMs: 10, perRequestMs: 5 };
/** The front reads one request after another; a client takes a moment to ask again. */
const READ_MS = 0.05;
const ASK_AGAIN_MS = [0.2, 0.7] as const;

const SERVICE: LoadedService = { models: [{ signature: { inputs: [], outputs: [] }, batchable: true }] };
const ANSWER: ScoreAnswer = { status: 200, headers: [], body: [], runFailed: false, engineMs: 1 };
const REQUEST: ScoreRequest = {
  ...{ model: 0, protocol: 'azureml', method: 'POST', path: '/score', query: '', headers: {} },
  ...{ body: [], bytes: 20_000 },
};

afterEach(() => jest.restoreAllMocks());

interface Bench {
  readonly cost: { readonly fixedMs: number; readonly perRequestMs: number; readonly perSquareMs?: number };
  readonly engines?: number;
  /** How long it runs before it is measured, and then again. */
  readonly spanMs?: number;
  readonly options?: Partial<EnginePoolOptions>;
}

/** A pool whose engines take the time that is said, and what it did. */
class PoolBench {
  readonly time = new VirtualTime().install();
  batches: number[] = [];
  latencies: number[] = [];
  readonly pool: EnginePool;
  private readonly spanMs: number;
  private frontFreeAt = 0;
  private seed = 1;

  constructor({ cost, engines = 1, spanMs = 1000, options }: Bench) {
    this.spanMs = spanMs;
    const score = (requests: readonly ScoreRequest[]): Promise<ScoreAnswer[]> => {
      this.batches.push(requests.length);
      const { fixedMs, perRequestMs, perSquareMs = 0 } = cost;
      const ms = fixedMs + perRequestMs * requests.length + perSquareMs * requests.length ** 2;
      return new Promise(resolve => this.time.after(ms, () => resolve(requests.map(() => ANSWER))));
    };
    const engine = { service: SERVICE, gone: new Promise<void>(() => undefined), score, stop: async () => {}, kill: () => {} };
    this.pool = new EnginePool({
      ...{ engines, start: () => Promise.resolve({ ...engine }), log: new Log(() => undefined) },
      ...{ maxQueuedRequests: 10_000, maxHeldBytes: 1e9, maxQueueWaitMs: 60_000, scoringTimeoutMs: 60_000 },
      ...{ maxBatch: 32, batchDelayMs: 0, ...options },
    });
  }

  /** Clients that ask again when they are answered; what happened after the first span, in the next. */
  async closedLoop(clients: number): Promise<{ readonly rate: number; readonly batches: readonly number[] }> {
    const [least, most] = ASK_AGAIN_MS;
    const ask = (): void => this.arrive(() => this.time.after(least + (most - least) * this.random(), ask));
    for (let client = 0; client < clients; client++) ask();
    return this.measure();
  }

  /** Requests that come whether or not others are answered, after so many at once. */
  async openLoop(perSecond: number, atOnce = 0): Promise<{ readonly rate: number; readonly batches: readonly number[] }> {
    for (let request = 0; request < atOnce; request++) this.arrive(() => undefined);
    const next = (): void => {
      this.arrive(() => undefined);
      this.time.after((-Math.log(this.random()) * 1000) / perSecond, next);
    };
    next();
    return this.measure();
  }

  latency(quantile: number): number {
    return this.latencies.sort((a, b) => a - b)[Math.floor(quantile * this.latencies.length)];
  }

  private async measure(): Promise<{ readonly rate: number; readonly batches: readonly number[] }> {
    await this.pool.start();
    await this.time.pass(this.spanMs);
    this.batches = [];
    this.latencies = [];
    await this.time.pass(this.spanMs);
    return { rate: (this.latencies.length * 1000) / this.spanMs, batches: this.batches };
  }

  private arrive(answered: () => void): void {
    this.frontFreeAt = Math.max(this.time.now, this.frontFreeAt) + READ_MS;
    this.time.after(this.frontFreeAt - this.time.now, () => {
      const since = this.time.now;
      void this.pool.score(REQUEST, new EventEmitter()).then(() => {
        this.latencies.push(this.time.now - since);
        answered();
      });
    });
  }

  /** The same in every run. */
  private random(): number {
    this.seed = (this.seed * 48_271) % 2_147_483_647;
    return this.seed / 2_147_483_647;
  }
}

const most = (values: readonly number[]): number => Math.max(...values);
const share = (values: readonly number[], fits: (value: number) => boolean): number => values.filter(fits).length / values.length;

describe('a free engine', () => {
  test('waits for clients who are about to ask again, where all of them then share one run', async () => {
    const { batches } = await new PoolBench({ cost: PRODUCTS }).closedLoop(16);

    expect(share(batches, size => size === 16)).toBeGreaterThan(0.9);
  });

  test('shares what is there with the other engines', async () => {
    const { batches, rate } = await new PoolBench({ cost: PRODUCTS, engines: 2 }).closedLoop(16);

    expect(share(batches, size => size === 8)).toBeGreaterThan(0.9);
    // greedy: 2110, in runs of 1 and 14
    expect(rate).toBeGreaterThan(2110 * 1.25);
  });

  test('never waits where there is one client', async () => {
    const bench = new PoolBench({ cost: PRODUCTS });
    await bench.closedLoop(1);

    expect(most(bench.latencies)).toBeCloseTo(PRODUCTS.fixedMs + PRODUCTS.perRequestMs, 6);
  });

  test('never waits where a run costs by the request', async () => {
    const { rate } = await new PoolBench({ cost: ALL_BY_THE_ROW }).closedLoop(16);

    expect(rate).toBeGreaterThan(0.98 * (1000 / ALL_BY_THE_ROW.perRequestMs));
  });

  test('takes a full batch at once', async () => {
    const { rate } = await new PoolBench({ cost: PRODUCTS }).closedLoop(64);

    expect(rate).toBeGreaterThan(0.98 * ((32 * 1000) / (PRODUCTS.fixedMs + 32 * PRODUCTS.perRequestMs)));
  });

  test('gives up on those who do not come back', async () => {
    const bench = new PoolBench({ cost: PRODUCTS });
    await bench.openLoop(300);
    const run = PRODUCTS.fixedMs + PRODUCTS.perRequestMs;

    // most find the engine free, and are scored by themselves
    expect(bench.latency(0.4)).toBeCloseTo(run, 6);
    expect(bench.latency(0.99)).toBeLessThan(3 * run);
  });
});

describe('RunCost', () => {
  test('finds what part of a run is fixed, however often some run is disturbed', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0.01, max: 10, noNaN: true }), (fixed, per) => {
        const cost = new RunCost();
        for (const size of [1, 4, 16]) {
          for (let run = 0; run < 6; run++) cost.observe(size, (fixed + per * size) * (run % 3 === 0 ? 1 : 40), 100, run);
        }
        expect(cost.fixedMs).toBeCloseTo(fixed, 6);
        expect(cost.perRequestMs).toBeCloseTo(per, 6);
      }),
    );
  });

  test('says nothing for certain of larger runs, of smaller requests in full, or of a time long past', () => {
    const cost = new RunCost();
    cost.observe(4, 20, 1000, 0);

    expect(cost.leastMs(4, 1000, 1)).toBeCloseTo(20, 6);
    expect(cost.leastMs(8, 1000, 1)).toBeCloseTo(20, 6);
    expect(cost.leastMs(2, 1000, 1)).toBeCloseTo(10, 6);
    expect(cost.leastMs(4, 500, 1)).toBeCloseTo(10, 6);
    expect(cost.leastMs(4, 1000, 60_000)).toBe(0);
  });
});

describe('BatchLimit', () => {
  const runs = (limit: BatchLimit, count: number, totalMs: number, batchMs: number): void => {
    for (let run = 0; run < count; run++) limit.observe(Array.from({ length: limit.current }, () => ({ totalMs, batchMs })));
  };

  test('stays where no target is set', () => {
    const limit = new BatchLimit(32);
    runs(limit, 10, 1e6, 1e6);

    expect(limit.current).toBe(32);
  });

  test('is halved when requests take longer than the target, and grows by one while they do not', () => {
    const limit = new BatchLimit(32, 50);
    runs(limit, 1, 51, 40);
    expect(limit.current).toBe(16);
    runs(limit, 2, 49, 40);
    expect(limit.current).toBe(17);
  });

  test('stays between one and the most', () => {
    const limit = new BatchLimit(4, 50);
    runs(limit, 8, 49, 1);
    expect(limit.current).toBe(4);
    runs(limit, 1000, 51, 40);
    expect(limit.current).toBe(1);
  });

  test('grows where the queue and not the batch takes the time: smaller batches would make it longer', () => {
    const limit = new BatchLimit(32, 50);
    runs(limit, 1, 80, 30);
    const small = limit.current;
    runs(limit, 4, 80, 10);

    expect(small).toBe(16);
    expect(limit.current).toBeGreaterThan(small);
  });

  test.each([90, 110, 130])('holds the target where batches are filled by a delay, at %d requests a second', async perSecond => {
    const TARGET_MS = 150;
    const run = async (options: Partial<EnginePoolOptions>): Promise<{ readonly p95: number; readonly rate: number }> => {
      jest.restoreAllMocks();
      const bench = new PoolBench({ cost: SLOW, spanMs: 5000, options: { batchDelayMs: 500, ...options } });
      const { rate } = await bench.openLoop(perSecond);
      return { p95: bench.latency(0.95), rate };
    };
    const kept = await run({ batchTargetMs: TARGET_MS });

    expect(kept.p95).toBeLessThan(TARGET_MS);
    expect((await run({})).p95).toBeGreaterThan(2 * TARGET_MS);
    expect(kept.rate).toBeGreaterThan(1.25 * (await run({ maxBatch: 1 })).rate);
  });

  test('lets a service recover from a rush, where large batches take more than they save', async () => {
    const free = new PoolBench({ cost: WORSE_TOGETHER, spanMs: 2000 });
    await free.openLoop(900, 100);
    jest.restoreAllMocks();
    const kept = new PoolBench({ cost: WORSE_TOGETHER, spanMs: 2000, options: { batchTargetMs: 60 } });
    await kept.openLoop(900, 100);

    // in batches of 32 it scores 615 a second, and never comes to smaller ones
    expect(free.latency(0.5)).toBeGreaterThan(300);
    expect(kept.latency(0.95)).toBeLessThan(60);
  });
});
