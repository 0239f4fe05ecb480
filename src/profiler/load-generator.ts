import * as fs from 'fs';
import { Random, schedule } from './arrivals';
import type { CpuUsageFile } from './confinement';
import { Answer, HttpSender, WireRequest, wireRequest } from './http-sender';
import { InputMix } from './input-mix';
import type { ProfileInput } from './input-set';
import type { ClosedLoad, LatencyPromise, LoadFailure, LoadJob, LoadResult, OpenLoad } from './load-job';
import { POISSON } from './load-pattern';
import { Pacer } from './pacer';
import { judgeLatencies, Verdict } from './statistics';

export type { ClosedLoad, LatencyPromise, LoadFailure, LoadJob, LoadResult, OpenLoad } from './load-job';

/** What still has no answer so long after the last request has none in any time that matters. */
const DRAIN_MS = 5_000;

type Recording = Omit<LoadResult, 'generatorCores' | 'generatorCpuMs'>;

/** Sends inputs to a server over kept connections. One instance for a whole profile: its code stays warm. */
export class LoadGenerator {
  private readonly requests: readonly WireRequest[];
  private readonly mix: InputMix;
  private readonly pacers: Pacer[] = [];

  constructor(inputs: readonly ProfileInput[]) {
    this.requests = inputs.map(wireRequest);
    this.mix = new InputMix(inputs);
  }

  async run(job: LoadJob): Promise<LoadResult> {
    const sender = new HttpSender(job.scoringUri, job.kind === 'closed' ? job.connections : undefined);
    const pacer = job.kind === 'open' ? (this.pacers.pop() ?? (await Pacer.start())) : undefined;
    const cpu = process.cpuUsage();
    const started = performance.now();
    try {
      const recording = job.kind === 'closed' ? await this.closed(job, sender) : await this.open(job, sender, pacer!);
      const { user, system } = process.cpuUsage(cpu);
      const generatorCpuMs = (user + system) / 1000;
      return { ...recording, generatorCpuMs, generatorCores: generatorCpuMs / (performance.now() - started) };
    } finally {
      if (pacer) this.pacers.push(pacer);
      await sender.close();
    }
  }

  /** Ends its threads. */
  async close(): Promise<void> {
    await Promise.all(this.pacers.splice(0).map(pacer => pacer.close()));
  }

  private async closed(job: ClosedLoad, sender: HttpSender): Promise<Recording> {
    const latencies: number[] = [];
    const cpuMs: number[] = [];
    const failures = new Failures();
    const usage = job.cpuUsageFile ? new CpuMeter(job.cpuUsageFile) : undefined;
    const started = performance.now();
    let left = job.maxRequests ?? Infinity;
    const connection = async () => {
      while (left-- > 0 && performance.now() - started < job.durationMs) {
        const input = this.mix.inTurn();
        const sent = performance.now();
        const answer = await sender.send(this.requests[input]);
        latencies.push(answer.status === 200 ? performance.now() - sent : Infinity);
        failures.count(input, answer);
        if (usage) cpuMs.push(usage.lap());
      }
    };
    await Promise.all(Array.from({ length: job.connections }, connection));
    return {
      latenciesMs: Float64Array.from(latencies),
      dueMs: new Float64Array(0),
      lagMs: new Float64Array(0),
      cpuMs: Float64Array.from(cpuMs),
      elapsedMs: performance.now() - started,
      ...failures.summary,
    };
  }

  private async open(job: OpenLoad, sender: HttpSender, pacer: Pacer): Promise<Recording> {
    const random = new Random(job.seed);
    const { dueMs, inputs = Uint32Array.from(dueMs, () => this.mix.atRandom(random)) } = schedule(
      job.pattern ?? POISSON,
      job.rate,
      job.durationMs,
      random,
    );
    // NaN: not answered yet
    const latencies = new Float64Array(dueMs.length).fill(NaN);
    const lagMs = new Float64Array(dueMs.length);
    const failures = new Failures();
    const looks = [...(job.promise?.looks ?? [])];
    let started = 0;
    let sent = 0;
    let outstanding = 0;
    let settled = () => {};
    let verdict: Verdict | undefined;

    const answered = (index: number, answer: Answer): void => {
      latencies[index] = answer.status === 200 ? performance.now() - started - dueMs[index] : Infinity;
      failures.count(inputs[index], answer);
    };
    const send = async (index: number): Promise<void> => {
      outstanding++;
      answered(index, await sender.send(this.requests[inputs[index]]));
      outstanding--;
      settled();
    };
    const onDue = (index: number): boolean => {
      lagMs[index] = performance.now() - started - dueMs[index];
      if (outstanding < job.maxOutstanding) void send(index);
      else answered(index, { status: 0, message: `${outstanding} requests were waiting already` });
      sent = index + 1;
      if (job.promise && dueMs[index] >= looks[0] * job.durationMs) {
        looks.shift();
        verdict = look(latencies.subarray(0, sent), job.promise);
      }
      return verdict === undefined;
    };

    await pacer.run(dueMs, at => (started = at), onDue);
    const elapsedMs = performance.now() - started;
    if (outstanding > 0) {
      const drained = new Promise<void>(resolve => (settled = () => outstanding === 0 && resolve()));
      await Promise.race([drained, sleep(Math.max(DRAIN_MS, 10 * (job.promise?.latencyMs ?? 0)))]);
    }
    return {
      latenciesMs: latencies.slice(0, sent).map(value => (Number.isNaN(value) ? Infinity : value)),
      dueMs: dueMs.slice(0, sent),
      lagMs: lagMs.slice(0, sent),
      cpuMs: new Float64Array(0),
      elapsedMs,
      ...failures.summary,
      verdict,
    };
  }
}

/** Requests that were not answered with 200. */
class Failures {
  private failed = 0;
  private firstFailure: LoadFailure | undefined;

  count(input: number, { status, message }: Answer): void {
    if (status === 200) return;
    this.failed++;
    this.firstFailure ??= { input, status, message };
  }

  get summary(): Pick<LoadResult, 'failed' | 'firstFailure'> {
    return { failed: this.failed, firstFailure: this.firstFailure };
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

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms).unref());
