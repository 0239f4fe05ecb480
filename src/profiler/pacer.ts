import { Worker } from 'worker_threads';
import type * as threads from 'worker_threads';

/** What the thread is given for a run. */
interface Run {
  readonly due: Float64Array;
  /** On the clock of `process.hrtime`, milliseconds. */
  readonly startMs: number;
  /** Its first element turns 1 when the rest need not be waited for. */
  readonly stopped: Int32Array;
  /** What the thread says when it has nothing more to say about this run. */
  readonly ended: number;
}

/** From the order to the first request: so that the thread is waiting for it when it is due. */
const LEAD_MS = 5;
const ENDED = -1;

/**
 * Says when requests are due, to a tenth of a millisecond. Timers of the event loop are a millisecond late, and spinning in it
 * costs the core that the server needs; a thread that sleeps until the next is due costs next to nothing.
 */
export class Pacer {
  static async start(): Promise<Pacer> {
    const thread = new Worker(`(${pace.toString()})(require('worker_threads'))`, { eval: true, execArgv: [] });
    const pacer = new Pacer(thread);
    await new Promise<void>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
    // whoever waits for requests has something else that keeps the process alive
    thread.unref();
    return pacer;
  }

  private constructor(private readonly thread: Worker) {}

  /**
   * Calls `onDue` for each request in order, as soon as it is due, until one call returns false. One run at a time.
   *
   * @param dueMs milliseconds from the start, ascending
   * @param onStart gets the start on the clock of `performance.now`, before anything is due
   */
  run(dueMs: Float64Array, onStart: (startMs: number) => void, onDue: (index: number) => boolean): Promise<void> {
    const due = new Float64Array(new SharedArrayBuffer(dueMs.byteLength));
    due.set(dueMs);
    const stopped = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    return new Promise((resolve, reject) => {
      let next = 0;
      let going = true;
      const onMessage = (dueBefore: number): void => {
        while (going && next < dueBefore) going = onDue(next++);
        if (!going) wake(stopped);
        if (dueBefore !== ENDED) return;
        this.thread.off('message', onMessage).off('error', reject);
        resolve();
      };
      this.thread.on('message', onMessage).on('error', reject);
      onStart(performance.now() + LEAD_MS);
      const startMs = Number(process.hrtime.bigint()) / 1e6 + LEAD_MS;
      this.thread.postMessage({ due, startMs, stopped, ended: ENDED } satisfies Run);
    });
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}

function wake(stopped: Int32Array): void {
  Atomics.store(stopped, 0, 1);
  Atomics.notify(stopped, 0);
}

/** The thread's whole program, sent as text: it may name nothing outside of itself. */
function pace({ parentPort }: typeof threads): void {
  parentPort?.on('message', ({ due, startMs, stopped, ended }: Run) => {
    const elapsed = (): number => Number(process.hrtime.bigint()) / 1e6 - startMs;
    for (let next = 0; next < due.length && Atomics.load(stopped, 0) === 0;) {
      const wait = due[next] - elapsed();
      if (wait > 0) Atomics.wait(stopped, 0, 0, wait);
      const now = elapsed();
      const before = next;
      while (next < due.length && due[next] <= now) next++;
      if (next > before) parentPort?.postMessage(next);
    }
    parentPort?.postMessage(ended);
  });
  parentPort?.postMessage('ready');
}
