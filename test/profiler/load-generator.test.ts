import { spawn } from 'child_process';
import * as http from 'http';
import { AddressInfo } from 'net';
import { Random, schedule } from '../../src/profiler/arrivals';
import type { ProfileInput } from '../../src/profiler/input-set';
import { LoadGenerator, OpenLoad } from '../../src/profiler/load-generator';
import { POISSON } from '../../src/profiler/load-pattern';
import { quantile, sorted } from '../../src/profiler/statistics';
import { FIXTURE_SERVER } from './support/programs';

type Handler = (body: string, response: http.ServerResponse, request: http.IncomingMessage) => void;

let server: http.Server | undefined;
afterEach(() => new Promise<void>(resolve => (server ? server.close(() => resolve()) : resolve())));

async function serve(handler: Handler): Promise<string> {
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', chunk => (body += chunk));
    request.on('end', () => handler(body, response, request));
  });
  const listening = server;
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/score`;
}

const generators: LoadGenerator[] = [];
afterEach(() => Promise.all(generators.splice(0).map(each => each.close())));

function generator(...inputs: Array<string | ProfileInput>): LoadGenerator {
  const made = new LoadGenerator(inputs.map(input => (typeof input === 'string' ? { body: input } : input)));
  generators.push(made);
  return made;
}

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

  test.each(['resetAndDestroy', 'destroy'] as const)(
    'sends again what met a connection that was just closed (%s)',
    async close => {
      let requests = 0;
      const uri = await serve((_, response) => (++requests === 2 ? response.socket?.[close]() : response.end('{}')));
      const job = { kind: 'closed', scoringUri: uri, connections: 1, durationMs: 60_000, maxRequests: 3 } as const;
      const result = await generator('a').run(job);
      expect(result.failed).toBe(0);
      expect(requests).toBe(4);
    },
  );

  test('a server that closes every connection is a failure, not an endless try', async () => {
    const uri = await serve((_, response) => response.socket?.destroy());
    const job = { kind: 'closed', scoringUri: uri, connections: 1, durationMs: 60_000, maxRequests: 2 } as const;
    const result = await generator('a').run(job);
    expect(result.firstFailure).toMatchObject({ input: 0, status: 0 });
    expect(result.failed).toBe(2);
  });
});

describe('inputs', () => {
  test('go with their content type and headers', async () => {
    const seen: unknown[] = [];
    const uri = await serve((_, response, { headers }) => {
      seen.push([headers['content-type'], headers['inference-header-content-length'], headers['content-length']]);
      response.end();
    });
    const binary = { body: Buffer.from([0, 255, 10]), contentType: 'application/octet-stream' };
    const load = generator('text', { ...binary, headers: { 'inference-header-content-length': '1' } });
    await load.run({ kind: 'closed', scoringUri: uri, connections: 1, durationMs: 60_000, maxRequests: 2 });
    expect(seen).toEqual([
      ['application/json', undefined, '4'],
      ['application/octet-stream', '1', '3'],
    ]);
  });

  test('come by weight once each was seen', async () => {
    const seen: string[] = [];
    const uri = await serve((body, response) => {
      seen.push(body);
      response.end();
    });
    const load = generator({ body: 'a', weight: 3 }, { body: 'b' }, { body: 'c', weight: 2 });
    const job = { kind: 'closed', scoringUri: uri, connections: 1, durationMs: 60_000 } as const;
    await load.run({ ...job, maxRequests: 3 });
    await load.run({ ...job, maxRequests: 6 });
    expect(seen.slice(0, 3)).toEqual(['a', 'b', 'c']);
    expect(seen.slice(3).sort().join('')).toBe('aaabcc');
    seen.length = 0;
    await load.run(open(uri, { pattern: { kind: 'constant' }, rate: 1000, durationMs: 400 }));
    expect(seen.filter(body => body === 'a').length).toBeGreaterThan(150);
    expect(seen.filter(body => body === 'b').length).toBeLessThan(110);
  });

  test('of a recording come in its order', async () => {
    const seen: string[] = [];
    const uri = await serve((body, response) => {
      seen.push(body);
      response.end();
    });
    const pattern = { kind: 'trace', atMs: [0, 10, 20, 30], order: [0, 2, 1, 1] } as const;
    await generator('a', 'b', 'c').run(open(uri, { pattern, rate: 50, durationMs: 400 }));
    expect(seen.length).toBeGreaterThan(15);
    expect('acbb'.repeat(10)).toContain(seen.join(''));
  });
});

describe('open loop', () => {
  test('sends on schedule whether or not answers come', async () => {
    let arrived = 0;
    const uri = await serve((_, response) => {
      arrived++;
      setTimeout(() => response.end('{}'), 400);
    });
    const due = schedule(POISSON, 100, 300, new Random(4)).dueMs;
    const running = generator('a').run(open(uri, { durationMs: 300 }));
    const result = await running;
    expect(result.latenciesMs).toHaveLength(due.length);
    expect(arrived).toBe(due.length);
    // all were under way at once: none waited for another
    expect(Math.min(...result.latenciesMs)).toBeGreaterThan(390);
  });

  test('a stall of a second shows in p99 as it would be computed', async () => {
    const stallAt = 40;
    const env = { ...process.env, FIXTURE_STALL_AT: String(stallAt), FIXTURE_STALL_MS: '1000' };
    const stalling = spawn(process.execPath, [FIXTURE_SERVER], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const line = await new Promise<string>(resolve => stalling.stdout.once('data', data => resolve(String(data))));
      const { scoringUri } = JSON.parse(line) as { scoringUri: string };
      const { dueMs, latenciesMs } = await generator('a').run(open(scoringUri, { rate: 100, durationMs: 1600 }));
      const end = dueMs[stallAt - 1] + 1000;
      const waits = dueMs.map((at, index) => (index >= stallAt - 1 ? Math.max(0, end - at) : 0));
      const analytic = quantile(sorted(waits), 0.99);
      expect(quantile(sorted(latenciesMs), 0.99) / analytic).toBeGreaterThan(0.9);
      expect(quantile(sorted(latenciesMs), 0.99) / analytic).toBeLessThan(1.1);
    } finally {
      stalling.kill();
    }
  }, 20_000);

  test('says when each request was due and how late it was sent', async () => {
    const uri = await serve((_, response) => response.end('{}'));
    const result = await generator('a').run(open(uri, { durationMs: 300 }));
    expect(result.dueMs).toEqual(schedule(POISSON, 100, 300, new Random(4)).dueMs);
    expect(result.lagMs).toHaveLength(result.dueMs.length);
    expect(Math.min(...result.lagMs)).toBeGreaterThanOrEqual(0);
  });

  test('two runs at once each keep their own schedule', async () => {
    const uri = await serve((_, response) => response.end('{}'));
    const load = generator('a');
    const [first, second] = await Promise.all([1, 2].map(seed => load.run(open(uri, { seed, durationMs: 200 }))));
    expect(first.dueMs).toEqual(schedule(POISSON, 100, 200, new Random(1)).dueMs);
    expect(second.dueMs).toEqual(schedule(POISSON, 100, 200, new Random(2)).dueMs);
    expect([...first.latenciesMs, ...second.latenciesMs].every(Number.isFinite)).toBe(true);
  });

  test('a run that ended early leaves nothing to the next', async () => {
    let delayMs = 60;
    const uri = await serve((_, response) => setTimeout(() => response.end('{}'), delayMs));
    const promise = { latencyMs: 20, percentile: 0.95, looks: [0.2, 1], errorPerLook: 0.025 };
    const load = generator('a');
    await load.run(open(uri, { rate: 500, durationMs: 3000, promise }));
    delayMs = 0;
    const next = await load.run(open(uri, { rate: 20, durationMs: 300 }));
    expect(next.dueMs).toEqual(schedule(POISSON, 20, 300, new Random(4)).dueMs);
    expect(Math.min(...next.lagMs)).toBeGreaterThanOrEqual(0);
  });

  test('refuses to pile up: what is due beyond the limit counts as failed', async () => {
    const uri = await serve((_, response) => setTimeout(() => response.end('{}'), 500));
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
      await generator('a', 'b', 'c', 'd').run(open(uri, { rate: 120, durationMs: 250, seed: 11 }));
    }
    expect(runs[0].length).toBeGreaterThan(10);
    expect([...runs[0]].sort()).toEqual([...runs[1]].sort());
  });
});
