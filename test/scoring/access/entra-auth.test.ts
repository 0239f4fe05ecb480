import * as fc from 'fast-check';
import { exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { EntraAuth, EntraOptions } from '../../../src/scoring/http/entra-auth';
import { eventually } from '../support/server';
import { GuardedServer, guardedServer, keptLog } from './support/guarded-server';
import { AUDIENCE, claims, ISSUER, KeyServer, sign, signingPair, SigningPair, TENANT } from './support/key-server';

const START = Date.UTC(2026, 0, 15, 12);
const MINUTE = 60_000;
const TIMING = { cooldownMs: 0, retryMs: 0, refreshMs: 3_600_000, timeoutMs: 2_000 };

describe('Entra ID authentication', () => {
  const { log, lines, events } = keptLog();
  let pair: SigningPair;
  let next: SigningPair;
  let keys: KeyServer;
  let server: GuardedServer;
  let now: number;

  const start = async (changed: Partial<EntraOptions> = {}): Promise<void> => {
    await server?.close();
    const options = { tenantId: TENANT, audiences: [AUDIENCE], roles: ['Score'], jwksUri: keys.uri, timing: TIMING, ...changed };
    server = await guardedServer(EntraAuth.create(options, log, () => now));
  };
  const token = (changed: Record<string, unknown> = {}) => sign(pair, claims(START, changed));
  const status = async (bearer: string) => (await server.askWith(bearer)).status;

  beforeAll(async () => {
    [pair, next] = await Promise.all(['first', 'second'].map(signingPair));
  });

  beforeEach(async () => {
    now = START;
    lines.length = 0;
    keys = await KeyServer.start(pair);
    await start();
    await eventually(events, seen => seen.includes('signing-keys-read'));
  });

  afterEach(async () => {
    await server.close();
    await keys.stop();
  });

  describe('a token', () => {
    test('that is good is accepted, and known at once from then on, on any connection', async () => {
      const good = await token();

      expect(await server.askWith(good)).toMatchObject({ status: 200, atOnce: false });
      expect(await server.askWith(good)).toMatchObject({ status: 200, atOnce: true });
      expect(await server.ask(`bearer ${good}`)).toMatchObject({ status: 200 });
      expect(keys.asked).toBe(1);
    });

    test.each([
      ['of version 1', { iss: `https://sts.windows.net/${TENANT}/`, azp: undefined, appid: 'caller' }],
      ['with the scope instead of the role', { roles: undefined, scp: 'read Score' }],
      ['that ended within the skew of the clocks', { exp: START / 1000 - 59 }],
      ['that begins within the skew of the clocks', { nbf: START / 1000 + 59 }],
    ])('%s is accepted', async (_, changed) => {
      expect(await status(await token(changed))).toBe(200);
    });

    test.each([
      ['that has ended', { exp: START / 1000 - 61 }],
      ['that has not begun', { nbf: START / 1000 + 62 }],
      ['without an end', { exp: undefined }],
      ['whose end is no number', { exp: 'never' }],
      ['for another audience', { aud: 'api://other' }],
      ['whose audience only begins like ours', { aud: `${AUDIENCE}-2` }],
      ['without an audience', { aud: undefined }],
      ['of another issuer', { iss: ISSUER.replace('v2.0', 'v3.0') }],
      ['of an issuer with one slash more', { iss: `${ISSUER}/` }],
      ['of another tenant', { tid: TENANT.replace('1', '9') }],
      ['without a tenant', { tid: undefined }],
    ])('%s is refused', async (_, changed) => {
      const answer = await server.askWith(await token(changed));

      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(answer.text).toBe('A valid token is needed: Authorization: Bearer <access token>');
    });

    test.each([
      ['no role', { roles: undefined }],
      ['another role', { roles: ['score', 'Read'] }],
      ['a role that is a text', { roles: 'Score' }],
      ['another scope', { roles: [], scp: 'Scored' }],
    ])('with %s is valid but not enough', async (_, changed) => {
      const answer = await server.askWith(await token(changed));

      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope"');
    });

    test('of a client that is not named is valid but not enough', async () => {
      await start({ roles: undefined, allowedClients: ['caller'] });

      expect(await status(await token())).toBe(200);
      expect(await status(await token({ azp: 'somebody' }))).toBe(403);
      expect(await status(await token({ azp: undefined }))).toBe(403);
      expect(await status(await token({ azp: undefined, appid: 'caller' }))).toBe(200);
    });

    test('needs no role where none is asked for, which is warned of at the start', async () => {
      await start({ roles: undefined });

      expect(await status(await token({ roles: undefined }))).toBe(200);
      expect(events()).toContain('any-caller-of-tenant');
    });
  });

  describe('a forged token is refused', () => {
    test('with no algorithm', async () => {
      expect(await status(new UnsecuredJWT(claims(START)).encode())).toBe(401);
    });

    test('signed with the public key as if it were a secret', async () => {
      const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey));
      const header = { alg: 'HS256', kid: pair.id };

      expect(await status(await new SignJWT(claims(START)).setProtectedHeader(header).sign(secret))).toBe(401);
    });

    test('with another, also strong, algorithm of the right key', async () => {
      const key = await crypto.subtle.importKey(
        'pkcs8',
        await crypto.subtle.exportKey('pkcs8', pair.privateKey),
        { name: 'RSA-PSS', hash: 'SHA-256' },
        false,
        ['sign'],
      );
      const header = { alg: 'PS256', kid: pair.id };

      expect(await status(await new SignJWT(claims(START)).setProtectedHeader(header).sign(key))).toBe(401);
    });

    test('that brings its own key or says where to find it', async () => {
      const own = await signingPair(pair.id);
      const elsewhere = await KeyServer.start(own);
      const forged = await sign(own, claims(START), { jku: elsewhere.uri, x5u: elsewhere.uri, jwk: own.published });

      expect(await status(forged)).toBe(401);
      expect(elsewhere.asked).toBe(0);
      await elsewhere.stop();
    });

    test('whose claims were changed', async () => {
      const [header, , signature] = (await token({ roles: ['Read'] })).split('.');
      const payload = Buffer.from(JSON.stringify(claims(START))).toString('base64url');

      expect(await status(`${header}.${payload}.${signature}`)).toBe(401);
    });

    test('that says an extension must be understood', async () => {
      const header = { crit: ['urn:example:x'], 'urn:example:x': true };
      const critical = await new SignJWT(claims(START))
        .setProtectedHeader({ alg: 'RS256', kid: pair.id, ...header })
        .sign(pair.privateKey, { crit: { 'urn:example:x': true } });

      expect(await status(critical)).toBe(401);
    });

    test('whatever it is, and the log holds nothing of it', async () => {
      const part = fc.oneof(
        fc.base64String(),
        fc.json().map(json => Buffer.from(json).toString('base64url')),
      );
      const text = fc.oneof(
        fc.array(part, { maxLength: 6 }).map(parts => parts.join('.')),
        fc.stringMatching(/^[!-~]{1,200}$/),
      );

      await fc.assert(
        fc.asyncProperty(text, async garbage => {
          expect(await status(garbage)).toBe(401);
        }),
        { numRuns: 200 },
      );
      expect(new Set(events())).toEqual(new Set(['signing-keys-read', 'token-refused']));
      expect(lines.length).toBeLessThan(20);
    });

    test('however long it is', async () => {
      const long = await token({ padding: 'x'.repeat(11_000) });

      expect(await status(`${long}x`)).toBe(401);
      expect(await status(long)).toBe(200);
    });
  });

  describe('signing keys', () => {
    test('a new one is found by its first token', async () => {
      expect(await status(await token())).toBe(200);
      keys.keys = [pair, next];

      expect(await status(await sign(next, claims(START)))).toBe(200);
      expect(keys.asked).toBe(2);
    });

    test('one that was withdrawn takes its tokens with it as soon as that is seen', async () => {
      const old = await token();
      expect(await status(old)).toBe(200);
      keys.keys = [next];
      expect(await status(old)).toBe(200);

      expect(await status(await sign(next, claims(START)))).toBe(200);
      expect(await status(old)).toBe(401);
    });

    test('unknown key ids do not make more than one request within the cooldown', async () => {
      await start({ timing: { ...TIMING, cooldownMs: 60_000 } });
      await eventually(events, seen => seen.filter(event => event === 'signing-keys-read').length === 2);
      const before = keys.asked;
      const tokens = await Promise.all([1, 2, 3, 4, 5].map(i => sign({ ...next, id: `unknown-${i}` }, claims(START))));

      expect(await Promise.all(tokens.map(status))).toEqual([401, 401, 401, 401, 401]);
      expect(keys.asked).toBe(before);
    });

    test('a token without a key id is checked where there is one key, and refused where there are several', async () => {
      const anonymous = await sign(pair, claims(START), { kid: undefined });
      expect(await status(anonymous)).toBe(200);

      keys.keys = [pair, next];
      expect(await status(await sign(next, claims(START)))).toBe(200);
      expect(await status(anonymous)).toBe(401);
    });

    describe.each([
      ['is down', undefined],
      ['fails', { status: 500, body: '{}' }],
      ['redirects', { status: 302, body: '' }],
      ['answers no JSON', { status: 200, body: '<html>' }],
      ['answers no keys', { status: 200, body: '{"keys": 7}' }],
    ])('while the key server %s', (_, fault) => {
      const fail = async (): Promise<void> => {
        if (fault === undefined) await keys.stop();
        else keys.fault = fault;
      };

      test('a new service says 503 and when to try again, not that the token is wrong', async () => {
        await fail();
        await start();
        const answer = await server.askWith(await token());

        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toBe('2');
        expect(await server.askWith('garbage')).toMatchObject({ status: 401 });
        expect(events().filter(event => event === 'signing-keys-unreadable')).toHaveLength(1);
      });

      test('tokens of keys that are known are still accepted, and others may yet be good', async () => {
        expect(await status(await token())).toBe(200);
        await fail();

        expect(await status(await token({ jti: 'new' }))).toBe(200);
        expect(await status(await sign(next, claims(START)))).toBe(503);
      });
    });

    test('a service recovers when the key server does', async () => {
      keys.fault = { status: 500, body: '' };
      await start();
      const good = await token();
      expect(await status(good)).toBe(503);

      keys.fault = undefined;
      expect(await status(good)).toBe(200);
    });
  });

  describe('the clock', () => {
    test('an accepted token ends when it says, however it was remembered', async () => {
      const good = await token({ exp: (START + 2 * MINUTE) / 1000 });
      expect(await status(good)).toBe(200);

      now = START + 2 * MINUTE - 1;
      expect(await server.askWith(good)).toMatchObject({ status: 200, atOnce: true });
      now = START + 2 * MINUTE;
      expect(await server.askWith(good)).toMatchObject({ status: 200, atOnce: false });
      now = START + 3 * MINUTE;
      expect(await status(good)).toBe(401);
    });

    test('set forward, it ends tokens; set back, it revives none that has not begun', async () => {
      const good = await token();
      expect(await status(good)).toBe(200);

      now = START + 24 * 60 * MINUTE;
      expect(await status(good)).toBe(401);
      now = START - 24 * 60 * MINUTE;
      expect(await status(good)).toBe(401);
      now = START;
      expect(await status(good)).toBe(200);
    });
  });

  test.each([
    ['a name as tenant', { tenantId: 'contoso.onmicrosoft.com' }, /no tenant id/],
    ['all tenants', { tenantId: 'common' }, /no tenant id/],
    ['no audience', { audiences: [] }, /audiences/],
    ['an empty role', { roles: [''] }, /roles/],
    ['keys over plain HTTP', { jwksUri: 'http://login.example/keys' }, /https/],
    ['keys from a file', { jwksUri: 'file:///etc/keys' }, /https/],
  ])('%s is an error at the start', async (_, changed, message) => {
    await expect(start(changed)).rejects.toThrow(message);
    await start();
  });
});
