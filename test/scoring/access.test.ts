import { readFileSync, rmSync, writeFileSync } from 'fs';
import { request as httpRequest } from 'http';
import type { RequestOptions } from 'https';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import { hasOpenssl, makeCertificate } from './access/support/certificates';
import { AUDIENCE, claims, KeyServer, sign, signingPair, TENANT } from './access/support/key-server';
import {
  at,
  eventually,
  fixture,
  httpsStatus,
  post,
  removeFolders,
  request,
  serve,
  stopServers,
  temporaryFolder,
} from './support/server';

jest.setTimeout(60_000);

const BODY = { features: [[1, 2, 3, 4]] };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

afterAll(async () => {
  await stopServers();
  removeFolders();
});

describe('keys', () => {
  const keys = temporaryFolder();
  const write = (name: string, key: string) => writeFileSync(path.join(keys, name), key);
  const status = async (headers: Record<string, string>) => (await post(server.scoringUri, BODY, headers)).status;
  let server: LaunchedServer;

  beforeAll(async () => {
    write('primary', 'first-key\n');
    write('secondary', 'second-key');
    server = await serve(fixture('dense'), { [ENV.auth]: 'keys', [ENV.keysDirectory]: keys });
  });

  test('both are accepted, whatever the case of the scheme', async () => {
    expect(await status(bearer('first-key'))).toBe(200);
    expect(await status(bearer('second-key'))).toBe(200);
    expect(await status({ authorization: 'bearer first-key' })).toBe(200);
  });

  test.each([
    [{}, 'Bearer'],
    [bearer('third-key'), 'Bearer error="invalid_token"'],
    [bearer('first-ke'), 'Bearer error="invalid_token"'],
    [bearer(''), 'Bearer'],
    [{ authorization: 'first-key' }, 'Bearer'],
    [{ authorization: 'Basic first-key' }, 'Bearer'],
    [{ authorization: 'Bearer first-key extra' }, 'Bearer'],
  ])('%j is refused with the way to do it', async (headers, challenge) => {
    const answer = await post(server.scoringUri, BODY, headers);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
    expect(answer.json.message).toBe('A valid key is needed: Authorization: Bearer <key>');
    expect(answer.text).not.toContain('first-key');
  });

  test('health and Swagger need none, and Swagger says that scoring does', async () => {
    const swagger = (await request(server.swaggerUri)).json as { paths: Record<string, { post?: { security: unknown } }> };

    expect((await request(at(server, '/'))).status).toBe(200);
    expect((await request(at(server, '/health/ready'))).status).toBe(200);
    expect(swagger.paths['/score'].post?.security).toEqual([{ Bearer: [] }]);
  });

  test('are read again when they change, and an empty secondary is none', async () => {
    write('secondary', 'new-key');
    await eventually(
      () => status(bearer('new-key')),
      code => code === 200,
    );
    // 429 where it was tried too often
    expect([401, 429]).toContain(await status(bearer('second-key')));

    write('secondary', '');
    await eventually(
      () => status(bearer('new-key')),
      code => code !== 200,
    );
    expect([401, 429]).toContain(await status(bearer('')));
    expect(await status(bearer('first-key'))).toBe(200);
  });

  test('the last good ones stay when the files are taken away, and the log has no key in it', async () => {
    rmSync(path.join(keys, 'primary'));
    await eventually(
      () => server.output.join('\n'),
      output => output.includes('keys-unreadable'),
    );

    expect(await status(bearer('first-key'))).toBe(200);
    expect(server.output.join('\n')).not.toMatch(/first-key|new-key/);
  });

  test('without a primary key there is no start', async () => {
    const empty = temporaryFolder();

    await expect(serve(fixture('dense'), { [ENV.auth]: 'keys', [ENV.keysDirectory]: empty })).rejects.toThrow(
      `No key in '${empty}/primary'`,
    );
  });
});

