import { execFileSync } from 'child_process';
import { readFileSync, rmSync, writeFileSync } from 'fs';
import { request as httpsRequest, RequestOptions } from 'https';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import { at, eventually, fixture, post, removeFolders, request, serve, stopServers, temporaryFolder } from './support/server';

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
    [{}],
    [bearer('third-key')],
    [bearer('first-ke')],
    [bearer('')],
    [{ authorization: 'first-key' }],
    [{ authorization: 'Basic first-key' }],
    [{ authorization: 'Bearer first-key extra' }],
  ])('%j is refused with the way to do it', async headers => {
    const answer = await post(server.scoringUri, BODY, headers);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
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
    expect(await status(bearer('second-key'))).toBe(401);

    write('secondary', '');
    await eventually(
      () => status(bearer('new-key')),
      code => code === 401,
    );
    expect(await status(bearer(''))).toBe(401);
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

describe('TLS', () => {
  const folder = temporaryFolder();
  const hasOpenssl = makeCertificate(folder);
  const maybe = hasOpenssl ? test : test.skip;

  maybe('is served from the folder, from version 1.2 on (skipped where there is no openssl to make a certificate)', async () => {
    const server = await serve(fixture('dense'), { [ENV.tlsDirectory]: folder });
    const get = (options: RequestOptions) =>
      getStatus(server.healthUri, { ca: readFileSync(path.join(folder, 'tls.crt')), ...options });

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

function makeCertificate(folder: string): boolean {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', path.join(folder, 'tls.key'), '-out', path.join(folder, 'tls.crt')];
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', ...subject, ...files],
      { stdio: 'ignore' },
    );
    return true;
  } catch {
    return false;
  }
}

function getStatus(url: string, options: RequestOptions): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    httpsRequest(url, { agent: false, ...options }, response => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}
