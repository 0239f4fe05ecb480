import * as fc from 'fast-check';
import { Log } from '../../../src/scoring/log';
import { ApplicationInsights, ApplicationInsightsOptions } from '../../../src/scoring/telemetry/application-insights';
import { parseConnectionString } from '../../../src/scoring/telemetry/application-insights/connection-string';
import { formatDuration, MAX_ITEM_BYTES } from '../../../src/scoring/telemetry/application-insights/envelope';
import { RequestRecord } from '../../../src/scoring/telemetry/application-insights/records';
import { RequestSampler } from '../../../src/scoring/telemetry/application-insights/request-sampler';
import { IngestionEndpoint, KEY } from './support/ingestion';

const TRACE = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentId: 'b7ad6b7169203331',
  sampled: true,
};
const STARTED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

let endpoint: IngestionEndpoint;
let insights: ApplicationInsights;
let dropped: number;
let logged: string[];

beforeEach(async () => {
  endpoint = await IngestionEndpoint.start();
  dropped = 0;
  logged = [];
});
afterEach(async () => {
  await insights.stop(1_000);
  await endpoint.stop();
});

function start(options: Partial<ApplicationInsightsOptions> = {}): ApplicationInsights {
  insights = new ApplicationInsights({
    connectionString: endpoint.connectionString,
    logResponses: false,
    serviceName: 'digits',
    serviceVersion: '3',
    instance: 'replica-1',
    workspaceName: 'lab',
    log: new Log(line => logged.push(line)),
    onDrop: count => (dropped += count),
    ...options,
  });
  return insights;
}

const scored = (change: Partial<RequestRecord> = {}): RequestRecord => ({
  method: 'POST',
  path: '/score',
  url: 'https://digits.example/score',
  status: 200,
  startedAt: STARTED,
  seconds: 0.0125,
  requestId: 'f4b1c2aa-0000-4000-8000-000000000001',
  clientRequestId: 'mine',
  trace: TRACE,
  ...change,
});

