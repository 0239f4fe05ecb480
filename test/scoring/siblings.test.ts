import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import { hasOpenssl, makeCertificate } from './access/support/certificates';
import {
  begin,
  enginePids,
  eventually,
  events,
  fixture,
  httpsStatus,
  isAlive,
  metricsOf,
  post,
  removeFolders,
  serve,
  stopServers,
  temporaryFolder,
} from './support/server';
import { parsePrometheus } from './telemetry/support/prometheus';

jest.setTimeout(60_000);

const BODY = { features: [[1, 2, 3, 4]] };
const closing = { connection: 'close' };

afterAll(async () => {
  await stopServers();
  removeFolders();
});

/** With two fronts, once both listen. */
async function serveTwo(env: Record<string, string> = {}): Promise<{ server: LaunchedServer; sibling: number }> {
  const server = await serve(fixture('dense'), { [ENV.maxConcurrentRequests]: '2', ...env });
  const [{ front }] = await eventually(
    () => events(server, 'front-listening'),
    seen => seen.length === 1,
  );
  return { server, sibling: front as number };
}

async function metric(server: LaunchedServer, name: string): Promise<number> {
  return parsePrometheus(await metricsOf(server))
    .filter(sample => sample.name === name && (sample.labels.route ?? '/score') === '/score')
    .reduce((sum, { value }) => sum + value, 0);
}

describe('a cheap model of which several requests may be scored at once', () => {
  test('is served by as many fronts, which count together', async () => {
    const { server } = await serveTwo({ [ENV.metricsPort]: '0' });
    const answers = await Promise.all(Array.from({ length: 60 }, () => post(server.scoringUri, BODY, closing)));

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await metric(server, 'fronts')).toBe(2);
    expect(await metric(server, 'http_server_request_duration_seconds_count')).toBe(60);
  });

  test.each(['the first front', 'its sibling'])('is served while %s stands still', async which => {
    const { server, sibling } = await serveTwo();
    const still = which === 'its sibling' ? sibling : server.pid;
    process.kill(still, 'SIGSTOP');
    try {
      for (let i = 0; i < 20; i++) expect((await post(server.scoringUri, BODY, closing)).status).toBe(200);
    } finally {
      process.kill(still, 'SIGCONT');
    }
  });

  test('gets a new front for one that is lost, and is served meanwhile', async () => {
    const { server, sibling } = await serveTwo({ [ENV.metricsPort]: '0' });
    const answered = 'http_server_request_duration_seconds_count';
    await Promise.all(Array.from({ length: 40 }, () => post(server.scoringUri, BODY, closing)));
    expect(await metric(server, answered)).toBe(40);
    process.kill(sibling, 'SIGKILL');
    await eventually(
      () => events(server, 'front-lost'),
      ({ length }) => length === 1,
    );

    expect((await post(server.scoringUri, BODY, closing)).status).toBe(200);
    // a count that fell would look to a scraper like a start from zero
    expect(await metric(server, answered)).toBe(41);
    await eventually(
      () => events(server, 'front-listening'),
      ({ length }) => length === 2,
    );
    expect(await metric(server, 'fronts')).toBe(2);
    expect(events(server, 'front-lost')[0]).toMatchObject({ front: sibling, message: 'SIGKILL' });
  });

  test('is answered what has begun before the fronts end', async () => {
    const { server, sibling } = await serveTwo({ [ENV.maxQueueWaitMs]: '30000' });
    const large = { features: Array.from({ length: 40_000 }, () => [1, 2, 3, 4]) };
    const begun = await Promise.all(Array.from({ length: 6 }, () => begin(server, large)));
    const ended = server.stop();

    for (const { answer } of begun) expect((await answer).status).toBe(200);
    expect(await ended).toBe(0);
    expect(isAlive(sibling)).toBe(false);
  });

  test('leaves no front behind when the first one is killed', async () => {
    const { server, sibling } = await serveTwo();
    process.kill(server.pid, 'SIGKILL');
    await server.exited;

    await eventually(
      () => isAlive(sibling),
      alive => !alive,
    );
  });

  (hasOpenssl ? test : test.skip)('is served over TLS by all of them', async () => {
    const folder = temporaryFolder();
    makeCertificate(folder, 'localhost');
    const { server } = await serveTwo({ [ENV.tlsDirectory]: folder });
    process.kill(server.pid, 'SIGSTOP');
    try {
      expect(await httpsStatus(server.healthUri, { rejectUnauthorized: false })).toBe(200);
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
  });
});

test('a model that needs engines has one front, and the engines', async () => {
  const server = await serve(fixture('dense'), { [ENV.maxConcurrentRequests]: '2', [ENV.inline]: 'off', [ENV.metricsPort]: '0' });

  expect(enginePids(server)).toHaveLength(2);
  expect(await metric(server, 'fronts')).toBe(1);
});
