import { execFileSync, spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { readInputSet } from '../../src/profiler/inputs';
import { ProfileErrorCode, ProfileOptions, profileWithin } from '../../src/profiler/profile';
import { sha256File } from '../../src/core/fingerprint';
import { Budget } from '../../src/profiler/budget';
import { ProgressListener } from '../../src/profiler/progress';
import { cgroupHost } from '../../src/profiler/cgroup';
import { SIZE_GRIDS } from '../../src/sizing/compute-size';
import { temporaryFile, temporaryFolder } from '../support/files';
import { bundle, DIGITS, ECHO, FIXTURE_SERVER, loadGenerator, SAMPLES, scoringServer } from './support/programs';

jest.setTimeout(120_000);

let generator: string;
beforeAll(() => (generator = loadGenerator()));

/** Just enough to go through every step: what is asserted must hold for any figures. */
const BRIEF: Budget = {
  ...{
    expectedMs: 4000,
    warmUpCapMs: 500,
    warmUpBatchMs: 60,
    repeats: 2,
    serialMs: 120,
    concurrentMs: 100,
    atRateMs: 300,
    atRateRounds: 1,
  },
  ...{ retakes: 0, compareSettings: false, batchConcurrency: [], batchMs: 100, operators: false, cliff: false },
  ...{ verifyMinMs: 500, verifyMaxMs: 2500, settleMs: 200, saturatedMs: 200, startNoMoreAfterMs: 4000, giveUpAfterMs: 6000 },
};
const profile = (options: ProfileOptions, progress?: ProgressListener) => profileWithin(BRIEF, options, progress);

/** A goal that the fixture reaches with ease; what it must not, each test orders. */
const goal = (options: Partial<ProfileOptions> = {}): ProfileOptions => ({
  model: DIGITS,
  inputs: [{ image: [1] }, { image: [2] }],
  rate: 40,
  latencyMs: 2000,
  target: 'aci',
  serverBundle: FIXTURE_SERVER,
  loadGenerator: generator,
  ...options,
});

/** Environment that the fixture server reads, for one test. */
const orders = (values: Record<string, string | number>) => {
  for (const [name, value] of Object.entries(values)) process.env[`FIXTURE_${name}`] = String(value);
};
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('FIXTURE_')) delete process.env[name];
});

/** Control groups and processes that a profile must not leave behind. */
function leftovers(): string[] {
  const host = cgroupHost();
  const mounts = host?.version === 1 ? [host.cpu, host.memory] : host ? [host.root] : [];
  const groups = mounts.flatMap(mount =>
    fs.readdirSync(mount).filter(entry => entry.startsWith(`model-serving-profile-${process.pid}-`)),
  );
  const children = spawnSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).stdout.split(
    '\n',
  );
  return [...groups, ...children.filter(line => /load-generator|fixture-server|main\.js/.test(line) && !/^\s*\d+ Z/.test(line))];
}

