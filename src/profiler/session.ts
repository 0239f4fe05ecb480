import { SIZE_GRIDS, SizeGrid } from '../sizing/compute-size';
import { derivedSeed } from './arrivals';
import { Cleanup } from './cleanup';
import { inputRejected } from './errors';
import { findLimitSupport, LimitSupport } from './limits';
import { LoadClient } from './load-client';
import { MeasuredDemand, referenceSpeed, summarizeDemand } from './demand';
import { Measurement, Meter } from './measurement';
import { MemoryPoint, MemoryWatch } from './memory';
import { Budget, CheckedOptions } from './options';
import { Progress, ProgressListener } from './progress';
import { ServerProcess } from './server-process';
import { median } from './statistics';
import { assessWarmUp, MIN_BATCHES, WarmUp } from './warm-up';

/** What a first start in a fresh process cost. */
export interface ColdStart {
  /** From the start of the process to the first answered request, milliseconds. */
  readonly ms: number;
  /** CPU milliseconds of it: under a quota of q cores it takes at least this divided by q. */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** Highest share of capacity at which a server is loaded open loop without limits. */
const CALM_UTILISATION = 0.7;
const CONNECTIONS = 4;
/** Checking every input may take this long; the rest is cycled through later anyway. */
const CHECK_CAP_MS = 10_000;

/** Two bandwidth periods, so that the run does not begin in a period that was loaded without a limit. */
const SETTLE_LIMITED_MS = 200;
const SETTLE_BATCH_MS = 300;

/** One profile under way: the processes, the clock and everything measured so far. */
export class ProfileSession {
  readonly grid: SizeGrid;
  readonly progress: Progress;
  readonly meter: Meter;
  readonly warnings: string[] = [];
  /** Absent where nobody can set limits here, or none were wanted. */
  readonly limits: LimitSupport | undefined;
  private readonly watches: MemoryWatch[] = [];
  private readonly client: LoadClient;
  private runs = 0;

  constructor(
    readonly options: CheckedOptions,
    readonly budget: Budget,
    private readonly cleanup: Cleanup,
    listener?: ProgressListener,
  ) {
    this.grid = SIZE_GRIDS[options.target];
    this.progress = new Progress(listener, budget.expectedMs);
    this.progress.tell('prepare', 'looking at the machine');
    this.limits = options.verify ? findLimitSupport() : undefined;
    this.client = LoadClient.start(options.loadGenerator, options.bodies, cleanup);
    this.meter = new Meter(this.client);
  }

  /** A fresh server; limited in memory where `memoryBytes` is given. */
  async startServer(threads: number, memoryBytes?: number, onSpawn?: (pid: number) => void): Promise<ServerProcess> {
    const { options, limits } = this;
    const limited = memoryBytes !== undefined;
    // control groups also count CPU time exactly; a container costs a second to start, so only verification uses one
    const support = limits && (limited || limits.kind !== 'docker') ? limits : undefined;
    const confinement = support?.confine(memoryBytes);
    try {
      return await ServerProcess.start(
        {
          serverBundle: options.serverBundle,
          model: options.model,
          threads,
          maxQueueWaitMs: Math.max(500, Math.ceil(2 * options.latencyMs)),
          maxBodyBytes: Math.max(100 * 1024 ** 2, ...options.bodies.map(body => Buffer.byteLength(body))),
          memoryInGB: limited ? memoryBytes / 1024 ** 3 : options.maxMemoryInGB,
          confinement,
          limits: support?.kind,
          onSpawn,
        },
        this.cleanup,
      );
    } catch (error) {
      confinement?.dispose();
      throw error;
    }
  }

  /** A server without limits, watched for memory from its first moment. */
  async startMeasured(threads: number): Promise<ServerProcess> {
    return this.startServer(threads, undefined, pid => this.watches.push(new MemoryWatch(pid)));
  }

  /** The first server: how long until it answers, and what loading needed. */
  async coldStart(): Promise<{ readonly server: ServerProcess; readonly cold: ColdStart }> {
    this.progress.tell('load', `loading ${this.options.model} in a fresh process`);
    const server = await this.startMeasured(1);
    const first = await this.client.run({
      kind: 'closed',
      scoringUri: server.scoringUri,
      connections: 1,
      durationMs: CHECK_CAP_MS,
      maxRequests: 1,
    });
    const ms = performance.now() - server.startedAt;
    this.rejectFailures(first.firstFailure, server);
    const cpuMs = server.times().cpuMs;
    return { server, cold: { ms, cpuMs, peakBytes: this.peakBytes() } };
  }

  /** Every input once. @throws ProfileError INPUT_REJECTED with the row and the server's words */
  async checkInputs(server: ServerProcess): Promise<void> {
    const rest = this.options.bodies.length - 1;
    if (rest === 0) return;
    const load = { kind: 'closed', connections: 1, durationMs: CHECK_CAP_MS, maxRequests: rest } as const;
    const checked = await this.client.run({ ...load, scoringUri: server.scoringUri });
    this.rejectFailures(checked.firstFailure, server);
    const unseen = rest - checked.latenciesMs.length;
    if (unseen > 0)
      this.warnings.push(`${unseen} of ${rest + 1} inputs were not checked one by one: that would have taken too long`);
  }

