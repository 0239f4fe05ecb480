import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { IncomingMessage } from 'http';
import { Socket } from 'net';
import { tmpdir } from 'os';
import * as path from 'path';
import { KeyAuth } from '../../../src/scoring/http/key-auth';
import { eventually } from '../support/server';
import { GuardedServer, guardedServer, keptLog } from './support/guarded-server';
import { holdPolls, letPollsRun, nextPoll, wholePoll } from './support/poll-clock';

const PRIMARY = 'primary-key-of-at-least-32-characters';
const SECONDARY = 'secondary-key-of-at-least-32-characters';

describe('key authentication', () => {
  const { log, lines, events } = keptLog();
  let folder: string;
  let auth: KeyAuth;
  let server: GuardedServer;
  const write = (name: string, key: string) => writeFileSync(path.join(folder, name), key);

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
    write('primary', PRIMARY);
    write('secondary', `${SECONDARY}\n`);
    auth = await KeyAuth.watch(folder, log);
    server = await guardedServer(auth);
  });

  afterEach(async () => {
    await server.close();
    letPollsRun();
    rmSync(folder, { recursive: true, force: true });
    lines.length = 0;
  });

  test.each([`Bearer ${PRIMARY}`, `bearer ${PRIMARY}`, `BEARER   ${SECONDARY}`])(
    'accepts %s at once, again and again',
    async header => {
      for (let i = 0; i < 3; i++) expect(await server.ask(header)).toMatchObject({ status: 200, atOnce: true });
    },
  );

  test('tells a caller without a key, and one with a wrong key, the same but for the mark of a wrong one', async () => {
    const [none, wrong] = [await server.ask(), await server.ask('Bearer wrong')];

    expect([none.status, wrong.status]).toEqual([401, 401]);
    expect(none.text).toBe(wrong.text);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    expect(wrong.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  test('a connection that was let in is not let in with anything else', () => {
    const onOneConnection = (authorization?: string) => auth.check(requestOn(socket, authorization));
    const socket = new Socket();

    expect(onOneConnection(`Bearer ${PRIMARY}`)).toBe('accepted');
    for (const other of [undefined, '', `Bearer ${PRIMARY}x`, `Bearer ${PRIMARY.slice(0, -1)}x`, `Basic ${PRIMARY}`]) {
      expect(onOneConnection(other)).toMatchObject({ status: 401 });
    }
    expect(onOneConnection(`Bearer ${PRIMARY}`)).toBe('accepted');
  });

  test('a connection that was let in with a key is not any more when the key is replaced', async () => {
    const socket = new Socket();
    const check = (key: string) => auth.check(requestOn(socket, `Bearer ${key}`));
    expect(check(SECONDARY)).toBe('accepted');

    write('secondary', 'another-key');
    await eventually(
      () => check('another-key'),
      verdict => verdict === 'accepted',
    );

    expect(check(SECONDARY)).toMatchObject({ status: 401 });
    expect(check(PRIMARY)).toBe('accepted');
    expect(events()).toEqual(['keys-reread']);
  });

  test('a faulty file is reported once and changes nothing', async () => {
    await server.close();
    holdPolls();
    auth = await KeyAuth.watch(folder, log);
    server = await guardedServer(auth);
    write('primary', 'not a header value: \u00e9');
    nextPoll();
    await eventually(events, seen => seen.includes('keys-unreadable'));
    await wholePoll();

    expect(events()).toEqual(['keys-unreadable']);
    expect((await server.askWith(PRIMARY)).status).toBe(200);
  });
});

function requestOn(socket: Socket, authorization?: string): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.headers.authorization = authorization;
  return request;
}