describe('profile', () => {
  test('measures a real model in the real server, chooses a legal size and says what it rests on', async () => {
    const messages: string[] = [];
    const { result, series } = await profile(
      goal({ inputs: readInputSet(SAMPLES), serverBundle: scoringServer() }),
      ({ message, done }) => messages.push(`${done.toFixed(2)} ${message}`),
    );

    const grid = SIZE_GRIDS.aci;
    expect(result).toMatchObject({
      schemaVersion: 1,
      name: 'digits',
      state: 'Succeeded',
      requestedQueriesPerSecond: 40,
      successRate: 1,
      model: { file: 'digits.onnx', sha256: sha256File(DIGITS), onnxRuntimeVersion: expect.stringMatching(/^\d+\.\d+/) },
      objective: { target: 'aci', rate: 40, percentile: 0.95, latencyMs: 2000 },
      sessionOptions: { intraOpNumThreads: 1, interOpNumThreads: 1, allowSpinning: false },
    });
    expect(result.recommendedCpu * 10).toBeCloseTo(Math.round(result.recommendedCpu * 10), 9);
    expect(result.recommendedCpu).toBeLessThanOrEqual(result.requestedCpu);
    expect(result.recommendedMemoryInGB).toBeGreaterThanOrEqual(grid.minMemoryInGB);
    // a Node.js process and ONNX Runtime need some tens of MiB, twice
    expect(result.runPeakMemoryInGB).toBeGreaterThan(0.05);
    expect(result.runPeakMemoryInGB).toBeLessThan(1);
    expect(result.recommendedMemoryInGB).toBeGreaterThan(result.runPeakMemoryInGB);
    expect(result.runPeakMemoryInGB).toBeGreaterThanOrEqual(result.loadPeakMemoryInGB);
    expect(result.cpuMsPerRequest).toBeGreaterThan(0);
    expect(result.coldStartMs).toBeGreaterThan(0);
    expect(result.latencyPercentile50InMs).toBeLessThanOrEqual(result.latencyPercentile90InMs);
    expect(result.latencyPercentile90InMs).toBeLessThanOrEqual(result.latencyPercentile95InMs);
    expect(result.summary).toContain(result.evidence === 'verified' ? ', verified' : 'modelled, not verified');
    expect(result.evidence === 'verified').toBe(result.verification?.holds === true);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);

    expect(series.reasons.length).toBeGreaterThanOrEqual(3);
    expect(series.sizes.some(each => each.cpu === result.recommendedCpu)).toBe(true);
    expect(series.memory.points.length).toBeGreaterThan(10);
    expect(messages.length).toBeGreaterThan(5);
    expect(messages[messages.length - 1]).toBe(`1.00 ${result.summary}`);
    expect(leftovers()).toEqual([]);
  });

  test('without limits the size is computed, and says so', async () => {
    orders({ CPU_MS: 4 });
    const { result, series } = await profile(goal({ verify: false, latencyMs: 200 }));

    expect(result.evidence).toBe('modelled');
    expect(result.verification).toBeUndefined();
    expect(result.summary).toMatch(/modelled, not verified$/);
    expect(result.warnings.join()).toMatch(/modelled, not verified: verification was not wanted/);
    expect(result.cpuMsPerRequest).toBeGreaterThan(3.5);
    // 40 requests a second of 4 ms and more take 0.16 cores, of which at most 80 % may be used
    expect(result.recommendedCpu).toBeGreaterThanOrEqual(0.2);
    expect(series.runs).toEqual([]);
    expect(leftovers()).toEqual([]);
  });

  test('the same raw file gives the same bytes, without measuring anything', async () => {
    orders({ CPU_MS: 2 });
    const journal = path.join(temporaryFolder(), 'raw.jsonl');
    const first = await profile(goal({ journal }));
    const raw = fs.readFileSync(journal, 'utf8');

    orders({ BROKEN: 'a server would not even start now' });
    const again = await profile(goal({ journal }));
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(fs.readFileSync(journal, 'utf8')).toBe(raw);
  });

  test('a profile that was killed goes on with what it had measured', async () => {
    orders({ CPU_MS: 2 });
    const journal = path.join(temporaryFolder(), 'raw.jsonl');
    await killWhen(/CPU time per request|one request after another, round 2/, goal({ journal, verify: false }));
    const kept = fs.readFileSync(journal, 'utf8').split('\n').filter(Boolean);
    expect(kept.length).toBeGreaterThan(3);

    const { result } = await profile(goal({ journal, verify: false }));
    expect(result.state).toBe('Succeeded');
    const whole = fs.readFileSync(journal, 'utf8');
    // the line that the kill cut may be missing, and nothing else
    for (const line of kept.slice(0, -1)) expect(whole).toContain(line);
    expect(leftovers()).toEqual([]);
  });

  test('runs that requests share are found, and used where one engine alone would not do', async () => {
    orders({ CPU_MS: 8, BATCH: 4 });
    const budget = { ...BRIEF, batchConcurrency: [4], batchMs: 300 };
    const { result, series } = await profileWithin(budget, goal({ rate: 140, latencyMs: 500, verify: false }));
    expect(result.sessionOptions.maxBatch).toBe(32);
    expect(series.batching?.map(point => point.concurrency)).toEqual([1, 4]);
    // 140 requests of 8 ms are more than one core has
    expect(result.recommendedCpu).toBeLessThanOrEqual(1);
  });

  test('runs that requests share are left out where their memory is not allowed', async () => {
    orders({ CPU_MS: 4, BATCH: 4, CONNECTION_MB: 10 });
    const budget = { ...BRIEF, batchConcurrency: [4], batchMs: 300 };
    const { result } = await profileWithin(budget, goal({ rate: 20, latencyMs: 500, verify: false, maxMemoryInGB: 0.2 }));
    expect(result.sessionOptions.maxBatch).toBe(1);
    expect(result.warnings.join()).toMatch(/batches up to 32 would need 0\.\d GB, more than is allowed, and was left out/);
  });

  test('identical inputs are warned of', async () => {
    const { result } = await profile(goal({ verify: false, inputs: ['{"image":[1]}', '{"image":[1]}'] }));
    expect(result.warnings.join()).toMatch(/all 2 inputs are identical/);
  });

  test('on AKS, replicas share what one cannot carry', async () => {
    orders({ CPU_MS: 10 });
    const { result } = await profile(goal({ target: 'aks', rate: 300, verify: false, maxCpu: 1 }));
    expect(result.replicas).toBeGreaterThanOrEqual(4);
    expect(result.summary).toMatch(new RegExp(`^${result.replicas} replicas of `));
    expect(result.objective.rate).toBe(300);
  });
});