  /** Loads a server until what a request costs has settled, or the budget's cap. */
  async warmUp(server: ServerProcess): Promise<WarmUp> {
    this.progress.tell('warm-up', `warming up with ${server.threads === 1 ? '1 thread' : `${server.threads} threads`}`);
    const { warmUpCapMs, warmUpBatchMs } = this.budget;
    const began = performance.now();
    const costs: number[] = [];
    let state: WarmUp = { steadiness: 'getting-cheaper', dropped: 0, drift: 0 };
    const job = { kind: 'closed', scoringUri: server.scoringUri, connections: 1, durationMs: warmUpBatchMs } as const;
    while (performance.now() - began < warmUpCapMs || costs.length < 3) {
      const batch = await this.meter.measure('warm-up', server, job);
      server.assertRunning('while warming up');
      costs.push(batch.cpuMsPerRequest > 0 ? batch.cpuMsPerRequest : median(batch.load.latenciesMs));
      if (costs.length < MIN_BATCHES) continue;
      state = assessWarmUp(costs);
      if (state.steadiness === 'steady') break;
    }
    return state;
  }

  /** What a request costs with each server's threads, from short windows that take turns. */
  async measureDemands(servers: readonly ServerProcess[]): Promise<MeasuredDemand[]> {
    const { repeats, serialMs, concurrentMs, atRateMs } = this.budget;
    for (let repeat = 0; repeat < repeats; repeat++) {
      this.progress.tell('measure', `CPU time per request, round ${repeat + 1} of ${repeats}`);
      // back and forth, so that a drift of the machine meets all alike
      for (const server of repeat % 2 ? [...servers].reverse() : servers) {
        const closed = { kind: 'closed', scoringUri: server.scoringUri } as const;
        await this.take('serial', server, { ...closed, connections: 1, durationMs: serialMs, cpuUsageFile: server.cpuUsageFile });
        await this.take('concurrent', server, { ...closed, connections: CONNECTIONS, durationMs: concurrentMs });
      }
    }
    const first = this.demands(servers);
    for (const [index, server] of servers.entries()) {
      const rate = Math.min(this.options.rate, CALM_UTILISATION * first[index].capacity);
      this.progress.tell('measure', `CPU time per request at ${rate.toFixed(rate < 10 ? 1 : 0)} requests a second`);
      // at least some twenty requests, unless that takes too long
      const durationMs = Math.min(Math.max(atRateMs, (20 / rate) * 1000), 2 * atRateMs);
      const load = { kind: 'open', scoringUri: server.scoringUri, rate, durationMs, maxOutstanding: 100 } as const;
      await this.take('at-rate', server, { ...load, seed: this.nextSeed() });
    }
    return this.demands(servers);
  }

  /**
   * Brings a server to the state in which it would be after minutes of service, that is, to requests as cheap as those that were
   * measured, and then under its CPU quota.
   */
  async settle(server: ServerProcess, cpu: number, demand: MeasuredDemand | undefined): Promise<void> {
    const load = { kind: 'closed', scoringUri: server.scoringUri, connections: 1 } as const;
    const cheap = 1.15 * (demand?.serialCpuMs ?? 0);
    const began = performance.now();
    let cost = Infinity;
    while (cost > cheap && performance.now() - began < this.budget.settleMs) {
      const before = server.times().cpuMs;
      const warm = await this.client.run({ ...load, durationMs: SETTLE_BATCH_MS });
      server.assertRunning('while warming up');
      this.rejectFailures(warm.firstFailure, server);
      cost = (server.times().cpuMs - before) / warm.latenciesMs.length;
    }
    server.limitCpu(cpu);
    await this.client.run({ ...load, durationMs: SETTLE_LIMITED_MS });
    server.assertRunning('while warming up');
  }

  /** The speed that every figure is restated at. */
  get referenceSpeed(): number {
    return referenceSpeed(this.meter.taken.filter(each => each.kind !== 'verification'));
  }

  /** Bytes that the worst moment so far needed, over loading and running, over all servers. */
  peakBytes(): number {
    return Math.max(0, ...this.watches.map(watch => watch.peak()));
  }

  memoryPoints(): readonly MemoryPoint[] {
    return this.watches[0]?.points ?? [];
  }

  /** A seed that no run before had: what was searched with is not what proves it. */
  nextSeed(): number {
    return derivedSeed(this.options.seed, 1000 + this.runs++);
  }

  stopMeasured(servers: readonly ServerProcess[]): void {
    for (const watch of this.watches) watch.stop();
    for (const server of servers) server.kill();
  }

  private demands(servers: readonly ServerProcess[]): MeasuredDemand[] {
    return servers.map(server => summarizeDemand(server.threads, this.meter.taken, this.referenceSpeed));
  }

  private async take(kind: Measurement['kind'], server: ServerProcess, job: Parameters<Meter['measure']>[2]): Promise<void> {
    const { load } = await this.meter.measure(kind, server, job);
    server.assertRunning('while it was measured');
    this.rejectFailures(kind === 'serial' ? load.firstFailure : undefined, server);
  }

  private rejectFailures(failure: Measurement['load']['firstFailure'], server: ServerProcess): void {
    if (!failure) return;
    server.assertRunning(`on input ${failure.input + 1}`);
    throw inputRejected(failure.input + 1, failure.status, serverMessage(failure.message));
  }
}

/** The sentence inside an error body, where it is one of the usual JSON shapes. */
function serverMessage(body: string): string {
  try {
    const parsed = JSON.parse(body) as { message?: string; error?: string | { message?: string } };
    const { error } = parsed;
    return parsed.message ?? (typeof error === 'string' ? error : error?.message) ?? body;
  } catch {
    return body || 'no answer';
  }
}
