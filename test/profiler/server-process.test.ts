import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { CgroupConfinement, cgroupHost } from '../../src/profiler/cgroup';
import { Cleanup } from '../../src/profiler/cleanup';
import { ServerLog } from '../../src/profiler/server-log';
import { ServerProcess, ServerSpec } from '../../src/profiler/server-process';
import { PLAIN } from '../../src/profiler/server-settings';
import { openSubject, SubjectOptions } from '../../src/profiler/subject';
import { temporaryFile } from '../support/files';
import { DIGITS, FIXTURE_SERVER, SAMPLES, scoringServer } from './support/programs';

jest.setTimeout(30_000);

const cleanup = new Cleanup();
let serverBundle: string;

beforeAll(() => (serverBundle = scoringServer()));
afterAll(() => cleanup.run());

async function start(options: Partial<SubjectOptions>, spec: Partial<ServerSpec> = {}): Promise<ServerProcess> {
  const subject = await openSubject({ serverBundle, ...options });
  const limits = { maxQueueWaitMs: 5_000, maxBodyBytes: 1e6, memoryInGB: 0.2 };
  return ServerProcess.start({ subject, settings: PLAIN, ...limits, ...spec }, cleanup);
}

const post = (uri: string, body: unknown) =>
  fetch(uri, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
const sample = (): unknown => (JSON.parse(fs.readFileSync(SAMPLES, 'utf8')) as unknown[])[0];
const script = (source: string) => temporaryFile('score.js', source);

/** A killed process ends a moment later. */
async function expectGone(pid: number): Promise<void> {
  const state = () => spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  for (let attempt = 0; attempt < 100 && !/^(Z.*)?$/.test(state()); attempt++)
    await new Promise(resolve => setTimeout(resolve, 20));
  expect(state()).toMatch(/^(Z.*)?$/);
}

describe('ServerProcess', () => {
  test('scores with the settings, shows what it uses, and ends with all it started', async () => {
    const seen: number[] = [];
    const server = await start(
      { model: DIGITS },
      { settings: { ...PLAIN, workers: 2, maxBatch: 4 }, onSpawn: pid => seen.push(pid) },
    );
    expect((await post(server.scoringUri, sample())).status).toBe(200);
    expect(seen).toEqual([server.pid]);
    expect(server.settings.workers).toBe(2);
    expect(server.times().cpuMs).toBeGreaterThan(0);
    expect(await (await fetch(server.metricsUri ?? '')).text()).toContain('batch_size');
    server.assertRunning('while idle');

    server.kill();
    await expectGone(server.pid);
  });

  test('where a run takes one request there is nothing to count, and no port for it', async () => {
    const server = await start({ model: DIGITS });
    expect(server.metricsUri).toBeUndefined();
    server.kill();
  });

  test('a file that is no model is refused in the words of ONNX Runtime', async () => {
    await expect(start({ model: temporaryFile('bad.onnx', 'not a model') })).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      problem: expect.stringContaining('Protobuf parsing failed'),
    });
  });

  test('an init that throws is told with its own message, and where', async () => {
    const entryScript = script(
      `exports.init = () => { throw new Error('the lookup table is missing'); };\nexports.run = x => x;`,
    );
    await expect(start({ entryScript })).rejects.toMatchObject({
      code: 'INIT_FAILED',
      problem: expect.stringMatching(/^init of score\.js failed: Error: the lookup table is missing \| at .*score\.js:1/),
    });
  });

  test('a script that cannot be loaded is told as its fault', async () => {
    await expect(start({ entryScript: script('exports.run = x => {') })).rejects.toMatchObject({
      code: 'INIT_FAILED',
      problem: expect.stringContaining('SyntaxError'),
    });
  });

  test('a server that never says that it is ready is given up and ended', async () => {
    const silent = temporaryFile('silent.js', 'setInterval(() => {}, 1000);');
    let pid = 0;
    const starting = start({ model: DIGITS, serverBundle: silent }, { startTimeoutMs: 500, onSpawn: id => (pid = id) });
    await expect(starting).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED', problem: expect.stringContaining('0.5 s') });
    expect(pid).toBeGreaterThan(0);
    await expectGone(pid);
  });

  test('one that ends by itself is told with how and when', async () => {
    const server = await start({ model: DIGITS, serverBundle: FIXTURE_SERVER, env: { FIXTURE_EXIT_AFTER: '1' } });
    await post(server.scoringUri, {});
    await post(server.scoringUri, {}).catch(() => undefined);
    await expectEventually(() => server.assertRunning('on input 2'), {
      code: 'SERVER_STOPPED',
      problem: expect.stringContaining('on input 2 (exit code 7)'),
    });
  });
});

/** The end of a process is heard a moment after its last answer. */
async function expectEventually(check: () => void, error: object): Promise<void> {
  let thrown: unknown;
  for (let attempt = 0; attempt < 200 && thrown === undefined; attempt++) {
    try {
      check();
      await new Promise(resolve => setTimeout(resolve, 20));
    } catch (found) {
      thrown = found;
    }
  }
  expect(thrown).toMatchObject(error);
}

const host = cgroupHost();
const withCgroups = host ? describe : describe.skip;

withCgroups('ServerProcess under a memory limit (skipped where control groups cannot be created)', () => {
  const confinement = (megabytes: number) => new CgroupConfinement(host ?? { version: 2, root: '/none' }, megabytes * 1024 ** 2);
  const HOARD = `const held = []; const hoard = () => { for (let i = 0; i < 40; i++) held.push(Buffer.alloc(8 * 1024 ** 2, 1)); };`;

  test('an engine that is killed while it loads is out of memory, though the front lives to say something else', async () => {
    const entryScript = script(`${HOARD} exports.init = hoard; exports.run = x => x;`);
    await expect(start({ entryScript }, { confinement: confinement(200) })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY_AT_LOAD',
      problem: expect.stringContaining('0.2 GB'),
    });
  });

  test('a server that somebody else kills is not taken for one without memory', async () => {
    const server = await start({ model: DIGITS }, { confinement: confinement(300) });
    process.kill(server.pid, 'SIGKILL');
    await expectEventually(() => server.assertRunning('while idle'), { code: 'SERVER_STOPPED' });
    server.kill();
  });

  test('an engine that is killed while it scores is out of memory, though another takes its place', async () => {
    const entryScript = script(`${HOARD} exports.run = x => { if (x.hoard) hoard(); return x; };`);
    const server = await start({ entryScript }, { confinement: confinement(200) });
    server.assertRunning('before');
    await post(server.scoringUri, { hoard: true });
    expect(() => server.assertRunning('on input 1')).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }));
    server.kill();
  });
});

describe('ServerLog', () => {
  const failure = (lines: readonly string[], entryScript?: string) => {
    const log = new ServerLog();
    lines.forEach(line => log.keep(line));
    return log.loadFailure({ name: 'digits', entryScript }, 'exit code 3');
  };

  test("Python's traceback is told by its end, where its message is", () => {
    const traceback = [
      'Traceback (most recent call last):',
      ...Array.from({ length: 20 }, (_, i) => `  frame ${i}`),
      'KeyError: 1',
    ];
    const { code, problem } = failure(['{"event":"x"}', 'The entry script score.py failed in init():', ...traceback], 'score.py');
    expect(code).toBe('INIT_FAILED');
    expect(problem).toMatch(/^init of score\.py failed: frame 15 \| .* \| KeyError: 1$/);
  });

  test('a server without words is told by how it ended', () => {
    expect(failure(['{"event":"x"}']).problem).toContain('could not serve digits: exit code 3');
  });
});