/** Runs a profile in a process of its own and kills it, as nothing can be cleaned up after, when it says what is waited for. */
async function killWhen(said: RegExp, options: ProfileOptions): Promise<void> {
  const program = bundle('src/profiler/profile.ts');
  const script = `require(${JSON.stringify(program)}).profileWithin(${JSON.stringify(BRIEF)}, ${JSON.stringify(options)}, e => console.log(e.message));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise(resolve => child.once('close', resolve));
  let output = '';
  child.stdout.on('data', chunk => {
    output += chunk;
    if (said.test(output)) child.kill('SIGKILL');
  });
  await ended;
  expect(output).toMatch(said);
}

const withLimits = cgroupHost() ? test : test.skip;

withLimits(
  'memory that runs out under the limit is raised, and OUT_OF_MEMORY beyond what is allowed (skipped where limits cannot be set)',
  async () => {
    // only under a limit does the fixture grow: what was measured without does not foretell it
    orders({ GROW_AFTER: 1, GROW_MB: 1 });
    await expect(profile(goal({ maxMemoryInGB: 0.2 }))).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' });
    expect(leftovers()).toEqual([]);
  },
);

describe('a profile that cannot be made says why', () => {
  const fails = async (options: Partial<ProfileOptions>, code: ProfileErrorCode, message: RegExp) => {
    await expect(profile(goal(options))).rejects.toMatchObject({
      name: 'ProfileError',
      code,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/\w{3}/),
    });
    expect(leftovers()).toEqual([]);
  };

  test.each([
    [{ rate: 0 }, /rate is 0/],
    [{ rate: NaN }, /rate is NaN/],
    [{ percentile: 95 }, /percentile is 95.*0\.95 for p95/s],
    [{ latencyMs: -1 }, /latencyMs is -1/],
    [{ maxCpu: 0 }, /maxCpu is 0/],
    [{ maxMemoryInGB: 0 }, /maxMemoryInGB is 0/],
    [{ model: 'none.onnx' }, /model is none\.onnx/],
  ])('OPTION_INVALID: %o', (options, message) => fails(options, 'OPTION_INVALID', message));

  test('PROGRAM_NOT_FOUND: the programs were not built', async () => {
    await fails({ serverBundle: 'none/server.js' }, 'PROGRAM_NOT_FOUND', /none\/server\.js.*npm run build/s);
    await fails({ loadGenerator: 'none/load.js' }, 'PROGRAM_NOT_FOUND', /none\/load\.js/);
  });

  test('NO_INPUTS: an empty list', () => fails({ inputs: [] }, 'NO_INPUTS', /no request body/));

  test("INPUT_MISMATCH: the row, the server's words and what the model takes", () =>
    fails(
      { inputs: [{ a: 1 }, { a: 2 }, { a: 'reject' }] },
      'INPUT_MISMATCH',
      /input 3 .*the field "image" is missing.*the model takes .*image: float32/s,
    ));

  test("INPUT_REJECTED: the row and the server's words, where nobody knows what would be right", () =>
    fails(
      { model: undefined, entryScript: ECHO, inputs: [{ a: 1 }, { a: 'reject' }] },
      'INPUT_REJECTED',
      /input 2 .*status 400: the field "image" is missing/,
    ));

  test("RUN_FAILED: the row and the server's words", () =>
    fails({ inputs: [{ a: 1 }, { a: 'break' }] }, 'RUN_FAILED', /input 2 .*status 500: division by zero/));

  test('UNSTEADY: requests that get dearer and dearer', () => {
    orders({ CPU_MS: 1, CPU_GROWTH_MS: 0.3 });
    return fails({ verify: false }, 'UNSTEADY', /never came to a steady cost: .* % more/);
  });

  test('PRICES_UNREADABLE: what is wrong with the file', () =>
    fails({ prices: temporaryFile('prices.json', '{"date": "soon"}') }, 'PRICES_UNREADABLE', /date is "soon"/));

  test('JOURNAL_FOREIGN: the raw file of something else', async () => {
    const journal = path.join(temporaryFolder(), 'raw.jsonl');
    await profile(goal({ verify: false, journal }));
    await fails({ verify: false, journal, rate: 41 }, 'JOURNAL_FOREIGN', /raw\.jsonl/);
  });

  test("MODEL_LOAD_FAILED: the server's words", async () => {
    const model = temporaryFile('broken.onnx', 'this is no model');
    await fails({ model, serverBundle: scoringServer() }, 'MODEL_LOAD_FAILED', /broken\.onnx/);
  });

  test('SERVER_STOPPED: the server ended while it was measured', () => {
    orders({ EXIT_AFTER: 60 });
    return fails({}, 'SERVER_STOPPED', /exit code 7/);
  });

  test('OUT_OF_MEMORY: more is needed than is allowed', () => {
    orders({ GROW_MB: 1 });
    return fails({ verify: false, maxMemoryInGB: 0.1 }, 'OUT_OF_MEMORY', /needs [\d.]+ GB .*0\.1 GB is allowed/);
  });

  test('TARGET_UNREACHABLE: the best that can be had', async () => {
    orders({ CPU_MS: 20 });
    await fails(
      { latencyMs: 5, rate: 2, verify: false },
      'TARGET_UNREACHABLE',
      /no size up to 3\.5 cores reaches p95 5\.0 ms at 2 .*the best .* \d+ ms/,
    );
    await fails({ rate: 500, verify: false }, 'TARGET_UNREACHABLE', /\d+ requests a second from one container/);
  });

  const onPosix = process.platform === 'win32' ? test.skip : test;

  onPosix('INTERRUPTED: a signal ends everything that was started', async () => {
    const program = bundle('src/profiler/profile.ts');
    const script = `
      process.on('SIGINT', () => {});
      require(${JSON.stringify(program)}).profile(${JSON.stringify(goal())}, e => e.phase === 'warm-up' && console.log('measuring'))
        .catch(error => console.log(error.code));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', chunk => (said += chunk));
    await new Promise(resolve => child.stdout.once('data', resolve));
    const started = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(started.length).toBeGreaterThanOrEqual(2);
    child.kill('SIGINT');
    await new Promise(resolve => child.once('close', resolve));
    expect(said).toMatch(/INTERRUPTED/);
    for (const pid of started) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    const host = cgroupHost();
    const mount = host?.version === 1 ? host.cpu : host?.root;
    if (mount) expect(fs.readdirSync(mount).filter(entry => entry.includes(`-${child.pid}-`))).toEqual([]);
    expect(path.basename(program)).toBe('profile.js');
  });
});
