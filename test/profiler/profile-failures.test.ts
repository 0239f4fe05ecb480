import * as path from 'path';
import { Profile, ProfileErrorCode, ProfileOptions, profileWithin } from '../../src/profiler/profile';
import { temporaryFile, temporaryFolder } from '../support/files';
import { BRIEF, goal, leftovers, orders, profile } from './support/brief-profile';
import { ECHO, scoringServer } from './support/programs';

describe('a profile that cannot be made says why', () => {
  const failsWith = async (made: Promise<Profile>, code: ProfileErrorCode, message: RegExp) => {
    await expect(made).rejects.toMatchObject({
      name: 'ProfileError',
      code,
      message: expect.stringMatching(message),
      fix: expect.stringMatching(/\w{3}/),
    });
    expect(await leftovers()).toEqual([]);
  };
  const fails = (options: Partial<ProfileOptions>, code: ProfileErrorCode, message: RegExp) =>
    failsWith(profile(goal(options)), code, message);

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

  test('UNSTEADY: requests that get dearer and dearer', async () => {
    orders({ CPU_MS: 1, CPU_GROWTH: 0.06 });
    // a trend is one only if there are enough batches to see it in, on a busy machine as well
    const patient = { ...BRIEF, warmUpBatchMs: 100, warmUpCapMs: 1500 };
    const unsteady = profileWithin(patient, goal({ verify: false, rate: 2, allowUnsteady: false }));
    await failsWith(unsteady, 'UNSTEADY', /never came to a steady cost: .* % more/);
  });

  test('PRICES_UNREADABLE: what is wrong with the file', () =>
    fails({ prices: temporaryFile('prices.json', '{"date": "soon"}') }, 'PRICES_UNREADABLE', /date is "soon"/));

  test('JOURNAL_FOREIGN: the raw file of something else', async () => {
    const journal = path.join(temporaryFolder(), 'raw.jsonl');
    await fails({ inputs: ['break'], journal }, 'RUN_FAILED', /input 1 /);
    await fails({ inputs: ['break'], journal, rate: 101 }, 'JOURNAL_FOREIGN', /raw\.jsonl/);
  });

  test("MODEL_LOAD_FAILED: the server's words", async () => {
    const model = temporaryFile('broken.onnx', 'this is no model');
    await fails({ model, serverBundle: scoringServer() }, 'MODEL_LOAD_FAILED', /broken\.onnx/);
  });

  test('SERVER_STOPPED: the server ended while it was measured', async () => {
    orders({ EXIT_AFTER: 5 });
    // long enough for its end to be known before the load is over, on a busy machine as well
    const stopped = profileWithin({ ...BRIEF, warmUpBatchMs: 300 }, goal());
    await failsWith(stopped, 'SERVER_STOPPED', /exit code 7/);
  });

  test('OUT_OF_MEMORY: more is needed than is allowed', () => {
    orders({ GROW_MB: 3 });
    return fails({ verify: false, maxMemoryInGB: 0.1 }, 'OUT_OF_MEMORY', /needs [\d.]+ GB .*0\.1 GB is allowed/);
  });

  test('TARGET_UNREACHABLE: the best that can be had', async () => {
    orders({ CPU_MS: 20 });
    await fails(
      { latencyMs: 5, rate: 2, verify: false, maxCpu: 1 },
      'TARGET_UNREACHABLE',
      /no size up to 1 core reaches p95 5\.0 ms at 2 .*the best .* \d+ ms/,
    );
    await fails(
      { rate: 500, verify: false },
      'TARGET_UNREACHABLE',
      /no size up to 3\.5 cores .*\d+ requests a second from one container/,
    );
  });
});
