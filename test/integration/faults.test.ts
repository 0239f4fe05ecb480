import { randomBytes } from 'crypto';
import { readFileSync, renameSync, writeFileSync } from 'fs';
import { connect, Socket } from 'net';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import {
  enginePids,
  eventually,
  fixture,
  isAlive,
  post,
  removeFolders,
  request,
  serve,
  stopServers,
  temporaryFolder,
} from '../scoring/support/server';
import { KnownScore, Outcomes, SteadyLoad } from './support/steady-load';

jest.setTimeout(300_000);

afterEach(async () => {
  await SteadyLoad.stopAll();
  await stopServers();
});
afterAll(removeFolders);

const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Only what is named may happen besides right answers; prints what did. */
function expectOnly(what: string, outcomes: Outcomes, ...allowed: RegExp[]): void {
  process.stdout.write(`${what}: ${JSON.stringify(outcomes)}\n`);
  const others = Object.keys(outcomes).filter(outcome => outcome !== 'ok' && !allowed.some(pattern => pattern.test(outcome)));
  expect(others).toEqual([]);
  expect(outcomes.ok).toBeGreaterThan(0);
}

/** Requests of the small network, with the answers that one request at a time gets. */
async function knownScores(server: LaunchedServer, headers: Record<string, string> = {}): Promise<KnownScore[]> {
  const bodies = Array.from({ length: 32 }, (_, i) => JSON.stringify({ features: [[i, 1 - i, i / 3, 2]] }));
  const scores: KnownScore[] = [];
  for (const body of bodies) {
    const [right] = (await post(server.scoringUri, body, headers)).json.probabilities as number[][];
    scores.push({ body, expected: answer => isClose((answer as { probabilities?: number[][] }).probabilities?.[0], right) });
  }
  return scores;
}

/** Rows that are scored together may differ in their last digit. */
function isClose(found: number[] | undefined, right: number[]): boolean {
  return found?.length === right.length && right.every((value, i) => Math.abs(found[i] - value) < 1e-5);
}

function serveScript(text: string, env: Record<string, string> = {}): Promise<LaunchedServer> {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'score.js'), text);
  return serve('', { [ENV.appRoot]: folder, [ENV.entryScript]: 'score.js', [ENV.maxQueueWaitMs]: '20000', ...env });
}

/** A script that doubles, and does something else where the input asks for it. */
const doubling = (otherwise: string) => `
  exports.run = ({ x, otherwise }) => {
    if (otherwise) { ${otherwise} }
    return { y: 2 * x };
  };
`;
const DOUBLES: KnownScore[] = Array.from({ length: 32 }, (_, x) => ({
  body: JSON.stringify({ x }),
  expected: answer => (answer as { y?: number }).y === 2 * x,
}));

const lastEngine = (server: LaunchedServer) => enginePids(server).filter(isAlive).pop();

