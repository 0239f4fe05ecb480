import { EventEmitter } from 'events';
import {
  Engine,
  EngineLostError,
  LoadedService,
  ScoreAnswer,
  ScoreRequest,
  ScoringTimeoutError,
} from '../../src/scoring/engine/engine';
import { AbandonedError, EnginePool, EnginePoolOptions } from '../../src/scoring/engine/engine-pool';
import { Log } from '../../src/scoring/log';

/** An engine that answers when it is told to: what the pool does in between can then be seen step by step. */
class HandEngine implements Engine {
  readonly gone: Promise<void>;
  /** The models of each batch that it was given. */
  readonly batches: number[][] = [];
  killed = false;
  private end: () => void = () => undefined;
  private settle?: { resolve: (answers: ScoreAnswer[]) => void; reject: (error: Error) => void };

  constructor(readonly service: LoadedService) {
    this.gone = new Promise(resolve => (this.end = resolve));
  }

  score(requests: readonly ScoreRequest[]): Promise<ScoreAnswer[]> {
    this.batches.push(requests.map(({ model }) => model));
    return new Promise((resolve, reject) => (this.settle = { resolve, reject }));
  }

  answer(more: Partial<ScoreAnswer> = {}): void {
    const answers = this.batches[this.batches.length - 1].map(model => ({
      status: 200,
      headers: ['model', String(model)],
      body: [],
      runFailed: false,
      engineMs: 1,
      ...more,
    }));
    this.settle?.resolve(answers);
  }

  crash(): void {
    this.settle?.reject(new EngineLostError('gone'));
    this.kill();
  }

  kill(): void {
    this.killed = true;
    this.end();
  }

  stop(): Promise<void> {
    this.kill();
    return this.gone;
  }
}

const signature = { inputs: [], outputs: [] };
const PLAIN: LoadedService = { models: [{ signature }, { signature }, { signature }] };
const BATCHABLE: LoadedService = {
  models: [
    { signature, batchable: true },
    { signature, batchable: true },
  ],
};

function pool(
  options: Partial<EnginePoolOptions> = {},
  service = PLAIN,
): { readonly pool: EnginePool; readonly engines: HandEngine[] } {
  const engines: HandEngine[] = [];
  const start = () => {
    engines.push(new HandEngine(service));
    return Promise.resolve(engines[engines.length - 1]);
  };
  const limits = {
    maxQueuedRequests: 10,
    maxHeldBytes: 1000,
    maxQueueWaitMs: 60_000,
    maxBatch: 4,
    batchDelayMs: 0,
    scoringTimeoutMs: 60_000,
  };
  return { pool: new EnginePool({ engines: 1, start, log: new Log(() => undefined), ...limits, ...options }), engines };
}

const job = (model: number): ScoreRequest => ({
  ...{ model, protocol: 'azureml', method: 'POST', path: '/score', query: '', headers: {} },
  ...{ body: [], bytes: 0 },
});
const caller = () => new EventEmitter();
const turn = () => new Promise(resolve => setTimeout(resolve, 5));

