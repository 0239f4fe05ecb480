import * as fs from 'fs';
import * as http from 'http';
import { poissonSchedule, Random } from './arrivals';
import type { CpuUsageFile } from './confinement';
import { judgeLatencies, Verdict } from './statistics';

/** What load to put on a server. Durations and latencies in milliseconds. */
export type LoadJob = ClosedLoad | OpenLoad;

interface LoadTarget {
  readonly scoringUri: string;
}

/** Each connection sends its next request when the last was answered: shows cost and capacity, never waiting time. */
export interface ClosedLoad extends LoadTarget {
  readonly kind: 'closed';
  readonly connections: number;
  /** Stops after this long, and after `maxRequests` where given. */
  readonly durationMs: number;
  readonly maxRequests?: number;
  /** Read after each request, to attribute CPU time to it; only meaningful with one connection. */
  readonly cpuUsageFile?: CpuUsageFile;
}

/** Requests are sent when they are due, answered or not: shows what callers wait. */
export interface OpenLoad extends LoadTarget {
  readonly kind: 'open';
  /** Requests a second, Poisson. */
  readonly rate: number;
  readonly durationMs: number;
  readonly seed: number;
  /** Requests that may be in flight; those due beyond it are not sent and count as failed. */
  readonly maxOutstanding: number;
  /** Ends the run early once the promise is decided. */
  readonly promise?: LatencyPromise;
}

/** "The share `percentile` of requests takes at most `latencyMs`", decided at a few looks with the error shared among them. */
export interface LatencyPromise {
  readonly latencyMs: number;
  readonly percentile: number;
  /** Shares of the duration at which to look. */
  readonly looks: readonly number[];
  /** Chance of a wrong decision at one look. */
  readonly errorPerLook: number;
}

/** What happened. Arrays are in the order of arrival. */
export interface LoadResult {
  /** From the time a request was due (open) or sent (closed) to its last byte; infinite where it failed. */
  readonly latenciesMs: Float64Array;
  /** How late each request was sent, open loop only. */
  readonly lagMs: Float64Array;
  /** CPU milliseconds of the server for each request, where asked for. */
  readonly cpuMs: Float64Array;
  readonly elapsedMs: number;
  readonly failed: number;
  /** The first request that was not answered with 200. */
  readonly firstFailure?: LoadFailure;
  /** Share of one core that the generator itself used. */
  readonly generatorCores: number;
  /** CPU milliseconds that the generator used. */
  readonly generatorCpuMs: number;
  /** Decided before the end. */
  readonly verdict?: Verdict;
}

export interface LoadFailure {
  /** Index of the input, from 0. */
  readonly input: number;
  /** 0 where no answer came. */
  readonly status: number;
  readonly message: string;
}

interface Answer {
  readonly status: number;
  readonly message: string;
}

const REQUEST_TIMEOUT_MS = 60_000;
const DRAIN_MS = 5_000;

/** Sends request bodies to a server over kept-alive connections. One instance for a whole profile: its code stays warm. */
export class LoadGenerator {
  private next = 0;

  constructor(private readonly bodies: readonly Buffer[]) {}

  async run(job: LoadJob): Promise<LoadResult> {
    const agent = new http.Agent({
      keepAlive: true,
      maxSockets: job.kind === 'closed' ? job.connections : Infinity,
      scheduling: 'lifo',
    });
    const cpu = process.cpuUsage();
    const started = performance.now();
    try {
      const partial = job.kind === 'closed' ? await this.closed(job, agent) : await this.open(job, agent);
      const { user, system } = process.cpuUsage(cpu);
      const generatorCpuMs = (user + system) / 1000;
      return { ...partial, generatorCpuMs, generatorCores: generatorCpuMs / (performance.now() - started) };
    } finally {
      agent.destroy();
    }
  }

  private async closed(job: ClosedLoad, agent: http.Agent): Promise<Recording> {
    const record = new Recorder();
    const started = performance.now();
    const usage = job.cpuUsageFile ? new CpuMeter(job.cpuUsageFile) : undefined;
    let left = job.maxRequests ?? Infinity;
    const connection = async () => {
      while (left-- > 0 && performance.now() - started < job.durationMs) {
        const input = this.nextInput();
        const sent = performance.now();
        const answer = await post(job.scoringUri, this.bodies[input], agent);
        record.add(performance.now() - sent, input, answer);
        if (usage) record.cpuMs.push(usage.lap());
      }
    };
    await Promise.all(Array.from({ length: job.connections }, connection));
    return record.finish(performance.now() - started);
  }

