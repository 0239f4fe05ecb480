import { once } from 'events';
import { cpSync, mkdirSync, writeFileSync } from 'fs';
import { createServer, get, IncomingMessage, ServerResponse } from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { gunzipSync, gzipSync } from 'zlib';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import {
  at,
  events,
  eventually,
  fixture,
  metricsOf,
  post,
  removeFolders,
  request,
  serve,
  stopServers,
  temporaryFolder,
} from './support/server';

jest.setTimeout(60_000);

const BODY = { features: [[1, 2, 3, 4]] };
const KEY = 'a-key-of-at-least-thirty-two-characters';
const GZIP = { 'content-encoding': 'gzip' };

afterAll(async () => {
  await stopServers();
  removeFolders();
});

/** Serves an entry script of these lines. */
function serveScript(text: string, env: Record<string, string> = {}): Promise<LaunchedServer> {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'score.js'), text);
  return serve('', { [ENV.appRoot]: folder, [ENV.entryScript]: 'score.js', ...env });
}

describe('a compressed body', () => {
  let server: LaunchedServer;
  beforeAll(async () => {
    server = await serve(fixture('dense'), { [ENV.maxBodyBytes]: '100000' });
  });

  test('is scored as if it were not', async () => {
    const plain = await post(server.scoringUri, BODY);
    const compressed = await post(server.scoringUri, gzipSync(JSON.stringify(BODY)), GZIP);

    expect(compressed.json).toEqual(plain.json);
  });

  test('is refused once more comes out of it than a body may have', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '));
    const { status, json } = await post(server.scoringUri, bomb, GZIP);

    expect(bomb.length).toBeLessThan(100_000);
    expect(status).toBe(413);
    expect(json.message).toContain('larger than 100000 bytes');
  });

  test('that is cut off is told apart from one that is whole', async () => {
    const half = gzipSync(JSON.stringify(BODY)).subarray(0, 20);

    expect((await post(server.scoringUri, half, GZIP)).json.message).toContain('gzip');
  });
});

describe('an answer', () => {
  test('that is longer than it may be becomes an error that says so', async () => {
    const server = await serve(fixture('dense'), { [ENV.maxResponseBytes]: '50' });
    const { status, json } = await post(server.scoringUri, { features: Array.from({ length: 20 }, () => [1, 2, 3, 4]) });

    expect(status).toBe(500);
    expect(json.message).toMatch(/limit of this service is 50/);
  });

  test('of a script comes piece by piece where the script gives it so', async () => {
    const server = await serveScript(`
      exports.rawHttp = true;
      exports.run = () => ({ headers: { 'content-type': 'text/plain', 'x-own': 'yes' }, body: (async function* () {
        for (const piece of ['one ', 'two ', 'three']) { yield piece; await new Promise(r => setTimeout(r, 20)); }
      })() });
    `);
    const pieces: string[] = [];
    const response = await fetch(server.scoringUri);
    for await (const piece of response.body ?? []) pieces.push(Buffer.from(piece as Uint8Array).toString());

    expect(pieces.join('')).toBe('one two three');
    expect(pieces.length).toBeGreaterThan(1);
    expect(response.headers.get('x-own')).toBe('yes');
    expect((await post(server.scoringUri, {})).text).toBe('one two three');
  });

  test('that breaks off before its first piece was read is cut, every time', async () => {
    const server = await serveScript(`
      exports.rawHttp = true;
      exports.run = () => ({ body: (async function* () { yield 'begun'; throw new Error('the source dried up'); })() });
    `);
    for (let round = 0; round < 50; round++) {
      const outcome = await new Promise<string>(resolve => {
        const cut = (): void => resolve('cut');
        get(server.scoringUri, response =>
          response
            .resume()
            .once('end', () => resolve('whole'))
            .once('error', cut),
        ).once('error', cut);
      });
      expect(outcome).toBe('cut');
    }
  });

  test.each([
    ['server', 500],
    ['azureml-v1', 502],
  ])('of a script that throws has the status that %s gives it', async (mapping, status) => {
    const server = await serveScript(`exports.run = () => { throw new Error('secret detail'); };`, {
      [ENV.statusCodes]: mapping,
    });
    const answer = await post(server.scoringUri, {});

    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-ms-run-function-failed')).toBe('True');
    expect(answer.text).not.toContain('secret detail');
    await eventually(
      () => events(server, 'request-failed').length,
      count => count === 1,
    );
  });
});

