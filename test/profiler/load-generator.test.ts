import * as http from 'http';
import { AddressInfo } from 'net';
import { poissonSchedule, Random } from '../../src/profiler/arrivals';
import { LoadGenerator, OpenLoad } from '../../src/profiler/load-generator';
import { quantile, sorted } from '../../src/profiler/statistics';

type Handler = (body: string, response: http.ServerResponse) => void;

let server: http.Server | undefined;
afterEach(() => new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve())));

async function serve(handler: Handler): Promise<string> {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', chunk => (body += chunk));
    request.on('end', () => handler(body, response));
  });
  const listening = server;
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/score`;
}

const generator = (...bodies: string[]) => new LoadGenerator(bodies.map(body => Buffer.from(body)));
const open = (scoringUri: string, job: Partial<OpenLoad> = {}): OpenLoad => ({
  ...{ kind: 'open', scoringUri, rate: 100, durationMs: 500, seed: 4, maxOutstanding: 1000 },
  ...job,
});

describe('closed loop', () => {
  test('cycles through all inputs in order and never has more in flight than connections', async () => {
    const seen: string[] = [];
    let inFlight = 0;
    let most = 0;
    const uri = await serve((body, response) => {
      seen.push(body);
      most = Math.max(most, ++inFlight);
      setTimeout(() => {
        inFlight--;
        response.end('{}');
      }, 2);
    });
    const result = await generator('a', 'b', 'c').run({
      kind: 'closed',
      scoringUri: uri,
      connections: 2,
      durationMs: 60_000,
      maxRequests: 9,
    });
    expect([...seen].sort()).toEqual([...'aaabbbccc']);
    expect(most).toBe(2);
    expect(result.latenciesMs).toHaveLength(9);
    expect(result.failed).toBe(0);
  });

  test('names the first input that failed, with its status and body', async () => {
    const uri = await serve((body, response) => {
      response.statusCode = body === 'bad' ? 400 : 200;
      response.end(body === 'bad' ? 'no such field' : '{}');
    });
    const result = await generator('good', 'bad').run({
      kind: 'closed',
      scoringUri: uri,
      connections: 1,
      durationMs: 60_000,
      maxRequests: 4,
    });
    expect(result.failed).toBe(2);
    expect(result.firstFailure).toEqual({ input: 1, status: 400, message: 'no such field' });
    expect(result.latenciesMs.filter(value => value === Infinity)).toHaveLength(2);
  });

  test('sends again what met a connection that the server had just closed', async () => {
    let connections = 0;
    const uri = await serve((_, response) => response.end('{}'));
    server?.on('connection', socket => {
      // the second request on the first connection is never read
      if (++connections === 1) server?.once('request', () => setTimeout(() => socket.resetAndDestroy(), 20));
    });
    const load = generator('a');
    const job = { kind: 'closed', scoringUri: uri, connections: 1, durationMs: 100 } as const;
    const result = await load.run(job);
    expect(result.failed).toBe(0);
    expect(result.latenciesMs.length).toBeGreaterThan(2);
  });
});

describe('open loop', () => {
  test('sends on schedule whether or not answers come', async () => {
    let arrived = 0;
    const uri = await serve((_, response) => {
      arrived++;
      setTimeout(() => response.end('{}'), 400);
    });
    const due = poissonSchedule(100, 300, new Random(4));
    const running = generator('a').run(open(uri, { durationMs: 300 }));
    const result = await running;
    expect(result.latenciesMs).toHaveLength(due.length);
    expect(arrived).toBe(due.length);
    // all were under way at once: none waited for another
    expect(Math.min(...result.latenciesMs)).toBeGreaterThan(390);
  });

  test('charges a stall to every request that was due while it lasted', async () => {
    const stalledFrom = Date.now() + 150;
    const stalledUntil = stalledFrom + 500;
    const uri = await serve((_, response) => {
      const stalled = Date.now() >= stalledFrom && Date.now() < stalledUntil;
      setTimeout(() => response.end('{}'), stalled ? stalledUntil - Date.now() : 0);
    });
    const result = await generator('a').run(open(uri, { rate: 100, durationMs: 1000 }));
    // about half of the requests fell into the stall; a closed loop would have seen one
    expect(result.latenciesMs.filter(latency => latency > 50).length).toBeGreaterThan(25);
    expect(quantile(sorted(result.latenciesMs), 0.99)).toBeGreaterThan(400);
  });

  test('refuses to pile up: what is due beyond the limit counts as failed', async () => {
    const uri = await serve((_, response) => setTimeout(() => response.end('{}'), 1500));
    const result = await generator('a').run(open(uri, { maxOutstanding: 5, durationMs: 300 }));
    expect(result.latenciesMs.filter(Number.isFinite)).toHaveLength(5);
    expect(result.failed).toBe(result.latenciesMs.length - 5);
    expect(result.firstFailure?.message).toMatch(/5 requests were waiting/);
  });

  test('ends early once a promise is clearly broken', async () => {
    const uri = await serve((_, response) => setTimeout(() => response.end('{}'), 60));
    const promise = { latencyMs: 20, percentile: 0.95, looks: [0.2, 1], errorPerLook: 0.025 };
    const result = await generator('a').run(open(uri, { rate: 200, durationMs: 3000, promise }));
    expect(result.verdict).toBe('fails');
    expect(result.latenciesMs.length).toBeLessThan(400);
  });

  test('the same seed sends the same inputs at the same times', async () => {
    const runs: string[][] = [];
    const uri = await serve((body, response) => {
      runs[runs.length - 1].push(body);
      response.end('{}');
    });
    for (let i = 0; i < 2; i++) {
      runs.push([]);
      await generator('a', 'b', 'c', 'd').run(open(uri, { rate: 60, seed: 11 }));
    }
    expect(runs[0].length).toBeGreaterThan(10);
    expect([...runs[0]].sort()).toEqual([...runs[1]].sort());
  });
});