describe('engines under load', () => {
  test('killed ten times: only their own requests are told so, nothing is lost and nothing is wrong', async () => {
    const server = await serve(fixture('dense'), {
      [ENV.inline]: 'off',
      [ENV.maxConcurrentRequests]: '2',
      [ENV.maxQueueWaitMs]: '20000',
    });
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 8 });
    for (let round = 0; round < 10; round++) {
      await pause(300);
      const engine = lastEngine(server);
      if (engine !== undefined) process.kill(engine, 'SIGKILL');
    }
    await pause(500);

    expectOnly('engines killed', await load.stop(), /^503 The engine ended/);
    expect(enginePids(server).length).toBeGreaterThan(5);
  });

  test('that never return are ended in time, and health answers all along', async () => {
    const server = await serve(fixture('dense'), {
      [ENV.inline]: 'off',
      [ENV.scoringTimeoutMs]: '500',
      [ENV.maxQueueWaitMs]: '20000',
    });
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 8 });
    let healthy = 0;
    for (let round = 0; round < 4; round++) {
      await pause(300);
      const engine = lastEngine(server);
      if (engine !== undefined) process.kill(engine, 'SIGSTOP');
      healthy += (await request(server.healthUri)).status === 200 ? 1 : 0;
      await pause(1_000);
    }

    expectOnly('engines stopped', await load.stop(), /^504 Scoring timeout after 500 ms$/);
    expect(healthy).toBe(4);
  });

  test.each([
    ['throws', `throw new Error('no');`, /^500 /],
    [
      'throws later, out of reach',
      `setTimeout(() => { throw new Error('late'); }, 1); return new Promise(() => {});`,
      /^50[034] /,
    ],
    ['leaves the process', `process.exit(7);`, /^503 The engine ended/],
    ['never returns', `for (;;);`, /^504 /],
    ['takes all memory', `const all = []; for (;;) all.push(new Array(1e6).fill(all.length));`, /^503 The engine ended/],
  ])('a script that %s at every tenth request harms no other', async (_, otherwise, allowed) => {
    const server = await serveScript(doubling(otherwise), {
      [ENV.scoringTimeoutMs]: '1000',
      NODE_OPTIONS: '--max-old-space-size=64',
    });
    const fault = { body: JSON.stringify({ x: 1, otherwise: true }), expected: () => false };
    const scores = [...DOUBLES.slice(0, 9), fault];
    const outcomes = await SteadyLoad.start({ url: server.scoringUri, scores, clients: 2, requests: 60 }).done;

    expectOnly(`script: ${otherwise}`, outcomes, allowed);
    // an engine that is lost may take one waiting for its first answer with it, never a second
    expect(outcomes.ok).toBeGreaterThanOrEqual(48);
  });
});

describe('callers that misbehave, while others are served', () => {
  test('hang up in the head, in the body and while they wait', async () => {
    const server = await serve(fixture('dense'), { [ENV.inline]: 'off' });
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 4 });
    const head = 'POST /score HTTP/1.1\r\nHost: a\r\n';
    const parts = [
      'POST /sc',
      `${head}Content-Length: 100\r\n\r\n{"feat`,
      `${head}Content-Length: 26\r\n\r\n{"features": [[1,2,3,4]]}\n`,
    ];
    for (let i = 0; i < 300; i++) {
      const socket = await open(server.port);
      socket.write(parts[i % parts.length]);
      if (i % 2 === 0) await pause(1);
      socket.destroy();
    }

    expectOnly('hang-ups', await load.stop());
  });

  test('send a byte at a time', async () => {
    const server = await serve(fixture('dense'));
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 4 });
    const slow = await Promise.all(Array.from({ length: 100 }, () => open(server.port)));
    for (const socket of slow) socket.write('POST /score HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n');
    for (let round = 0; round < 10; round++) {
      for (const socket of slow) socket.write('[');
      await pause(200);
    }

    expectOnly('slow senders', await load.stop());
    for (const socket of slow) socket.destroy();
  });

  test('send 100 MB of nested arrays', async () => {
    const server = await serve(fixture('dense'));
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 2 });
    const nested = Buffer.concat([Buffer.from('{"features":'), Buffer.alloc(99 * 1024 * 1024, '[')]);
    for (let round = 0; round < 3; round++) {
      const { status, json } = await post(server.scoringUri, nested);
      expect(status).toBe(400);
      expect(json.message).toMatch(/nest/);
    }

    expectOnly('100 MB of brackets', await load.stop());
  });

  test.each(['auto', 'off'])('send what is hostile (inline: %s)', async inline => {
    const server = await serve(fixture('dense'), { [ENV.inline]: inline });
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 2 });
    const statuses = new Map<number, number>();
    const scored: string[] = [];
    for (const { body, headers, where } of hostileRequests()) {
      const { status } = await post(new URL(where ?? '/score', server.scoringUri).href, body, headers ?? {});
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status < 400 || status >= 500) scored.push(`${status}: ${body.toString().slice(0, 60)} ${JSON.stringify(headers)}`);
    }
    expect(scored).toEqual([]);
    process.stdout.write(`hostile requests: ${JSON.stringify([...statuses])}\n`);

    expectOnly('beside hostile requests', await load.stop());
  });

  test('keep 10,000 connections open and say nothing', async () => {
    const server = await serve(fixture('dense'));
    const scores = await knownScores(server);
    const idle: Socket[] = [];
    while (idle.length < 10_000) idle.push(...(await Promise.all(Array.from({ length: 250 }, () => open(server.port)))));
    const outcomes = await SteadyLoad.start({ url: server.scoringUri, scores, clients: 4, requests: 2_000 }).done;
    const { status } = await request(server.healthUri);
    for (const socket of idle) socket.destroy();

    expectOnly('beside 10,000 idle connections', outcomes);
    expect(status).toBe(200);
  });
});

