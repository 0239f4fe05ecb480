import { once } from 'events';
import * as fc from 'fast-check';
import { createServer, request as httpRequest, IncomingMessage, Server } from 'http';
import { AddressInfo } from 'net';
import { Cors, CorsError } from '../../../src/scoring/http/cors';

const TWO = 'https://a.example, https://b.example:8443';
const ALLOWED = 'access-control-allow-';

interface Answer {
  readonly status?: number;
  readonly headers: IncomingMessage['headers'];
}

/** A server that answers what it is told to, with the headers of CORS, as the service does. */
class CorsServer {
  static async start(origins: string, status = 200): Promise<CorsServer> {
    const cors = Cors.parse(origins);
    const server = createServer((request, response) => {
      response.writeHead(status, [...(cors.preflight(request) ?? cors.headersFor(request))]).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CorsServer(server);
  }

  private constructor(private readonly server: Server) {}

  /** By node:http, since `fetch` does not let its caller set `Origin`. */
  async ask(method: string, headers: Record<string, string>): Promise<Answer> {
    const { port } = this.server.address() as AddressInfo;
    const sent = httpRequest({ host: '127.0.0.1', port, method, headers, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.resume();
    return { status: response.statusCode, headers: response.headers };
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describe('cross-origin requests', () => {
  const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type, authorization' };
  let server: CorsServer | undefined;

  const start = async (origins: string, status?: number): Promise<CorsServer> =>
    (server = await CorsServer.start(origins, status));
  afterEach(() => server?.stop());

  test.each([
    // allowed list, origin sent, origin answered, whether caches must tell origins apart
    [TWO, 'https://a.example', 'https://a.example', 'Origin'],
    [TWO, 'https://b.example:8443', 'https://b.example:8443', 'Origin'],
    [TWO, 'https://b.example', undefined, 'Origin'],
    [TWO, 'http://a.example', undefined, 'Origin'],
    [TWO, 'https://a.example.evil.example', undefined, 'Origin'],
    [TWO, 'https://evil.example?https://a.example', undefined, 'Origin'],
    [TWO, 'https://aXexample', undefined, 'Origin'],
    [TWO, 'null', undefined, 'Origin'],
    [TWO, '', undefined, 'Origin'],
    [TWO, '__proto__', undefined, 'Origin'],
    ['*', 'https://whoever.example', '*', undefined],
    ['*', 'null', '*', undefined],
    ['www.bing.com', 'https://www.bing.com', 'https://www.bing.com', 'Origin'],
    ['www.bing.com', 'www.bing.com', 'www.bing.com', 'Origin'],
    ['www.bing.com', 'http://www.bing.com', undefined, 'Origin'],
    ['', 'https://a.example', undefined, 'Origin'],
  ])('with %j, %j is answered %j', async (origins, origin, allowed, vary) => {
    const { headers } = await (await start(origins)).ask('POST', { origin });

    expect(headers[`${ALLOWED}origin`]).toBe(allowed);
    expect(headers.vary).toBe(vary);
    expect(headers[`${ALLOWED}credentials`]).toBeUndefined();
    expect(headers['access-control-expose-headers'] !== undefined).toBe(allowed !== undefined);
  });

  test('a request that says no origin gets no header', async () => {
    const { headers } = await (await start(TWO)).ask('POST', {});

    expect(Object.keys(headers).filter(name => name.startsWith('access-control') || name === 'vary')).toEqual([]);
  });

  test('the scripts of allowed pages may read the ids of their request', async () => {
    const { headers } = await (await start(TWO, 401)).ask('POST', { origin: 'https://a.example' });

    expect(headers['access-control-expose-headers']?.split(', ')).toEqual(
      expect.arrayContaining(['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'x-ms-run-function-failed']),
    );
  });

  test('a preflight is told methods, the headers that it asked for, and how long that holds', async () => {
    const { headers } = await (await start(TWO)).ask('OPTIONS', { origin: 'https://a.example', ...asked });

    expect(headers).toMatchObject({
      [`${ALLOWED}origin`]: 'https://a.example',
      [`${ALLOWED}methods`]: 'GET, POST',
      [`${ALLOWED}headers`]: 'authorization, content-type',
      'access-control-max-age': '3600',
      vary: 'Origin',
    });
  });

  test.each([
    ['from another origin', { origin: 'https://z.example', ...asked }],
    ['for a method that there is not', { origin: 'https://a.example', 'access-control-request-method': 'DELETE' }],
    ['that names no method', { origin: 'https://a.example' }],
    ['without an origin', asked],
  ])('a preflight %s is allowed nothing', async (_, headers: Record<string, string>) => {
    const answer = await (await start(TWO)).ask('OPTIONS', headers);

    expect(answer.headers[`${ALLOWED}methods`]).toBeUndefined();
    expect(answer.headers[`${ALLOWED}headers`]).toBeUndefined();
  });

  test('a preflight cannot put anything into the answer but names of headers', async () => {
    const running = await start('*');
    const text = fc.oneof(fc.stringMatching(/^[ -~]{0,80}$/), fc.stringMatching(/^[a-z, -]{0,80}$/));

    await fc.assert(
      fc.asyncProperty(text, async names => {
        const { headers } = await running.ask('OPTIONS', { ...asked, origin: 'x', 'access-control-request-headers': names });
        expect(headers[`${ALLOWED}headers`] ?? 'none').toMatch(/^[^\s,()<>@:;\\"/[\]?={}]+(, [^\s,()<>@:;\\"/[\]?={}]+)*$/);
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['https://a.example/', "write 'https://a.example'"],
    ['https://A.example', "write 'https://a.example'"],
    ['https://a.example:443', "write 'https://a.example'"],
    ['https://a.example/app?x', "write 'https://a.example'"],
    ['https://*.example', 'is no origin'],
    ['.*', 'is no origin'],
    ['null', 'is no origin'],
    ['https://', 'is no origin'],
    ['a b', 'is no origin'],
  ])('%j in the list is an error with the way out', (origins, message) => {
    expect(() => Cors.parse(`https://ok.example, ${origins}`)).toThrow(CorsError);
    expect(() => Cors.parse(`https://ok.example, ${origins}`)).toThrow(message);
  });

  test('all faulty entries are named at once', () => {
    expect(() => Cors.parse('null, https://a.example/, https://ok.example')).toThrow(/'null'[^]*'https:\/\/a\.example\/'/);
  });
});
