import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { FailedAuthLimit } from '../../../src/scoring/http/failed-auth-limit';
import { KeyAuth } from '../../../src/scoring/http/key-auth';
import { GuardedServer, guardedServer, keptLog } from './support/guarded-server';

describe('the limit of wrong credentials', () => {
  const { log, lines, events } = keptLog();
  let folder: string;
  let server: GuardedServer;
  let now = 0;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'keys-'));
    writeFileSync(path.join(folder, 'primary'), 'right');
    now = 0;
    lines.length = 0;
    const keys = await KeyAuth.watch(folder, log);
    server = await guardedServer(new FailedAuthLimit(keys, log, { failures: 3, windowMs: 60_000 }, () => now));
  });

  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const guess = async (times: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) statuses.push((await server.askWith(`wrong-${i}`)).status);
    return statuses;
  };

  test('answers 429 from the fourth on, with the seconds that are left, and logs it once', async () => {
    expect(await guess(5)).toEqual([401, 401, 401, 429, 429]);
    now = 20_500;
    const refused = await server.askWith('wrong');

    expect(refused.headers.get('retry-after')).toBe('40');
    expect(refused.text).toContain('wait 40 s');
    expect(events()).toEqual(['failed-auth-limited']);
  });

  test('right ones from the same address still pass', async () => {
    await guess(5);

    expect(await server.askWith('right')).toMatchObject({ status: 200, atOnce: true });
  });

  test('requests without any are not counted', async () => {
    for (let i = 0; i < 5; i++) expect((await server.ask()).status).toBe(401);

    expect(await guess(1)).toEqual([401]);
  });

  test('begins anew after the window', async () => {
    await guess(4);
    now = 60_000;

    expect(await guess(4)).toEqual([401, 401, 401, 429]);
  });

  test('holds for verdicts that have to be waited for, and not for those that are none about credentials', async () => {
    const verdicts = [401, 403, 503].map(status => ({ status: status as 401 | 403 | 503, message: '', headers: {} }));
    const slow = { check: () => Promise.resolve(verdicts[turn]), close: () => undefined };
    let turn = 1;
    const other = await guardedServer(new FailedAuthLimit(slow, log, { failures: 1 }, () => now));
    const ask = async () => (await other.askWith('x')).status;

    expect([await ask(), await ask()]).toEqual([403, 403]);
    turn = 2;
    expect([await ask(), await ask()]).toEqual([503, 503]);
    turn = 0;
    expect([await ask(), await ask()]).toEqual([401, 429]);
    await other.close();
  });
});
