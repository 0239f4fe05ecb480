import { countsOf, mergeMetrics } from '../../../src/scoring/telemetry/merged-metrics';
import { Metrics } from '../../../src/scoring/telemetry/metrics';
import { parsePrometheus } from './support/prometheus';

const front = (inFlight: number): Metrics =>
  new Metrics({ inFlight: () => inFlight, queueLength: () => 1, heldBytes: () => 100, engines: () => 1 });
const valueIn = (text: string, name: string, labels: Record<string, string> = {}): number | undefined =>
  parsePrometheus(text).find(
    sample => sample.name === name && Object.entries(labels).every(([label, wanted]) => sample.labels[label] === wanted),
  )?.value;

describe('metrics of several fronts', () => {
  const [first, second] = [front(3), front(4)];
  afterAll(() => [first, second].forEach(metrics => metrics.close()));

  test('are summed, series by series', () => {
    first.requestDone('/score', 200, 0.001, 10, 20);
    second.requestDone('/score', 200, 0.002, 10, 20);
    second.requestDone('/score', 429, 0.001, 10, 20);
    const text = mergeMetrics([first.text(), second.text()]);
    const name = 'http_server_request_duration_seconds';

    expect(valueIn(text, `${name}_count`, { status: '200' })).toBe(2);
    expect(valueIn(text, `${name}_sum`, { status: '200' })).toBeCloseTo(0.003, 9);
    expect(valueIn(text, `${name}_bucket`, { status: '200', le: '0.001' })).toBe(1);
    expect(valueIn(text, `${name}_count`, { status: '429' })).toBe(1);
    expect(valueIn(text, 'http_server_requests_in_flight')).toBe(7);
    expect(valueIn(text, 'fronts')).toBe(2);
  });

  test('keep each metric in one piece, with what describes it once', () => {
    first.rejected('too-many-requests');
    second.rejected('too-many-bytes');
    const lines = mergeMetrics([first.text(), second.text()]).split('\n');
    const rejected = lines.flatMap((line, at) => (line.includes('rejected_total') ? [at] : []));

    expect(rejected.map(at => lines[at])).toEqual([
      '# HELP rejected_total Requests refused before they were scored.',
      '# TYPE rejected_total counter',
      'rejected_total{reason="too-many-requests"} 1',
      'rejected_total{reason="too-many-bytes"} 1',
    ]);
    expect(rejected[3] - rejected[0]).toBe(3);
  });

  test('say what a sum would not: one model, the worst lag, the first start', () => {
    const of = (lag: number, start: number) =>
      [
        '# HELP event_loop_lag_seconds Lag.\n# TYPE event_loop_lag_seconds gauge',
        `event_loop_lag_seconds{quantile="0.99"} ${lag}`,
        '# HELP process_start_time_seconds Start.\n# TYPE process_start_time_seconds gauge',
        `process_start_time_seconds ${start}`,
        '# HELP model_info Models.\n# TYPE model_info gauge',
        'model_info{name="a b",version="1"} 1\n',
      ].join('\n');
    const text = mergeMetrics([of(0.002, 1000), of(0.004, 1001)]);

    expect(valueIn(text, 'event_loop_lag_seconds')).toBe(0.004);
    expect(valueIn(text, 'process_start_time_seconds')).toBe(1000);
    expect(valueIn(text, 'model_info', { name: 'a b' })).toBe(1);
  });

  test('keep what a front has counted that is gone, and none of its gauges', () => {
    const gone = countsOf(second.text());
    const text = mergeMetrics([first.text(), gone]);

    expect(valueIn(text, 'http_server_request_duration_seconds_count', { status: '429' })).toBe(1);
    expect(valueIn(text, 'http_server_requests_in_flight')).toBe(3);
    expect(valueIn(text, 'fronts')).toBe(1);
    expect(gone).not.toContain('process_resident_memory_bytes');
  });

  test('are those of one as they are', () => {
    const text = first.text();

    expect(mergeMetrics([text])).toBe(text);
    expect(parsePrometheus(mergeMetrics([text, text])).map(({ name }) => name)).toEqual(
      parsePrometheus(text).map(({ name }) => name),
    );
  });
});
