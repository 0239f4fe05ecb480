import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { connect } from 'net';
import { tmpdir } from 'os';
import * as path from 'path';
import { ENV } from '../../../src/core/server-contract';
import { LaunchedServer } from '../../../src/scoring/launch';
import { fixture, serve, stopServers } from '../support/server';

jest.setTimeout(60_000);

const KEY = 'both-ways-0123456789abcdef';
const INPUT = '{"features":[[1,2,3,4]]}';
const ORIGIN = 'Origin: https://shop.example';
/** Makes a request one that Node.js reads, and means nothing else here. */
const NOT_PLAIN = 'TE: trailers';

const get = (url: string, ...headers: string[]): readonly string[] => [`GET ${url} HTTP/1.1`, ...headers];
const post = (url: string, ...headers: string[]): readonly string[] => [`POST ${url} HTTP/1.1`, ...headers];
const AUTH = `Authorization: Bearer ${KEY}`;

describe('a request is answered alike, whoever reads it', () => {
  const keys = mkdtempSync(path.join(tmpdir(), 'both-ways-'));
  let server: LaunchedServer;

  beforeAll(async () => {
    writeFileSync(path.join(keys, 'primary'), KEY);
    server = await serve(fixture('dense'), {
      ...{
        [ENV.auth]: 'keys',
        [ENV.keysDirectory]: keys,
        [ENV.corsOrigins]: 'https://shop.example',
        [ENV.maxBodyBytes]: '200000',
      },
    });
  });
  afterAll(async () => {
    await stopServers();
    rmSync(keys, { recursive: true, force: true });
  });

  const answer = (head: readonly string[], body: string): Promise<string> =>
    new Promise(resolve => {
      const length = body === '' ? [] : [`Content-Length: ${body.length}`];
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write([...head, 'Host: x', ...length, '', body].join('\r\n')),
      );
      let text = '';
      socket.on('data', (piece: Buffer) => {
        text += piece.toString('latin1');
        const [, bytes] = /content-length: (\d+)/i.exec(text) ?? [];
        if (text.length === text.indexOf('\r\n\r\n') + 4 + Number(bytes)) socket.destroy();
      });
      socket.on('error', () => undefined).on('close', () => resolve(text));
    });
  /** Without what differs from one request to the next; headers in any order. */
  const settled = (text: string): unknown => {
    const [head, ...rest] = text.split('\r\n\r\n');
    const [status, ...headers] = head.split('\r\n');
    const same = headers.map(line => line.replace(/^(x-(ms-)?request-id|x-ms-run-fn-exec-ms|Date): .*/, '$1'));
    return { status, headers: same.sort(), body: rest.join('\r\n\r\n') };
  };

  test.each<[status: number, head: readonly string[], body: string]>([
    [200, get('/'), ''],
    [200, get('/health/ready', ORIGIN), ''],
    [200, get('/swagger.json?version=3.1'), ''],
    [404, get('/nothing'), ''],
    [405, post('/swagger.json'), ''],
    [200, post('/score', AUTH), INPUT],
    [200, post('/score', AUTH, ORIGIN, 'Content-Type: application/json'), INPUT],
    [200, post('/score', AUTH, 'x-request-id: mine', 'x-ms-client-request-id: theirs', 'TraceId: abc'), INPUT],
    [200, get('/score?features=[[1,2,3,4]]', AUTH), ''],
    [200, post('/score', AUTH, 'Content-Type: application/octet-stream'), '0123456789abcdef'],
    [
      200,
      post('/v2/models/dense/infer', AUTH),
      '{"inputs":[{"name":"features","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}',
    ],
    [400, post('/score', AUTH), ''],
    [400, post('/score', AUTH), '{"features":'],
    [400, post('/score', AUTH, 'x-request-id: two words'), INPUT],
    [431, post('/score', AUTH, `x-request-id: ${'a'.repeat(101)}`), INPUT],
    [401, post('/score'), INPUT],
    [401, post('/score', 'Authorization: Bearer wrong', ORIGIN), INPUT],
    [415, post('/score', AUTH, 'Content-Type: multipart/form-data'), INPUT],
  ])('%i for %j %s', async (status, head, body) => {
    const plain = await answer(head, body);
    const byNode = await answer([...head, NOT_PLAIN], body);

    expect(plain.slice(0, 13)).toBe(`HTTP/1.1 ${status} `);
    expect(settled(plain)).toEqual(settled(byNode));
  });
});