describe('tokens of Entra ID', () => {
  test('are asked for in place of keys', async () => {
    const pair = await signingPair('first');
    const keys = await KeyServer.start(pair);
    const server = await serve(fixture('dense'), {
      [ENV.auth]: 'entra',
      [ENV.entraTenantId]: TENANT,
      [ENV.entraAudiences]: `api://another, ${AUDIENCE}`,
      [ENV.entraRoles]: 'Score',
      [ENV.entraJwksUri]: keys.uri,
    });
    const status = async (token: string) => (await post(server.scoringUri, BODY, bearer(token))).status;
    const good = await sign(pair, claims(Date.now()));

    expect(await Promise.all([good, good, good].map(status))).toEqual([200, 200, 200]);
    expect(await status(`${good}x`)).toBe(401);
    expect(await status(await sign(pair, claims(Date.now(), { roles: [] })))).toBe(403);
    expect((await post(server.scoringUri, BODY)).status).toBe(401);
    expect((await request(at(server, '/'))).status).toBe(200);
    expect(server.output.join('\n')).not.toContain(good.split('.')[1]);
    await keys.stop();
  });
});

describe('pages of other origins', () => {
  const origin = 'https://shop.example';
  const keys = temporaryFolder();
  let server: LaunchedServer;

  beforeAll(async () => {
    writeFileSync(path.join(keys, 'primary'), 'first-key');
    server = await serve(fixture('dense'), {
      [ENV.corsOrigins]: origin,
      [ENV.auth]: 'keys',
      [ENV.keysDirectory]: keys,
      [ENV.maxBodyBytes]: '1000',
    });
  });

  test.each([
    [200, 'POST', '/score', bearer('first-key'), JSON.stringify(BODY)],
    [400, 'POST', '/score', bearer('first-key'), '{'],
    [401, 'POST', '/score', {}, ''],
    [404, 'GET', '/nothing', {}, ''],
    [405, 'PUT', '/score', {}, ''],
    [413, 'POST', '/score', bearer('first-key'), 'x'.repeat(1001)],
    [431, 'GET', '/', { 'x-request-id': 'x'.repeat(101) }, ''],
  ])('may read an answer of status %i', async (status, method, target, headers: Record<string, string>, body) => {
    const answer = await ask(at(server, target), method, { origin, ...headers }, body);

    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' });
  });

  test('may ask before they send, without a key', async () => {
    const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    const answer = await ask(server.scoringUri, 'OPTIONS', { origin, ...asked });

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization',
    });
  });

  test('that are not listed may not', async () => {
    const answer = await ask(
      server.scoringUri,
      'POST',
      { origin: 'https://other.example', ...bearer('first-key') },
      JSON.stringify(BODY),
    );

    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('that cannot be are an error at the start', async () => {
    await expect(serve(fixture('dense'), { [ENV.corsOrigins]: `${origin}/` })).rejects.toThrow(`write '${origin}'`);
  });
});

describe('TLS', () => {
  const folder = temporaryFolder();
  const maybe = hasOpenssl ? test : test.skip;

  maybe('is served from the folder, from version 1.2 on (skipped where there is no openssl to make a certificate)', async () => {
    makeCertificate(folder);
    const server = await serve(fixture('dense'), { [ENV.tlsDirectory]: folder });
    const get = (options: RequestOptions) =>
      httpsStatus(server.healthUri, { ca: readFileSync(path.join(folder, 'tls.crt')), ...options });

    expect(server.scoringUri).toMatch(/^https:/);
    await expect(get({})).resolves.toBe(200);
    await expect(get({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })).rejects.toThrow(
      /protocol version|EPROTO|ECONNRESET/,
    );
  });

  test('without a certificate there is no start', async () => {
    await expect(serve(fixture('dense'), { [ENV.tlsDirectory]: temporaryFolder() })).rejects.toThrow(
      /certificate in '.*' \(tls.crt, tls.key\) cannot be used/,
    );
  });
});

interface HeadOfAnswer {
  readonly status?: number;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** By node:http, since `fetch` does not let its caller set `Origin`. */
function ask(url: string, method: string, headers: Record<string, string>, body = ''): Promise<HeadOfAnswer> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { method, headers, agent: false }, response => {
      resolve({ status: response.resume().statusCode, headers: response.headers });
    })
      .on('error', reject)
      .end(body);
  });
}
