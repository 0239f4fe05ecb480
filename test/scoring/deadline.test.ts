import { ENV } from '../../src/core/server-contract';
import { readDeadline } from '../../src/scoring/engine/deadline';
import { at, begin, enginePids, events, eventually, fixture, isAlive, post, request, serve, stopServers } from './support/server';

jest.setTimeout(60_000);

/** Far more rounds than a test waits for. */
const ENDLESS = { rounds: 1_000_000_000 };

afterAll(stopServers);

describe('the time that a client still waits', () => {
  test.each(['x-envoy-expected-rq-timeout-ms', 'x-request-timeout-ms'])('is what %s says', name => {
    expect(readDeadline({ [name]: '250' }, 1000)).toEqual({ ms: 250, at: 1250 });
  });

  test('is the shorter of two', () => {
    const headers = { 'x-envoy-expected-rq-timeout-ms': '250', 'x-request-timeout-ms': '100' };

    expect(readDeadline(headers, 0)).toEqual({ ms: 100, at: 100 });
  });

  test.each(['', '0', '-1', '1e3', '12.5', ' 5', '0x10', 'soon', '9'.repeat(30), '5, 5'])('is not known from %j', value => {
    expect(readDeadline({ 'x-request-timeout-ms': value }, 0)).toBeUndefined();
  });
});

describe('a request whose client waits no longer', () => {
  test('is answered 504 at that moment, while the engine that runs it lives on', async () => {
    const server = await serve(fixture('slow'));
    const sent = performance.now();
    const { status, json, headers } = await post(server.scoringUri, ENDLESS, { 'x-request-timeout-ms': '300' });
    const waited = performance.now() - sent;

    expect(status).toBe(504);
    expect(json).toEqual({ message: 'Scoring timeout after 300 ms' });
    expect(headers.get('x-ms-run-function-failed')).toBe('True');
    expect(waited).toBeGreaterThan(290);
    expect(isAlive(enginePids(server)[0])).toBe(true);
    expect(events(server, 'engine-lost')).toEqual([]);
  });

  test('is answered 504 while it waits', async () => {
    const server = await serve(fixture('slow'), { [ENV.maxQueueWaitMs]: '60000', [ENV.scoringTimeoutMs]: '1500' });
    const running = await begin(server, ENDLESS);
    const waiting = await post(server.scoringUri, { rounds: 1 }, { 'x-envoy-expected-rq-timeout-ms': '200' });
    expect(waiting.status).toBe(504);
    expect(waiting.json).toEqual({ message: 'Scoring timeout after 200 ms' });

    // the server's own limit ends the engine, and the next one has nothing left to do
    expect((await running.answer).status).toBe(504);
    await eventually(
      () => request(at(server, '/health/ready')),
      ({ status }) => status === 200,
    );
    expect((await post(server.scoringUri, { rounds: 1 })).status).toBe(200);
  });

  test('keeps to the server’s own limit where it gives more time, and an engine that takes longer is ended', async () => {
    const server = await serve(fixture('slow'), { [ENV.scoringTimeoutMs]: '500' });
    const { status, json } = await post(server.scoringUri, ENDLESS, { 'x-request-timeout-ms': '60000' });

    expect(status).toBe(504);
    expect(json).toEqual({ message: 'Scoring timeout after 500 ms' });
    await eventually(
      () => isAlive(enginePids(server)[0]),
      alive => !alive,
    );
  });
});
