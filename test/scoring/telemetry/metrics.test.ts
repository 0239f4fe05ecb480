import * as fc from 'fast-check';
import { Metrics } from '../../../src/scoring/telemetry/metrics';
import { MetricsListener } from '../../../src/scoring/telemetry/metrics-listener';
import { PrometheusText } from '../../../src/scoring/telemetry/prometheus-text';
import { parsePrometheus } from './support/prometheus';

let metrics: Metrics;
beforeEach(() => {
  metrics = new Metrics({ inFlight: () => 3, queueLength: () => 2, heldBytes: () => 4096, engines: () => 1 });
});
afterEach(() => metrics.close());

const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
  parsePrometheus(metrics.text()).find(
    sample => sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  )?.value;

describe('Metrics', () => {
  test('durations are counted by route and status, each bucket with all below it', () => {
    for (const seconds of [0.0001, 0.003, 0.003, 0.2, 100]) metrics.requestDone('/score', 200, seconds, 10, 20);
    metrics.requestDone('/score', 503, 0.001, 10, 20);
    const name = 'http_server_request_duration_seconds';
    const ok = { route: '/score', status: '200' };

    expect(value(`${name}_bucket`, { ...ok, le: '0.0005' })).toBe(1);
    expect(value(`${name}_bucket`, { ...ok, le: '0.005' })).toBe(3);
    expect(value(`${name}_bucket`, { ...ok, le: '60' })).toBe(4);
    expect(value(`${name}_bucket`, { ...ok, le: '+Inf' })).toBe(5);
    expect(value(`${name}_count`, ok)).toBe(5);
    expect(value(`${name}_sum`, ok)).toBeCloseTo(100.2061, 9);
    expect(value(`${name}_count`, { route: '/score', status: '503' })).toBe(1);
  });

  test('a value on a bound belongs to the bucket of that bound', () => {
    metrics.batch(4, 0.01);

    expect(value('batch_size_bucket', { le: '2' })).toBe(0);
    expect(value('batch_size_bucket', { le: '4' })).toBe(1);
    expect(value('model_run_seconds_bucket', { le: '0.01' })).toBe(1);
  });

  test('what happened and what is the case now are both told', () => {
    metrics.requestDone('/score', 200, 0.001, 1_500, 300);
    metrics.queued(0.002);
    metrics.rejected('too-many-requests');
    metrics.rejected('too-many-requests');
    metrics.engineRestarted();
    metrics.dropped('data-collection', 7);
    metrics.serving([{ name: 'digits', version: '3', sha256: 'ab12' }]);

    expect(value('http_server_requests_in_flight')).toBe(3);
    expect(value('queue_length')).toBe(2);
    expect(value('queue_held_bytes')).toBe(4096);
    expect(value('engines')).toBe(1);
    expect(value('http_server_request_body_bytes_sum')).toBe(1_500);
    expect(value('http_server_response_body_bytes_sum')).toBe(300);
    expect(value('queue_wait_seconds_count')).toBe(1);
    expect(value('rejected_total', { reason: 'too-many-requests' })).toBe(2);
    expect(value('engine_restarts_total')).toBe(1);
    expect(value('telemetry_dropped_total', { sink: 'data-collection' })).toBe(7);
    expect(value('model_info', { name: 'digits', version: '3', sha256: 'ab12' })).toBe(1);
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  test('how many requests a run may score is asked for at each scrape, and said of models whose requests share runs', () => {
    let limit: number | undefined;
    metrics.serving([
      { name: 'digits', version: '3', batchLimit: () => limit },
      { name: 'alone', version: '1' },
    ]);
    const told = (): Array<number | undefined> => ['digits', 'alone'].map(name => value('batch_limit', { name }));

    expect(told()).toEqual([undefined, undefined]);
    limit = 32;
    expect(told()).toEqual([32, undefined]);
    limit = 16;
    expect(told()).toEqual([16, undefined]);
  });

  test('a blocked event loop shows as lag, once', async () => {
    await new Promise(resolve => setTimeout(resolve, 30));
    const end = performance.now() + 120;
    while (performance.now() < end);
    await new Promise(resolve => setTimeout(resolve, 30));

    expect(value('event_loop_lag_seconds', { quantile: '1' })).toBeGreaterThan(0.08);
    expect(value('event_loop_lag_seconds', { quantile: '1' })).toBe(0);
  });

  test('routes that nobody foresaw do not grow without bound', () => {
    for (let i = 0; i < 5_000; i++) metrics.requestDone(`/invented/${i}`, 404, 0.001, 0, 0);
    const counts = parsePrometheus(metrics.text()).filter(({ name }) => name === 'http_server_request_duration_seconds_count');

    expect(counts.length).toBeLessThanOrEqual(201);
    expect(counts.reduce((sum, { value: count }) => sum + count, 0)).toBe(5_000);
  });

  test('a clock that was set back spoils no sum', () => {
    metrics.requestDone('/score', 200, -5, NaN, 1);

    expect(value('http_server_request_duration_seconds_sum')).toBe(0);
    expect(value('http_server_request_body_bytes_count')).toBe(1);
  });
});

describe('PrometheusText', () => {
  test('any label value is read back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), name => {
        const text = new PrometheusText().metric('model_info', 'gauge', 'Models.').sample(1, { name }).toString();

        expect(parsePrometheus(text)).toEqual([{ name: 'model_info', labels: { name }, value: 1 }]);
      }),
    );
  });
});

describe('MetricsListener', () => {
  let listener: MetricsListener;
  const text = () => Promise.resolve(metrics.text());
  beforeEach(async () => {
    listener = await MetricsListener.listen('127.0.0.1', 0, text);
  });
  afterEach(() => listener.close());

  const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${listener.port}${path}`, { method });

  test('GET /metrics answers the text format', async () => {
    const answer = await ask('/metrics?x=1');

    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(parsePrometheus(await answer.text()).length).toBeGreaterThan(50);
  });

  test.each([
    ['GET', '/'],
    ['GET', '/score'],
    ['GET', '/metrics/'],
    ['POST', '/metrics'],
  ])('%s %s is not found', async (method, path) => {
    expect((await ask(path, method)).status).toBe(404);
  });

  test('a port that is taken is said plainly', async () => {
    await expect(MetricsListener.listen('127.0.0.1', listener.port, text)).rejects.toThrow(/is in use/);
  });
});