describe('changes under load', () => {
  test('keys are rewritten twenty times: a live key is never refused', async () => {
    const folder = temporaryFolder();
    const write = (name: string, key: string): void => {
      writeFileSync(path.join(folder, `.${name}`), key);
      renameSync(path.join(folder, `.${name}`), path.join(folder, name));
    };
    let key = randomBytes(32).toString('hex');
    write('primary', key);
    const server = await serve(fixture('dense'), { [ENV.auth]: 'keys', [ENV.keysDirectory]: folder });
    const headers = () => ({ authorization: `Bearer ${key}` });
    const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server, headers()), clients: 4, headers });
    for (let round = 0; round < 10; round++) {
      const next = randomBytes(32).toString('hex');
      write('secondary', next);
      // announced when the server has read it
      await eventually(
        () => post(server.scoringUri, '{}', { authorization: `Bearer ${next}` }),
        ({ status }) => status === 400,
      );
      key = next;
      await pause(100);
      write('primary', next);
      await pause(1_200);
    }

    expectOnly('keys rewritten', await load.stop());
  });

  test.each(['auto', 'off'])('SIGTERM: every request that was taken is answered (inline: %s)', async inline => {
    const counts: Outcomes[] = [];
    for (let round = 0; round < 3; round++) {
      const server = await serve(fixture('dense'), {
        [ENV.inline]: inline,
        [ENV.drainDelayMs]: '500',
        [ENV.maxQueueWaitMs]: '20000',
      });
      const load = SteadyLoad.start({ url: server.scoringUri, scores: await knownScores(server), clients: 8 });
      await pause(300);
      process.kill(server.pid, 'SIGTERM');
      // as a load balancer does, which asks for readiness
      await eventually(
        () => request(new URL('/health/ready', server.scoringUri).href),
        ({ status }) => status === 503,
      );
      counts.push(await load.stop());
      expect(await server.exited).toBe(0);
    }

    counts.forEach(outcomes => expectOnly('stopped under load', outcomes));
  });
});

describe('100,000 requests', () => {
  test.each([
    ['auto', 100_000],
    ['off', 100_000],
  ])('leave the memory as it was (inline: %s)', async (inline, requests) => {
    const server = await serve(fixture('dense'), { [ENV.inline]: inline, [ENV.maxQueueWaitMs]: '20000' });
    const scores = await knownScores(server);
    const run = (count: number) => SteadyLoad.start({ url: server.scoringUri, scores, clients: 16, requests: count }).done;
    // until the heap has found its size
    await run(requests);
    const before = residentMiB(server);
    const outcomes = await run(requests);
    const after = residentMiB(server);
    const grown = `${before.toFixed(0)} MiB after ${requests} requests, ${after.toFixed(0)} MiB after ${requests} more`;
    process.stdout.write(`resident: ${grown}\n`);

    expectOnly('many requests', outcomes);
    // what it may still vary by, in each process
    expect(after - before).toBeLessThan(inline === 'auto' ? 24 : 48);
  });
});

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.off('error', reject).on('error', () => undefined)));
    socket.once('error', reject);
  });
}

