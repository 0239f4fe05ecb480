import { connect } from 'net';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import { at, fixture, post, removeFolders, request, serve, stopServers } from './support/server';

jest.setTimeout(60_000);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const BODY = { features: [[1, 2, 3, 4]] };
const LIMIT = 200_000;

let server: LaunchedServer;
beforeAll(async () => {
  server = await serve(fixture('dense'), { [ENV.maxBodyBytes]: String(LIMIT) });
});
afterAll(async () => {
  await stopServers();
  removeFolders();
});

/** Sends bytes as they are and returns all that comes back until the server closes. */
function raw(bytes: string): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', chunk => (text += chunk.toString()));
    socket.on('error', () => undefined).on('close', () => resolve(text));
  });
}

describe('routes', () => {
  test.each([
    ['GET', '/', 200, 'Healthy'],
    ['GET', '/?probe=1', 200, 'Healthy'],
    ['HEAD', '/', 200, ''],
    ['GET', '/health/live', 200, 'Alive'],
    ['GET', '/health/ready', 200, 'Ready'],
    ['OPTIONS', '/score', 200, ''],
    ['GET', '/swagger.json?version=2.0', 200, undefined],
    ['GET', '/swagger.json?version=3', 200, undefined],
    ['GET', '/swagger.json?version=4', 404, undefined],
    ['GET', '/score/', 404, undefined],
    ['GET', '/nothing', 404, undefined],
    ['PUT', '/score', 405, undefined],
    ['POST', '/swagger.json', 405, undefined],
    ['DELETE', '/', 405, undefined],
  ])('%s %s is answered with %i', async (method, where, status, text) => {
    const answer = await request(at(server, where), { method });

    expect(answer.status).toBe(status);
    if (text !== undefined) expect(answer.text).toBe(text);
    if (status >= 400) expect(Object.keys(answer.json)).toEqual(['message']);
    expect(answer.headers.get('x-request-id')).toMatch(UUID);
  });

  test('what is allowed is said where something else was asked', async () => {
    expect((await request(server.scoringUri, { method: 'PATCH' })).headers.get('allow')).toBe('GET, OPTIONS, POST');
    expect((await request(at(server, '/'), { method: 'OPTIONS' })).headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });

  test('the one model is found under its name as well', async () => {
    expect((await post(at(server, '/score/dense'), BODY)).status).toBe(200);
  });
});

describe('POST /score', () => {
  test('answers the outputs, how long the engine took, and that the model did not fail', async () => {
    const { status, json, headers } = await post(server.scoringUri, BODY);
    const [row] = json.probabilities as number[][];

    expect(status).toBe(200);
    expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 6);
    expect(headers.get('x-ms-run-fn-exec-ms')).toMatch(/^\d+\.\d{3}$/);
    expect(headers.get('x-ms-run-function-failed')).toBe('False');
  });

  test.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'nonsense'])(
    'reads a body called %s',
    async type => {
      expect((await post(server.scoringUri, BODY, { 'content-type': type })).status).toBe(200);
    },
  );

  test.each([
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415],
    [{ 'content-encoding': 'br' }, 415],
    // it is none
    [{ 'content-encoding': 'gzip' }, 400],
  ])('refuses %j', async (headers, status) => {
    expect((await post(server.scoringUri, BODY, headers as Record<string, string>)).status).toBe(status);
  });

  test('is also reached with curl’s Expect: 100-continue', async () => {
    const body = JSON.stringify(BODY);
    const text = await raw(
      `POST /score HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );

    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  });
});

describe('GET /score', () => {
  test('takes each value of the query as JSON', async () => {
    expect((await request(`${server.scoringUri}?features=[[1,2,3,4]]`)).json).toEqual((await post(server.scoringUri, BODY)).json);
  });

  test('makes an array of a repeated key and a string of what is not JSON', async () => {
    expect((await request(`${server.scoringUri}?features=[1,2,3,4]&features=[5,6,7,8]`)).status).toBe(200);
    expect((await request(`${server.scoringUri}?features=abc`)).json.message).toContain('got "abc"');
  });

  test('without a query misses its inputs', async () => {
    expect((await request(server.scoringUri)).json.message).toContain('missing: "features"');
  });
});

describe('request ids', () => {
  const headers = async (sent: Record<string, string>) => {
    const answer = await post(server.scoringUri, BODY, sent);
    const [own, legacy, client, trace] = ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'traceid'].map(name =>
      answer.headers.get(name),
    );
    return { status: answer.status, own, legacy, client, trace };
  };

  test('are made where there is none', async () => {
    const { own, legacy, client } = await headers({});

    expect(own).toMatch(UUID);
    expect(legacy).toBe(own);
    expect(client).toBeNull();
  });

  test.each([
    [{ 'x-request-id': 'a' }, { own: 'a', legacy: 'a', client: null }],
    [
      { 'x-request-id': 'a', 'x-ms-client-request-id': 'c' },
      { own: 'a', legacy: 'c', client: 'c' },
    ],
    [
      { 'x-request-id': 'a', 'x-ms-request-id': 'b' },
      { own: 'a', legacy: 'b', client: 'b' },
    ],
    [
      { 'x-request-id': 'a', 'x-ms-request-id': 'b', 'x-ms-client-request-id': 'c' },
      { own: 'a', legacy: 'b', client: 'c' },
    ],
    [{ TraceId: 't' }, { trace: 't' }],
    [{ 'x-request-id': 'i'.repeat(100) }, { status: 200, own: 'i'.repeat(100) }],
  ])('%j is echoed by Azure ML’s rules', async (sent, expected) => {
    expect(await headers(sent as unknown as Record<string, string>)).toMatchObject(expected);
  });

  test.each([
    ['x-request-id', 'i'.repeat(101), 431],
    ['x-ms-client-request-id', 'i'.repeat(101), 431],
    ['x-ms-request-id', 'i'.repeat(101), 431],
    ['x-request-id', 'with space', 400],
    ['x-request-id', 'ü', 400],
  ])('%s: %s is refused and not echoed', async (name, value, status) => {
    const answer = await headers({ [name]: value });

    expect(answer.status).toBe(status);
    expect(answer.own).toMatch(UUID);
    expect(Object.values(answer)).not.toContain(value);
  });
});

describe('limits', () => {
  const head = 'POST /score HTTP/1.1\r\nHost: a\r\n';

  test('a body that says it is too large is refused before it is sent', async () => {
    const text = await raw(`${head}Content-Length: ${LIMIT + 1}\r\n\r\n`);

    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toContain(`larger than ${LIMIT} bytes`);
    expect(text.toLowerCase()).toContain('connection: close');
  });

  test('a body that turns out too large is refused while it is sent', async () => {
    const chunk = `${(60_000).toString(16)}\r\n${' '.repeat(60_000)}\r\n`;

    expect(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(4)}`)).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a refused upload gets its answer although it goes on sending', async () => {
    const answer = await post(server.scoringUri, Buffer.alloc(5 * LIMIT, ' '));

    expect(answer.status).toBe(413);
  });

  test('a chunked body within the limit is scored', async () => {
    const body = JSON.stringify(BODY);
    const text = await raw(
      `${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );

    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('headers that are too large, and what is no HTTP, are refused as plainly', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 [^]*\{"message":/);
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*\{"message":/);
  });

  test('two lengths for one body are refused', async () => {
    expect(await raw(`${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});