describe('what arrives at the ingestion endpoint', () => {
  test('a request is an envelope with v1’s dimensions', async () => {
    start().request(scored());
    await insights.stop(5_000);

    expect(endpoint.heads).toEqual([{ url: '/v2.1/track', contentType: 'application/x-json-stream', encoding: 'gzip' }]);
    expect(endpoint.items).toEqual([
      {
        name: 'Microsoft.ApplicationInsights.Request',
        time: '2026-01-02T03:04:05.678Z',
        iKey: KEY,
        sampleRate: 100,
        tags: {
          'ai.cloud.role': 'digits',
          'ai.cloud.roleInstance': 'replica-1',
          'ai.application.ver': '3',
          'ai.internal.sdkVersion': 'model-serving:1',
          'ai.operation.id': TRACE.traceId,
          'ai.operation.parentId': TRACE.parentId,
          'ai.operation.name': 'POST /score',
        },
        data: {
          baseType: 'RequestData',
          baseData: {
            ver: 2,
            id: TRACE.spanId,
            name: '/score',
            url: 'https://digits.example/score',
            duration: '00:00:00.012500',
            responseCode: '200',
            success: true,
            properties: {
              'Container Id': 'replica-1',
              'Request Id': 'f4b1c2aa-0000-4000-8000-000000000001',
              'Client Request Id': 'mine',
              'Workspace Name': 'lab',
              'Service Name': 'digits',
              http_method: 'POST',
            },
          },
        },
      },
    ]);
  });

  test.each([
    [200, true],
    [399, true],
    [400, false],
    [500, false],
  ])('a status of %i is success: %s', async (status, success) => {
    start().request(scored({ status }));
    await insights.stop(5_000);

    expect(endpoint.items[0].data.baseData).toMatchObject({ responseCode: String(status), success });
  });

  test.each(['/', '/health/live', '/health/ready', '/v2/health/ready'])('probes of %s are left out', async path => {
    start().request(scored({ path }));
    insights.request(scored({ path: '/swagger.json' }));
    await insights.stop(5_000);

    expect(endpoint.items.map(({ data }) => data.baseData.name)).toEqual(['/swagger.json']);
  });

  test('a query is never sent', async () => {
    start().request(scored({ url: 'https://digits.example/score?code=secret#part' }));
    await insights.stop(5_000);

    expect(JSON.stringify(endpoint.items)).not.toContain('secret');
    expect(endpoint.items[0].data.baseData.url).toBe('https://digits.example/score');
  });

  test('an answer is sent only where that is asked for, and not whole where it is long', async () => {
    const response = Buffer.from(`{"text":"${'ü'.repeat(50_000)}"}`);
    start().request(scored({ response }));
    await insights.stop(5_000);
    start({ logResponses: true }).request(scored({ response }));
    insights.request(scored({ response: Buffer.from('[0.5]') }));
    insights.request(scored({ response: Buffer.from([0xff, 0xfe]) }));
    await insights.stop(5_000);
    const values = endpoint.items.map(({ data }) => data.baseData.properties['Response Value'] as string | undefined);

    expect(values[0]).toBeUndefined();
    expect(values[1]).toBe(response.toString().slice(0, 8192));
    expect(values[2]).toBe('[0.5]');
    expect(values[3]).toBe('(2 bytes that are no text)');
  });

  test('a log line is a trace and a failure an exception of the same operation', async () => {
    const { requestId } = scored();
    start().trace({
      message: 'hello',
      severity: 'warning',
      time: STARTED,
      requestId,
      trace: TRACE,
      properties: { event: 'print' },
    });
    insights.exception({ error: new TypeError('no such column'), time: STARTED, requestId, trace: TRACE });
    await insights.stop(5_000);
    const [trace, exception] = endpoint.items;

    expect(trace.name).toBe('Microsoft.ApplicationInsights.Message');
    expect(trace.data).toMatchObject({
      baseType: 'MessageData',
      baseData: { ver: 2, message: 'hello', severityLevel: 2, properties: { 'Request Id': requestId, event: 'print' } },
    });
    expect(exception.name).toBe('Microsoft.ApplicationInsights.Exception');
    expect(exception.data).toMatchObject({
      baseType: 'ExceptionData',
      baseData: {
        ver: 2,
        severityLevel: 3,
        exceptions: [{ typeName: 'TypeError', message: 'no such column', hasFullStack: true }],
      },
    });
    expect(exception.data.baseData.exceptions[0].stack).toContain('application-insights.test');
    for (const { tags } of [trace, exception]) {
      expect(tags).toMatchObject({ 'ai.operation.id': TRACE.traceId, 'ai.operation.parentId': TRACE.spanId });
    }
  });

  test('no item is longer than the backend takes, whatever is in it', async () => {
    const long = '€"\\\n\u0001'.repeat(100_000);
    const error = Object.assign(new Error(long), { stack: long, name: long });
    start().exception({ error, time: STARTED });
    insights.trace({ message: long, severity: 'error', time: STARTED, properties: { [long]: long, more: long } });
    insights.request(scored({ path: `/${long}`, url: long, requestId: long, trace: undefined }));
    await insights.stop(5_000);

    expect(endpoint.items).toHaveLength(3);
    for (const item of endpoint.items) expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThanOrEqual(MAX_ITEM_BYTES);
  });
});

describe('how items are sent', () => {
  test('a hundred at a time, without waiting for the flush', async () => {
    start();
    for (let i = 0; i < 250; i++) insights.request(scored());
    await until(() => endpoint.items.length === 250);

    expect(endpoint.posts.map(items => items.length)).toEqual([100, 100, 50]);
  });

  test('fewer, when the flush interval is over', async () => {
    start({ channel: { flushMs: 20 } }).request(scored());
    await until(() => endpoint.items.length === 1);
    insights.request(scored());
    await until(() => endpoint.items.length === 2);

    expect(endpoint.posts).toHaveLength(2);
  });

  test.each([429, 500, 503])('after %i the same items are sent again', async status => {
    endpoint.answers = [{ status }, { status }];
    start({ channel: { flushMs: 1, firstRetryMs: 1 } }).request(scored());
    await until(() => endpoint.posts.length === 3);

    expect(endpoint.posts[2]).toEqual(endpoint.posts[0]);
    await until(() => logged.length === 2);
    expect(logged.map(line => JSON.parse(line).event)).toEqual(['telemetry-failed', 'telemetry-recovered']);
    expect(dropped).toBe(0);
  });

  test('not before Retry-After says so', async () => {
    endpoint.answers = [{ status: 429, headers: { 'retry-after': '1' } }];
    start({ channel: { flushMs: 1, firstRetryMs: 1 } }).request(scored());
    await until(() => endpoint.posts.length === 1);
    const refused = performance.now();
    await until(() => endpoint.posts.length === 2);

    expect(performance.now() - refused).toBeGreaterThan(900);
  });

  test('of a batch that was taken in part, only what may be taken later is sent again', async () => {
    const errors = [
      { index: 1, statusCode: 429, message: 'throttled' },
      { index: 2, statusCode: 400, message: 'bad' },
    ];
    endpoint.answers = [{ status: 206, body: () => ({ itemsReceived: 3, itemsAccepted: 1, errors }) }];
    start({ channel: { flushMs: 1, firstRetryMs: 1 } });
    for (const path of ['/a', '/b', '/c']) insights.request(scored({ path }));
    await until(() => endpoint.posts.length === 2);

    expect(endpoint.posts[1].map(({ data }) => data.baseData.name)).toEqual(['/b']);
    expect(dropped).toBe(1);
  });

  test('a refusal that no repetition helps drops and says what to check', async () => {
    endpoint.answers = [{ status: 400 }];
    start({ channel: { flushMs: 1 } }).request(scored());
    await until(() => dropped === 1);

    expect(logged.join()).toContain('check the connection string');
    expect(endpoint.posts).toHaveLength(1);
  });

  test('what does not fit into the queue is dropped and counted, and nobody waits', async () => {
    start({ channel: { maxItems: 10, batchItems: 100 } });
    for (let i = 0; i < 25; i++) insights.request(scored());

    expect(dropped).toBe(15);
    await insights.stop(5_000);
    expect(endpoint.items).toHaveLength(10);
  });

  test('a stop ends at its deadline where nobody takes the items', async () => {
    start({ channel: { firstRetryMs: 100_000 } }).request(scored());
    await endpoint.stop();
    await insights.stop(50);

    expect(dropped).toBe(1);
  });
});

