import { promisify } from 'util';
import { gzip } from 'zlib';
import { Log } from '../../log';

/** How items are sent. Defaults are v1's 5 s and 100 items. */
export interface IngestionChannelOptions {
  readonly trackUrl: string;
  readonly log: Log;
  readonly onDrop: (count: number) => void;
  readonly flushMs?: number;
  readonly batchItems?: number;
  /** Items that may wait; the next ones are dropped. */
  readonly maxItems?: number;
  /** Pause before the first repetition; doubles up to a minute. */
  readonly firstRetryMs?: number;
}

/** Serialises the item when its turn comes. */
type Item = () => string;

const RETRYABLE = new Set([408, 429, 439, 500, 502, 503, 504]);
const MAX_ATTEMPTS = 8;
const LONGEST_PAUSE_MS = 60_000;
const REQUEST_TIMEOUT_MS = 15_000;
const compress = promisify(gzip);

/**
 * Sends items in batches, one batch at a time, off the path of requests. What cannot be sent is tried again for some
 * minutes; what does not fit into the queue meanwhile is dropped and counted.
 */
export class IngestionChannel {
  private queue: Item[] = [];
  private timer?: NodeJS.Timeout;
  private sending?: Promise<void>;
  private stopping = false;
  private lastFault = '';
  private readonly abort = new AbortController();
  private wake?: () => void;

  private readonly flushMs: number;
  private readonly batchItems: number;
  private readonly maxItems: number;

  constructor(private readonly options: IngestionChannelOptions) {
    this.flushMs = options.flushMs ?? 5_000;
    this.batchItems = options.batchItems ?? 100;
    this.maxItems = options.maxItems ?? 2_000;
  }

  /** Takes an item, or drops it; never waits and never throws. */
  push(item: Item): void {
    if (this.stopping || this.queue.length >= this.maxItems) return this.options.onDrop(1);
    this.queue.push(item);
    if (this.sending !== undefined) return;
    // the first of a full batch replaces the timer by a turn of the event loop: nothing is serialised inside a request
    if (this.queue.length === this.batchItems) this.schedule(0);
    else if (this.timer === undefined) this.schedule(this.flushMs);
  }

  /** Sends what waits, at most for `deadlineMs`; the rest is dropped. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const deadline = setTimeout(() => {
      this.abort.abort();
      this.wake?.();
    }, deadlineMs);
    await this.sending;
    await this.drain();
    clearTimeout(deadline);
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.sending = this.drain();
    }, ms).unref();
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, this.batchItems);
      await this.deliver(this.lines(batch));
    }
    this.sending = undefined;
  }

  private lines(batch: readonly Item[]): string[] {
    return batch.flatMap(item => {
      try {
        return [item()];
      } catch (error) {
        this.fault(error as Error, 1);
        return [];
      }
    });
  }

  /** Sends until nothing is left to be sent again. */
  private async deliver(lines: readonly string[]): Promise<void> {
    let left = lines;
    for (let attempt = 0; left.length > 0; attempt++) {
      if (this.abort.signal.aborted || attempt === MAX_ATTEMPTS) return this.options.onDrop(left.length);
      const { again, pauseMs } = await this.post(left);
      left = again;
      if (left.length > 0) await this.pause(pauseMs ?? this.backOff(attempt));
    }
  }

  /** One attempt: what must be sent again, and the pause that the backend asks for. */
  private async post(lines: readonly string[]): Promise<{ readonly again: readonly string[]; readonly pauseMs?: number }> {
    try {
      const response = await fetch(this.options.trackUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/x-json-stream', 'content-encoding': 'gzip' },
        body: await compress(lines.join('\n')),
        signal: AbortSignal.any([this.abort.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      const answer = await response.text();
      if (response.status === 206) return { again: this.partly(lines, answer) };
      if (response.ok) return this.succeeded();
      if (RETRYABLE.has(response.status)) {
        this.fault(new Error(`the ingestion endpoint answered ${response.status}`), 0);
        return { again: lines, pauseMs: retryAfterMs(response.headers.get('retry-after')) };
      }
      this.fault(new Error(`the ingestion endpoint answered ${response.status}: check the connection string`), lines.length);
      return { again: [] };
    } catch (error) {
      this.fault(error as Error, 0);
      return { again: lines };
    }
  }

  /** The backend took some: of the others, those that it may take later are sent again. */
  private partly(lines: readonly string[], answer: string): readonly string[] {
    const { errors } = JSON.parse(answer) as {
      readonly errors: readonly { readonly index: number; readonly statusCode: number }[];
    };
    const again = errors.filter(({ statusCode }) => RETRYABLE.has(statusCode)).map(({ index }) => lines[index]);
    const refused = errors.length - again.length;
    if (refused > 0) this.fault(new Error('the ingestion endpoint refused single items'), refused);
    return again.filter(line => line !== undefined);
  }

  private succeeded(): { readonly again: readonly string[] } {
    if (this.lastFault !== '') this.options.log.info('telemetry-recovered', { sink: 'application-insights' });
    this.lastFault = '';
    return { again: [] };
  }

  private fault({ message }: Error, dropped: number): void {
    if (dropped > 0) this.options.onDrop(dropped);
    if (message !== this.lastFault) this.options.log.warning('telemetry-failed', { sink: 'application-insights', message });
    this.lastFault = message;
  }

  private backOff(attempt: number): number {
    const ms = (this.options.firstRetryMs ?? 1_000) * 2 ** attempt;
    return Math.min(ms, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
  }

  private pause(ms: number): Promise<void> {
    if (this.abort.signal.aborted) return Promise.resolve();
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** `Retry-After` in seconds or as a date; never more than the longest pause. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}
