import { ENV } from '../core/server-contract';

/** How a server uses its size. Chosen together with it, since the best choice depends on the CPU quota. */
export interface ServerSettings {
  /** ONNX Runtime threads that share the work of one run. */
  readonly threads: number;
  /** Whether idle threads wait busily for the next run. */
  readonly spinning: boolean;
  /** Engine processes, each serving one request or batch at a time. */
  readonly workers: number;
  /** Waiting requests that one run may score together; 1 is off. */
  readonly maxBatch: number;
}

/** One thread, one engine, no spinning, no batching: what everything else is compared with. */
export const PLAIN: ServerSettings = { threads: 1, spinning: false, workers: 1, maxBatch: 1 };

/** "1 thread", "2 threads, spinning, 2 workers, batches up to 32". */
export function describeSettings({ threads, spinning, workers, maxBatch }: ServerSettings): string {
  const parts = [threads === 1 ? '1 thread' : `${threads} threads`];
  if (spinning) parts.push('spinning');
  if (workers > 1) parts.push(`${workers} workers`);
  if (maxBatch > 1) parts.push(`batches up to ${maxBatch}`);
  return parts.join(', ');
}

/** Equal settings have equal keys. */
export const settingsKey = ({ threads, spinning, workers, maxBatch }: ServerSettings): string =>
  `t${threads}${spinning ? 's' : ''}w${workers}b${maxBatch}`;

/** Whether a key is that of the settings but for how many requests may share a run: those are measured on one server. */
export const differOnlyInBatches = (key: string, settings: ServerSettings): boolean =>
  key.replace(/b\d+$/, '') === settingsKey(settings).replace(/b\d+$/, '');

export const sameSettings = (a: ServerSettings, b: ServerSettings): boolean => settingsKey(a) === settingsKey(b);

/** The environment that makes a server use them; it passes the threads on to the libraries of an entry script. */
export function settingsEnvironment({ threads, spinning, workers, maxBatch }: ServerSettings): Readonly<Record<string, string>> {
  return {
    [ENV.intraOpThreads]: String(threads),
    [ENV.interOpThreads]: '1',
    [ENV.allowSpinning]: spinning ? '1' : '0',
    [ENV.maxConcurrentRequests]: String(workers),
    [ENV.maxBatch]: String(maxBatch),
  };
}