describe('RequestSampler', () => {
  const trace = (i: number) => `${((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}${'0'.repeat(24)}`;

  test('takes everything at a rate below the limit', () => {
    const sampler = new RequestSampler(500);

    expect(Array.from({ length: 2_000 }, (_, i) => sampler.sampleRate(trace(i), false, i * 5)).every(rate => rate === 100)).toBe(
      true,
    );
  });

  test('above it, takes a share whose rates add up to the truth, and every failure', () => {
    const sampler = new RequestSampler(500);
    const second = (from: number) =>
      Array.from({ length: 10_000 }, (_, i) => sampler.sampleRate(trace(i), i % 100 === 0, from + i / 10));
    second(0);
    const rates = second(1_000);
    const kept = rates.filter(rate => rate > 0);

    expect(kept.length).toBeLessThan(800);
    expect(rates.filter((_, i) => i % 100 === 0).every(rate => rate === 100)).toBe(true);
    const estimate = kept.reduce((sum, rate) => sum + 100 / rate, 0);
    expect(estimate / 10_000).toBeCloseTo(1, 1);
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '00:00:00.000000'],
    [0.0000014, '00:00:00.000001'],
    [59.9999999, '00:01:00.000000'],
    [3_661.5, '01:01:01.500000'],
    [2 * 86_400 + 1, '2.00:00:01.000000'],
    [-1, '00:00:00.000000'],
    [NaN, '00:00:00.000000'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('parseConnectionString', () => {
  test.each([
    [KEY, 'https://dc.services.visualstudio.com/v2.1/track'],
    [`InstrumentationKey=${KEY}`, 'https://dc.services.visualstudio.com/v2.1/track'],
    [
      `InstrumentationKey=${KEY};IngestionEndpoint=https://westeurope-5.in.applicationinsights.azure.com/;LiveEndpoint=x`,
      'https://westeurope-5.in.applicationinsights.azure.com/v2.1/track',
    ],
    [
      `instrumentationkey=${KEY.toUpperCase()};EndpointSuffix=applicationinsights.us;Location=usgov`,
      'https://usgov.dc.applicationinsights.us/v2.1/track',
    ],
    [`InstrumentationKey=${KEY};IngestionEndpoint=http://127.0.0.1:8080/proxy`, 'http://127.0.0.1:8080/proxy/v2.1/track'],
  ])('reads %s', (text, trackUrl) => {
    expect(parseConnectionString(text)).toEqual({ instrumentationKey: KEY, trackUrl });
  });

  test.each([
    ['', /no instrumentation key/],
    ['InstrumentationKey=123', /no instrumentation key/],
    [`InstrumentationKey=${KEY};IngestionEndpoint=http://elsewhere.example`, /must be an https URL/],
    [`InstrumentationKey=${KEY};IngestionEndpoint=nonsense`, /must be an https URL/],
  ])('refuses %s', (text, fault) => {
    expect(() => parseConnectionString(text)).toThrow(fault);
  });

  test('whatever it is given, it answers or says why not, and repeats no key', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(rest => `InstrumentationKey=secret-${rest};`),
        ),
        text => {
          try {
            parseConnectionString(text);
          } catch (error) {
            expect((error as Error).constructor.name).toBe('ConnectionStringError');
            expect((error as Error).message).not.toContain('secret-');
          }
        },
      ),
    );
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5));
}
