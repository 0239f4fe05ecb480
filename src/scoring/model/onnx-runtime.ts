import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ENV, SERVER_DEFAULTS } from '../../core/server-contract';
import { SessionSettings } from '../settings';

type OnnxRuntime = typeof import('onnxruntime-node');

/** ONNX Runtime's "fatal": failures come back as exceptions and are reported by us, once. */
const LOG_FATAL_ONLY = 4;

let loaded: Promise<OnnxRuntime> | undefined;

/**
 * Loads ONNX Runtime's Node binding, once, with its telemetry off: since 1.29 it reports usage from Linux by default and the
 * variable is read when the library initialises.
 */
export function onnxRuntime(): Promise<OnnxRuntime> {
  process.env[ENV.ortDisableTelemetry] = '1';
  return (loaded ??= import('onnxruntime-node').then(module => {
    withoutFloat16Array(() => new module.Tensor('float32', [0], [1]));
    return module;
  }));
}

/** Creates a session from a path: a buffer would be held twice, and external data is found beside the file. */
export async function createSession(file: string, settings: SessionSettings = SERVER_DEFAULTS): Promise<InferenceSession> {
  const runtime = await onnxRuntime();
  return runtime.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: settings.intraOpThreads,
    interOpNumThreads: settings.interOpThreads,
    logSeverityLevel: LOG_FATAL_ONLY,
    // values must be strings; the typings say web only, the Node binding honours them
    extra: { session: { intra_op: { allow_spinning: settings.allowSpinning ? '1' : '0' } } },
  });
}

/**
 * Runs a session within this turn of the event loop. onnxruntime-node 1.30 puts its run, which blocks, off to a later turn by
 * `setImmediate`: nothing is gained by that here, and the turn costs a fifth of the throughput of small models.
 */
export function runNow<T>(run: () => Promise<T>): Promise<T> {
  const later = globalThis.setImmediate;
  globalThis.setImmediate = now as typeof setImmediate;
  try {
    return run();
  } finally {
    globalThis.setImmediate = later;
  }
}

function now(callback: () => void): void {
  callback();
}

/** Options of every run. */
export const RUN_OPTIONS: InferenceSession.RunOptions = { logSeverityLevel: LOG_FATAL_ONLY };

export type { InferenceSession, Tensor };

/**
 * From Node.js 23 on there is a global Float16Array; onnxruntime-node 1.30 then types half-precision tensors by it, which its
 * native side cannot read ("not enough space: expected 6, got 0"). Its type map is built with the first tensor: build it while the
 * global is hidden, and halves stay Uint16Array on every version.
 */
function withoutFloat16Array(build: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  if (descriptor === undefined) return;
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    build();
  } finally {
    Object.defineProperty(globalThis, 'Float16Array', descriptor);
  }
}
