import * as http from 'http';
import { AddressInfo } from 'net';
import { Cleanup } from '../../src/profiler/cleanup';
import { LoadClient } from '../../src/profiler/load-client';
import { loadGenerator } from './support/programs';

describe('LoadClient', () => {
  const cleanup = new Cleanup();
  const seen: Buffer[] = [];
  const server = http.createServer((request, response) => {
    request.on('data', (chunk: Buffer) => seen.push(chunk)).on('end', () => response.end());
  });
  afterAll(() => {
    cleanup.run();
    server.close();
  });

  test('bytes reach the server as they are, by way of a process of its own', async () => {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const scoringUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
    const body = Buffer.from([0, 1, 254, 255]);
    const client = LoadClient.start(loadGenerator(), [{ body, contentType: 'image/png' }], cleanup);

    const closed = await client.run({ kind: 'closed', scoringUri, connections: 1, durationMs: 10_000, maxRequests: 1 });
    const open = await client.run({ kind: 'open', scoringUri, rate: 50, durationMs: 100, seed: 1, maxOutstanding: 10 });
    client.stop();

    expect(closed.failed + open.failed).toBe(0);
    expect(open.latenciesMs).toHaveLength(open.dueMs.length);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.every(chunk => chunk.equals(body))).toBe(true);
  }, 20_000);

  test('a job for a generator that is gone fails instead of waiting', async () => {
    const client = LoadClient.start(loadGenerator(), [{ body: '1' }], cleanup);
    const running = client.run({ kind: 'closed', scoringUri: 'http://127.0.0.1:1/', connections: 1, durationMs: 60_000 });
    client.stop();
    await expect(running).rejects.toThrow('the load generator ended');
  });
});