describe('what a script sees', () => {
  const echo = `
    exports.rawHttp = true;
    exports.run = ({ method, headers }) => ({ body: { method, headers } });
  `;

  test('is not the credential that the front has checked', async () => {
    const keys = temporaryFolder();
    writeFileSync(path.join(keys, 'primary'), KEY);
    const server = await serveScript(echo, { [ENV.auth]: 'keys', [ENV.keysDirectory]: keys });
    const { status, text } = await post(server.scoringUri, {}, { authorization: `Bearer ${KEY}` });

    expect(status).toBe(200);
    expect(text).not.toContain(KEY);
  });

  test('is the caller’s trace, continued, and the request’s id', async () => {
    const server = await serveScript(echo);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const sent = { traceparent: `00-${trace}-b7ad6b7169203331-01`, 'x-request-id': 'mine' };
    const { headers } = (await post(server.scoringUri, {}, sent)).json as { headers: Record<string, string> };

    expect(headers.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(headers.traceparent).not.toBe(sent.traceparent);
    expect(headers['x-request-id']).toBe('mine');
  });

  test('are OPTIONS requests, where it takes requests as they come and the front does not answer them', async () => {
    const own = await serveScript(echo);
    const front = await serveScript(echo, { [ENV.corsOrigins]: 'https://shop.example' });
    const ask = (server: LaunchedServer) =>
      request(server.scoringUri, {
        method: 'OPTIONS',
        headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
      });

    expect((await ask(own)).json).toMatchObject({ method: 'OPTIONS' });
    expect((await ask(front)).text).toBe('');
    expect((await ask(front)).headers.get('access-control-allow-origin')).toBe('https://shop.example');
  });
});

describe('what is reported', () => {
  test('are metrics, on a port of their own only', async () => {
    const server = await serve(fixture('dense'), { [ENV.metricsPort]: '0' });
    await post(server.scoringUri, BODY);
    await post(server.scoringUri, { features: 'x' });
    const text = await metricsOf(server);

    expect(text).toMatch(/http_server_request_duration_seconds_count\{route="\/score",status="200"\} 1\n/);
    expect(text).toMatch(/http_server_request_duration_seconds_count\{route="\/score",status="400"\} 1\n/);
    expect(text).toContain('model_info{name="dense"');
    expect((await request(at(server, '/metrics'))).status).toBe(404);
  });

  test('are the requests of a model that may share a run, fewer where a target cannot be kept', async () => {
    const folder = temporaryFolder();
    for (const name of ['dense', 'slow']) {
      mkdirSync(path.join(folder, name, '1'), { recursive: true });
      cpSync(fixture(name), path.join(folder, name, '1', 'model.onnx'));
    }
    const env = { [ENV.metricsPort]: '0', [ENV.maxBatch]: '8', [ENV.batchTargetMs]: '1', [ENV.maxQueueWaitMs]: '60000' };
    const server = await serve(folder, env);
    const limits = async () => [...(await metricsOf(server)).matchAll(/^batch_limit(.*)$/gm)].map(([, sample]) => sample);
    const before = await limits();
    // so much to read takes longer than a millisecond
    const large = { features: Array.from({ length: 40_000 }, () => [1, 2, 3, 4]) };
    await Promise.all(Array.from({ length: 40 }, () => post(at(server, '/score/dense'), large)));

    // a run for a request of `slow` serves no other
    expect(before).toEqual(['{name="dense",version="1"} 8']);
    expect(await limits()).toEqual(['{name="dense",version="1"} 4']);
  });

  test('are requests, without their payload, where the access log is on', async () => {
    const server = await serve(fixture('dense'), { [ENV.accessLog]: 'all' });
    await post(server.scoringUri, BODY, { 'x-request-id': 'logged' });
    const [line] = await eventually(
      () => events(server, 'request').filter(event => event.requestId === 'logged'),
      lines => lines.length > 0,
    );

    expect(line).toMatchObject({ method: 'POST', path: '/score', status: 200, requestBytes: JSON.stringify(BODY).length });
    expect(JSON.stringify(line)).not.toContain('features');
  });

  test('are requests and failures, to Application Insights', async () => {
    const rows: Array<{ name: string; data: { baseType: string; baseData: Record<string, unknown> } }> = [];
    const ingest = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const text = (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
      const items = text.startsWith('[')
        ? (JSON.parse(text) as typeof rows)
        : text
            .trim()
            .split('\n')
            .map(line => JSON.parse(line) as (typeof rows)[0]);
      rows.push(...items);
      answer.end(JSON.stringify({ itemsReceived: items.length, itemsAccepted: items.length, errors: [] }));
    };
    const ingestion = createServer((incoming, answer) => void ingest(incoming, answer)).listen(0, '127.0.0.1');
    await once(ingestion, 'listening');
    const { port } = ingestion.address() as AddressInfo;
    const key = '00000000-1111-4222-8333-444444444444';
    const server = await serveScript(`exports.run = ({ x }) => { if (x === 0) throw new Error('the reason'); return x; };`, {
      [ENV.appInsightsConnection]: `InstrumentationKey=${key};IngestionEndpoint=http://127.0.0.1:${port}/`,
    });
    const trace = '0af7651916cd43dd8448eb211c80319c';
    await post(server.scoringUri, { x: 1 }, { 'x-request-id': 'good', traceparent: `00-${trace}-b7ad6b7169203331-01` });
    await post(server.scoringUri, { x: 0 }, { 'x-request-id': 'bad' });
    await request(server.healthUri);
    await server.stop();
    ingestion.close();

    const requests = rows.filter(({ data }) => data.baseType === 'RequestData').map(({ data }) => data.baseData);
    expect(requests.map(({ responseCode, success }) => [responseCode, success])).toEqual([
      ['200', true],
      ['500', false],
    ]);
    expect(rows.some(({ data }) => data.baseType === 'ExceptionData')).toBe(true);
    expect(JSON.stringify(rows)).toContain(trace);
    expect(JSON.stringify(rows)).toContain('the reason');
  });

  test('is what a script prints, with the id of its request', async () => {
    const server = await serveScript(`exports.run = (_, { log }) => { log.info('from the script'); return 1; };`);
    await post(server.scoringUri, {}, { 'x-request-id': 'printed' });

    expect(events(server, 'script-log')).toEqual([
      expect.objectContaining({ level: 'info', message: 'from the script', requestId: 'printed' }),
    ]);
  });
});