/** Of the front and its engines. */
function residentMiB(server: LaunchedServer): number {
  const pids = [server.pid, ...enginePids(server).filter(isAlive)];
  const kiB = pids.map(pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]));
  return kiB.reduce((sum, size) => sum + size, 0) / 1024;
}

interface Hostile {
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
  readonly where?: string;
}

/** Wrong shapes, names, types, content types and lengths; none may score. */
function hostileRequests(): Hostile[] {
  const bodies: string[] = [
    ...['', ' ', 'null', '1', '"x"', '[]', '{', '{}', '{"features":', '[[1,2,3,4]]', '{"features":[[1,2,3,4]]}}', '\u0000'],
    ...['{"features":[[]]}', '{"features":[[[1,2,3,4]]]}', '{"features":[1,2,3,4]}', '{"features":[[1,2,3]]}'],
    ...[
      '{"features":[[1,2,3,4,5]]}',
      '{"features":[[1,2,3,4],[1]]}',
      '{"features":[[1,2,3,"4"]]}',
      '{"features":[[1,2,3,null]]}',
    ],
    ...['{"features":[[1,2,3,true]]}', '{"features":[[1,2,3,{}]]}', '{"features":[[1,2,3,1e39]]}', '{"features":[[1,2,3,NaN]]}'],
    ...['{"features":{"length":4}}', '{"features":"aaaa"}', '{"__proto__":[[1,2,3,4]]}', '{"constructor":[[1,2,3,4]]}'],
    ...['{"features":[[1,2,3,4]],"__proto__":1}', '{"features":[[1,2,3,4]],"more":1}', '{"toString":[[1,2,3,4]]}'],
    `{"features":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    `{"features":[[${'1,'.repeat(100_000)}1]]}`,
    `{"${'f'.repeat(100_000)}":1}`,
    `{"features":[[1,2,3,${'9'.repeat(5_000)}]]}`,
  ];
  const oip = '/v2/models/dense/infer';
  const input = { name: 'features', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] };
  const oipBodies = [
    {},
    { inputs: 1 },
    { inputs: [null] },
    { inputs: [{ ...input, shape: [1, 4_294_967_296] }] },
    { inputs: [{ ...input, shape: [-1, 4] }] },
    { inputs: [{ ...input, shape: [1, 4.5] }] },
    { inputs: [{ ...input, datatype: 'FP99' }] },
    { inputs: [{ ...input, name: '__proto__' }] },
    { inputs: [{ ...input, data: [1] }] },
    { inputs: [input, input] },
    { inputs: [input], outputs: [{ name: 'nothing' }] },
    { inputs: [{ ...input, parameters: { binary_data_size: 1e9 }, data: undefined }] },
  ];
  const octets = { 'content-type': 'application/octet-stream' };
  return [
    ...bodies.map(body => ({ body })),
    { body: Buffer.from([0xff, 0xfe, 0x00]) },
    { body: Buffer.from('{"features":[[1,2,3,4]]}', 'utf16le') },
    { body: Buffer.alloc(15), headers: octets },
    { body: Buffer.alloc(0), headers: octets },
    { body: Buffer.from('\x93NUMPY\x01\x00\xff\xff'), headers: { 'content-type': 'application/x-npy' } },
    { body: '{"features":[[1,2,3,4]]}', headers: { 'content-type': 'multipart/form-data; boundary=a' } },
    { body: '{"features":[[1,2,3,4]]}', headers: { 'content-encoding': 'compress' } },
    ...oipBodies.map(body => ({ body: JSON.stringify(body), where: oip })),
    ...['-1', '1e3', '99999', 'x', '', '0x10'].map(length => ({
      body: JSON.stringify({ inputs: [{ ...input, datatype: 'FP99' }] }),
      headers: { 'inference-header-content-length': length },
      where: oip,
    })),
    { body: '{}', where: '/score/../../etc/passwd' },
    { body: '{}', where: '/score/%2e%2e%2fpasswd' },
    { body: '{}', where: '/v2/models/nothing/infer' },
    { body: '{}', where: '/score/%ff' },
  ];
}
