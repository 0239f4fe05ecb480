import { CONTAINER, ENV, SERVER_DEFAULTS } from '../../src/core/server-contract';
import { isLoopback, parseSettings, SettingsError } from '../../src/scoring/settings';
import { fixture } from './support/server';

const model = { [ENV.modelDir]: fixture('dense') };

function faults(env: Record<string, string>): readonly string[] {
  try {
    parseSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe('settings', () => {
  test('a model is enough: the rest is the contract’s defaults, on loopback without keys', () => {
    const { limits, session, host, port, auth, drainDelayMs } = parseSettings(model);
    const { scoringTimeoutMs, maxConcurrentRequests, maxQueueWaitMs, maxBodyBytes, maxQueuedRequests } = SERVER_DEFAULTS;

    expect(limits).toMatchObject({ scoringTimeoutMs, maxConcurrentRequests, maxQueueWaitMs, maxBodyBytes, maxQueuedRequests });
    expect(session).toEqual({ intraOpThreads: 1, interOpThreads: 1, allowSpinning: false });
    expect({ host, port, auth, drainDelayMs }).toEqual({
      host: '127.0.0.1',
      port: CONTAINER.port,
      auth: { mode: 'none' },
      drainDelayMs: 0,
    });
  });

  test('every fault is listed at once, with the value and what is allowed', () => {
    expect(
      faults({
        [ENV.port]: '70000',
        [ENV.maxConcurrentRequests]: '0',
        [ENV.scoringTimeoutMs]: '1e3',
        [ENV.allowSpinning]: 'yes',
        [ENV.auth]: 'open',
      }),
    ).toEqual([
      "AZUREML_MODEL_DIR is not set; it must name the model's folder or .onnx file.",
      "MODEL_SERVING_PORT is '70000'; it must be an integer from 0 to 65535.",
      "MODEL_SERVING_AUTH is 'open'; allowed are 'keys', 'entra' and 'none'.",
      "MODEL_SERVING_ALLOW_SPINNING is 'yes'; it must be 0 or 1.",
      "MODEL_SERVING_MAX_CONCURRENT_REQUESTS is '0'; it must be an integer from 1 to 256.",
      "SCORING_TIMEOUT_MS is '1e3'; it must be an integer from 1 to 86400000.",
    ]);
  });

  test('a target for batches is watched only where one is set', () => {
    expect(parseSettings(model).limits.batchTargetMs).toBeUndefined();
    expect(parseSettings({ ...model, MODEL_SERVING_BATCH_TARGET_MS: '50' }).limits.batchTargetMs).toBe(50);
    expect(faults({ ...model, MODEL_SERVING_BATCH_TARGET_MS: '0' })).toEqual([
      "MODEL_SERVING_BATCH_TARGET_MS is '0'; it must be an integer from 1 to 86400000.",
    ]);
  });

  test('an empty variable counts as absent', () => {
    expect(parseSettings({ ...model, [ENV.port]: '', [ENV.auth]: ' ' }).port).toBe(CONTAINER.port);
  });

  test('other machines are let in with keys or by an explicit none, never by omission', () => {
    const open = { ...model, [ENV.host]: '0.0.0.0' };

    expect(faults(open)).toEqual([expect.stringContaining('no keys are set')]);
    expect(parseSettings({ ...open, [ENV.auth]: 'none' }).auth).toEqual({ mode: 'none' });
    expect(parseSettings({ ...open, [ENV.auth]: 'keys' }).auth).toEqual({ mode: 'keys', directory: CONTAINER.keysDirectory });
  });

  test('a folder of keys turns keys on', () => {
    expect(parseSettings({ ...model, [ENV.keysDirectory]: '/keys' }).auth).toEqual({ mode: 'keys', directory: '/keys' });
  });

  test('a small body limit does not shrink what may be held in all', () => {
    expect(parseSettings({ ...model, [ENV.maxBodyBytes]: '10' }).limits).toMatchObject({
      maxBodyBytes: 10,
      maxHeldBytes: SERVER_DEFAULTS.maxBodyBytes,
    });
  });

  test.each([
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.example.com', false],
    ['10.0.0.1', false],
  ])('loopback: %s is %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback);
  });
});