  private async open(job: OpenLoad, agent: http.Agent): Promise<Recording> {
    const random = new Random(job.seed);
    const due = poissonSchedule(job.rate, job.durationMs, random);
    const inputs = Array.from(due, () => random.below(this.bodies.length));
    const latencies = new Float64Array(due.length).fill(NaN);
    const lag = new Float64Array(due.length);
    const record = new Recorder();
    const looks = [...(job.promise?.looks ?? [])];
    const started = performance.now();
    let outstanding = 0;
    let settled = () => {};
    let sent = 0;
    let verdict: Verdict | undefined;
    for (; sent < due.length && verdict === undefined; sent++) {
      const index = sent;
      await sleepUntil(started + due[index]);
      lag[index] = performance.now() - started - due[index];
      if (outstanding >= job.maxOutstanding) {
        latencies[index] = Infinity;
        record.fail(inputs[index], { status: 0, message: `${outstanding} requests were waiting already` });
      } else {
        outstanding++;
        void post(job.scoringUri, this.bodies[inputs[index]], agent).then(answer => {
          latencies[index] = answer.status === 200 ? performance.now() - started - due[index] : Infinity;
          if (answer.status !== 200) record.fail(inputs[index], answer);
          outstanding--;
          settled();
        });
      }
      if (job.promise && due[index] >= looks[0] * job.durationMs) {
        looks.shift();
        verdict = look(latencies.subarray(0, index + 1), job.promise);
      }
    }
    const elapsedMs = performance.now() - started;
    const drained = new Promise<void>(resolve => (settled = () => outstanding === 0 && resolve()));
    if (outstanding > 0) await Promise.race([drained, sleep(Math.max(DRAIN_MS, 10 * (job.promise?.latencyMs ?? 0)))]);
    // what still has no answer has none in any time that matters
    const latenciesMs = latencies.slice(0, sent).map(value => (Number.isNaN(value) ? Infinity : value));
    return { ...record.finish(elapsedMs), latenciesMs, lagMs: lag.slice(0, sent), verdict };
  }

  private nextInput(): number {
    const input = this.next;
    this.next = (input + 1) % this.bodies.length;
    return input;
  }
}

type Recording = Omit<LoadResult, 'generatorCores' | 'generatorCpuMs'>;

class Recorder {
  readonly cpuMs: number[] = [];
  private readonly latencies: number[] = [];
  private failed = 0;
  private firstFailure: LoadFailure | undefined;

  add(latencyMs: number, input: number, answer: Answer): void {
    this.latencies.push(answer.status === 200 ? latencyMs : Infinity);
    if (answer.status !== 200) this.fail(input, answer);
  }

  fail(input: number, answer: Answer): void {
    this.failed++;
    this.firstFailure ??= { input, ...answer };
  }

  finish(elapsedMs: number): Recording {
    return {
      latenciesMs: Float64Array.from(this.latencies),
      lagMs: new Float64Array(0),
      cpuMs: Float64Array.from(this.cpuMs),
      elapsedMs,
      failed: this.failed,
      firstFailure: this.firstFailure,
    };
  }
}

/** Judges what was answered by now; requests still in flight are left to a later look. */
function look(latencies: Float64Array, promise: LatencyPromise): Verdict | undefined {
  const answered = latencies.filter(value => !Number.isNaN(value));
  if (answered.length === 0) return undefined;
  const verdict = judgeLatencies(answered, promise.latencyMs, promise.percentile, promise.errorPerLook);
  return verdict === 'unresolved' ? undefined : verdict;
}

/** CPU time between two readings of a control group's counter. */
class CpuMeter {
  private last: number;

  constructor(private readonly file: CpuUsageFile) {
    this.last = this.read();
  }

  lap(): number {
    const now = this.read();
    const used = now - this.last;
    this.last = now;
    return used;
  }

  private read(): number {
    const text = fs.readFileSync(this.file.path, 'utf8');
    const number = this.file.key ? new RegExp(`${this.file.key} (\\d+)`).exec(text)?.[1] : text;
    return Number(number) / this.file.unitsPerMs;
  }
}

async function post(uri: string, body: Buffer, agent: http.Agent): Promise<Answer> {
  const first = await postOnce(uri, body, agent);
  // the server closed an idle connection while the request was on its way: Node's own advice is to send it again
  return first.closedIdle ? postOnce(uri, body, agent) : first;
}

function postOnce(uri: string, body: Buffer, agent: http.Agent): Promise<Answer & { readonly closedIdle?: boolean }> {
  return new Promise(resolve => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const request = http.request(uri, { method: 'POST', agent, headers, timeout: REQUEST_TIMEOUT_MS }, response => {
      const status = response.statusCode ?? 0;
      const kept: Buffer[] = [];
      response.on('data', (chunk: Buffer) => status !== 200 && kept.length < 8 && kept.push(chunk));
      response.on('end', () => resolve({ status, message: Buffer.concat(kept).toString('utf8').slice(0, 500) }));
      response.on('error', error => resolve({ status: 0, message: error.message }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS} ms`)));
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, message: error.message, closedIdle: request.reusedSocket && error.code === 'ECONNRESET' }),
    );
    request.end(body);
  });
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms).unref());

/** Timers may fire a millisecond late; the last stretch is passed in the event loop, which stays open to answers. */
async function sleepUntil(time: number): Promise<void> {
  const coarse = time - performance.now() - 1.5;
  if (coarse >= 1) await new Promise(resolve => setTimeout(resolve, coarse));
  while (performance.now() < time) await new Promise(resolve => setImmediate(resolve));
}