describe('EnginePool', () => {
  test('gives each engine one request at a time, in the order in which they came', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const answers = [0, 1, 2].map(model => one.score(job(model), caller()));
    for (let answered = 0; answered < 3; answered++) {
      await turn();
      expect(engines[0].batches).toEqual([[0], [1], [2]].slice(0, answered + 1));
      engines[0].answer();
    }

    await expect(Promise.all(answers)).resolves.toHaveLength(3);
  });

  test('a lost engine fails its own request only: who waits is scored by the next engine', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const lost = one.score(job(0), caller());
    const waiting = one.score(job(1), caller());
    await turn();
    engines[0].crash();
    await expect(lost).rejects.toThrow(EngineLostError);
    await turn();
    engines[1].answer();

    await expect(waiting).resolves.toMatchObject({ status: 200 });
    expect(engines[0].batches).toHaveLength(1);
  });

  test('is not ready before all of its engines have started', async () => {
    const starting: Array<(engine: Engine) => void> = [];
    const { pool: two } = pool({ engines: 2, start: () => new Promise(resolve => starting.push(resolve)) });
    const started = two.start();
    starting[0](new HandEngine(PLAIN));
    await turn();
    expect(two.ready).toBe(false);
    starting[1](new HandEngine(PLAIN));
    await started;

    expect(two.ready).toBe(true);
  });

  test('is not ready while its only engine is being replaced', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const lost = one.score(job(0), caller());
    engines[0].crash();
    await expect(lost).rejects.toThrow();

    expect(one.ready).toBe(false);
    await turn();
    expect(one.ready).toBe(true);
  });

  test('an engine that calls itself spent is ended and gets no other request', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const last = one.score(job(0), caller());
    const next = one.score(job(1), caller());
    await turn();
    engines[0].answer({ status: 500, spent: true });
    await expect(last).resolves.toMatchObject({ status: 500 });
    await turn();
    engines[1].answer();

    await expect(next).resolves.toMatchObject({ status: 200 });
    expect(engines[0].killed).toBe(true);
    expect(engines[0].batches).toHaveLength(1);
  });

  test('who waits too long is told why', async () => {
    const { pool: one } = pool({ maxQueueWaitMs: 10 });
    await one.start();
    void one.score(job(0), caller());

    await expect(one.score(job(1), caller())).rejects.toMatchObject({ reason: 'waited-too-long' });
    expect(one.queue.length).toBe(0);
  });

  test('a request that cannot be answered in time is told at once, and keeps no engine from others', async () => {
    const { pool: one, engines } = pool({}, BATCHABLE);
    await one.start();
    const first = one.score(job(0), caller());
    await new Promise(resolve => setTimeout(resolve, 50));
    engines[0].answer();
    await first;
    const begin = performance.now();
    const hopeless = one.score({ ...job(0), deadline: { ms: 20, at: begin + 20 } }, caller());

    await expect(hopeless).rejects.toThrow(new ScoringTimeoutError(20));
    expect(performance.now() - begin).toBeLessThan(20);
    expect(engines[0].batches).toEqual([[0]]);
  });

  test('a request whose deadline passes while it waits is never scored', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    void one.score(job(0), caller());
    const late = one.score({ ...job(1), deadline: { ms: 10, at: performance.now() + 10 } }, caller());
    await expect(late).rejects.toThrow(new ScoringTimeoutError(10));
    const next = one.score(job(2), caller());
    engines[0].answer();
    while (engines[0].batches.length === 1) await turn();
    engines[0].answer();
    await next;

    expect(engines[0].batches).toEqual([[0], [2]]);
  });

  test('a request that would come too late in the batch to be run is told so, and the others are scored', async () => {
    const { pool: one, engines } = pool({}, BATCHABLE);
    await one.start();
    const first = one.score(job(0), caller());
    await new Promise(resolve => setTimeout(resolve, 100));
    engines[0].answer();
    await first;
    void one.score(job(0), caller());
    const late = one.score({ ...job(0), deadline: { ms: 150, at: performance.now() + 150 } }, caller());
    const patient = one.score(job(0), caller());
    const told = expect(late).rejects.toThrow(new ScoringTimeoutError(150));
    await new Promise(resolve => setTimeout(resolve, 105));
    engines[0].answer();
    await told;
    while (engines[0].batches.length === 2) await turn();
    engines[0].answer();
    await patient;

    expect(engines[0].batches).toEqual([[0], [0], [0]]);
  });

  test('the answers of a batch leave others their turn, and the engine has its next requests by then', async () => {
    const { pool: one, engines } = pool({}, BATCHABLE);
    await one.start();
    void one.score(job(0), caller());
    let turns = 0;
    let runsAtFirst = 0;
    const written = [0, 0, 0, 0].map(model =>
      one.score(job(model), caller()).then(() => {
        runsAtFirst ||= engines[0].batches.length;
        const end = performance.now() + 2;
        while (performance.now() < end);
        setImmediate(() => turns++);
        return turns;
      }),
    );
    void one.score(job(1), caller());
    engines[0].answer();
    while (engines[0].batches.length === 1) await turn();
    engines[0].answer();

    expect(await Promise.all(written)).toEqual([0, 1, 2, 3]);
    expect(runsAtFirst).toBe(3);
  });

  test('a deadline ends the wait of a request that runs, not the engine', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const late = one.score({ ...job(0), deadline: { ms: 10, at: performance.now() + 10 } }, caller());
    await expect(late).rejects.toThrow(new ScoringTimeoutError(10));
    const next = one.score(job(1), caller());
    engines[0].answer();
    while (engines[0].batches.length === 1) await turn();
    engines[0].answer();

    await expect(next).resolves.toMatchObject({ status: 200 });
    expect(engines[0].killed).toBe(false);
  });

  test('who leaves the queue frees its place', async () => {
    const { pool: one } = pool({ maxQueuedRequests: 1 });
    await one.start();
    void one.score(job(0), caller());
    const leaving = caller();
    const left = one.score(job(1), leaving);
    expect(one.admission(0)).toBe('too-many-requests');
    leaving.emit('close');

    await expect(left).rejects.toThrow(AbandonedError);
    expect(one.admission(0)).toBe('accepted');
  });

  test('when one engine cannot start, none is left running', async () => {
    const engines: HandEngine[] = [];
    const start = () => {
      if (engines.length === 1) return Promise.reject(new Error('no room for two'));
      engines.push(new HandEngine(PLAIN));
      return Promise.resolve(engines[0]);
    };
    const { pool: two } = pool({ engines: 2, start });

    await expect(two.start()).rejects.toThrow('no room for two');
    expect(engines.map(engine => engine.killed)).toEqual([true]);
    await expect(two.score(job(0), caller())).rejects.toMatchObject({ reason: 'no-engine' });
  });

  test('tries again, and again, where a new engine does not start', async () => {
    const engines: HandEngine[] = [];
    let attempts = 0;
    const start = () => {
      attempts++;
      if (attempts === 2 || attempts === 3) return Promise.reject(new Error('not yet'));
      engines.push(new HandEngine(PLAIN));
      return Promise.resolve(engines[engines.length - 1]);
    };
    const { pool: one } = pool({ start });
    await one.start();
    engines[0].crash();
    await turn();
    const answer = one.score(job(0), caller());
    while (engines.length < 2 || engines[1].batches.length === 0) await turn();
    engines[1].answer();

    await expect(answer).resolves.toMatchObject({ status: 200 });
    expect(attempts).toBe(4);
  });

  test('stopping tells those who wait and starts no more engines', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    void one.score(job(0), caller()).catch(() => undefined);
    const waiting = one.score(job(1), caller());
    const told = expect(waiting).rejects.toMatchObject({ reason: 'no-engine' });
    await one.stop();
    await told;
    await turn();

    expect(engines).toHaveLength(1);
    expect(one.ready).toBe(false);
  });

  test('an engine that becomes free takes all that waits for its model, up to the limit', async () => {
    const { pool: one, engines } = pool({}, BATCHABLE);
    await one.start();
    const answers = [0, 0, 1, 0, 0, 0, 0].map(model => one.score(job(model), caller()));
    for (let batch = 0; batch < 4; batch++) {
      while (engines[0].batches.length === batch) await turn();
      engines[0].answer();
    }
    await Promise.all(answers);

    expect(engines[0].batches).toEqual([[0], [0, 0, 0, 0], [1], [0]]);
  });

  test('nothing is batched where the model is not known to allow it', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    const answers = [0, 0, 0].map(model => one.score(job(model), caller()));
    for (let batch = 0; batch < 3; batch++) {
      await turn();
      engines[0].answer();
    }
    await Promise.all(answers);

    expect(engines[0].batches).toEqual([[0], [0], [0]]);
  });

  test('where one of a batch may have ended the engine, each is scored by itself', async () => {
    const { pool: one, engines } = pool({}, BATCHABLE);
    await one.start();
    const answers = [0, 0, 0].map(model => one.score(job(model), caller()));
    engines[0].answer();
    await turn();
    engines[0].crash(); // with two of them
    await turn();
    engines[1].answer();
    await turn();
    engines[1].crash(); // with the guilty one
    const outcomes = await Promise.allSettled(answers);

    expect(engines[0].batches).toEqual([[0], [0, 0]]);
    expect(engines[1].batches).toEqual([[0], [0]]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  test('a delay, where one is asked for, lets a batch fill', async () => {
    const { pool: one, engines } = pool({ batchDelayMs: 20 }, BATCHABLE);
    await one.start();
    const answers = [one.score(job(0), caller())];
    await turn();
    answers.push(one.score(job(0), caller()));
    while (engines[0].batches.length === 0) await turn();
    engines[0].answer();
    await Promise.all(answers);

    expect(engines[0].batches).toEqual([[0, 0]]);
  });

  test('an engine that answers piece by piece gets the next request when it is done', async () => {
    const { pool: one, engines } = pool();
    await one.start();
    let release: () => void = () => undefined;
    const released = new Promise<void>(resolve => (release = resolve));
    const first = one.score(job(0), caller());
    void one.score(job(1), caller());
    engines[0].answer({ released });
    await first;
    await turn();
    expect(engines[0].batches).toEqual([[0]]);
    release();
    await turn();

    expect(engines[0].batches).toEqual([[0], [1]]);
  });
});
