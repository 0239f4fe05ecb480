import { availableParallelism } from 'os';
import { SIZE_GRIDS, SizeGrid } from '../sizing/compute-size';
import type { ProfiledMachine } from '../sizing/profile-result';
import { BatchSizes, readBatchSizes } from './batch-sizes';
import { Budget } from './budget';
import { Cleanup } from './cleanup';
import type { LimitKind } from './confinement';
import { MeasuredDemand, referenceSpeed, restate } from './demand';
import { InputFailures } from './input-failures';
import type { InputSet } from './input-set';
import { disturbedBy } from './interference';
import { Journal } from './journal';
import { findLimitSupport, LimitSupport } from './limits';
import { LoadClient } from './load-client';
import type { ClosedLoad, LoadJob, LoadResult } from './load-job';
import { describeMachine } from './machine';
import { Measurement, MeasurementKind, Meter } from './measurement';
import { GIBIBYTE, MemoryFigures } from './memory';
import { CheckedOptions } from './options';
import { dropFromPageCache } from './page-cache';
import { Progress } from './progress';
import { namedSeed } from './random';
import { measureReference, ReferenceSpeed } from './reference-kernel';
import { ServerPool } from './server-pool';
import { ServerProcess } from './server-process';
import { describeSettings, ServerSettings, settingsKey } from './server-settings';
import { median } from './statistics';
import type { Subject } from './subject';
import { assessWarmUp, MIN_BATCHES, WarmUp } from './warm-up';

/** Where a profile is made. */
export interface Workplace {
  readonly machine: ProfiledMachine;
  readonly reference: ReferenceSpeed;
  /** Processors that this process may use. */
  readonly processors: number;
  /** Who can set limits; absent where nobody can, or none were wanted. */
  readonly limits?: LimitKind;
}

/** What a first start in a fresh process cost. */
export interface ColdStart {
  /** From the start of the process to the first answered request, milliseconds. */
  readonly ms: number;
  /** CPU milliseconds of it: under a quota of q cores it takes at least this divided by q. */
  readonly cpuMs: number;
}

/** Requests in flight together, and what they cost. */
export interface SharedWindow {
  readonly concurrency: number;
  readonly measurement: Measurement;
  /** Mean requests in one run of the model. */
  readonly batch: number;
  readonly peakBytes: number;
}

/** Highest share of capacity at which a server is loaded open loop without limits. */
const CALM_UTILISATION = 0.7;
/** Checking every input may take this long; the rest is cycled through later anyway. */
const CHECK_CAP_MS = 10_000;
const WARM_UP_LEAST = 3;

type UnmeasuredLoad = Omit<ClosedLoad, 'kind' | 'scoringUri'>;

/** One profile under way: the processes, the raw file and everything measured so far. */
export class ProfileSession {
  readonly grid: SizeGrid;
  readonly warnings: string[] = [];
  /** Windows that were walked through, in order: taken now or read from the raw file. */
  readonly windows: Measurement[] = [];
  private readonly support: LimitSupport | undefined;
  private readonly client: LoadClient;
  private readonly meter: Meter;
  private readonly pool: ServerPool;
  private readonly failures: InputFailures;
  private retakes: number;

  constructor(
    readonly options: CheckedOptions,
    readonly subject: Subject,
    readonly inputs: InputSet,
    readonly budget: Budget,
    readonly journal: Journal,
    readonly progress: Progress,
    private readonly cleanup: Cleanup,
  ) {
    this.grid = SIZE_GRIDS[options.target];
    this.support = findLimitSupport(subject);
    this.client = LoadClient.start(options.loadGenerator, inputs.inputs, cleanup);
    this.meter = new Meter(this.client, () => progress.elapsedMs);
    this.pool = new ServerPool(
      (settings, onSpawn) => this.startServer(settings, undefined, onSpawn),
      server => this.warmUp(server),
    );
    this.failures = new InputFailures(subject);
    this.retakes = budget.retakes;
  }

  /** One engine with one thread, sharing runs where the model allows it. */
  get base(): ServerSettings {
    const maxBatch = this.subject.batches ? this.options.maxBatch : 1;
    return { threads: 1, spinning: false, workers: 1, maxBatch };
  }

  /** The most cores that may be recommended: what the caller and the target allow. */
  get mostCpu(): number {
    return Math.min(this.options.maxCpu, this.grid.maxCpu);
  }

  /** The most memory that may be recommended, GB. */
  get mostMemoryInGB(): number {
    return Math.min(this.options.maxMemoryInGB, this.grid.maxMemoryInGB);
  }

  lookAround(): Promise<Workplace> {
    return this.step('machine', 'prepare', 'looking at the machine', () => {
      const machine = describeMachine();
      return {
        machine,
        reference: measureReference(),
        processors: Math.min(availableParallelism(), machine.cpuQuota ?? Infinity),
        ...(this.options.verify && this.support ? { limits: this.support.kind } : {}),
      };
    });
  }

  /** The first server: how long until it answers. */
  coldStart(): Promise<ColdStart> {
    return this.step('cold', 'load', `loading ${this.subject.name} in a fresh process`, async () => {
      dropFromPageCache(this.subject.files);
      const server = await this.startServer(this.base);
      try {
        const first = {
          kind: 'closed',
          scoringUri: server.scoringUri,
          connections: 1,
          durationMs: CHECK_CAP_MS,
          maxRequests: 1,
        } as const;
        const answered = await this.client.run(first);
        const ms = performance.now() - server.startedAt;
        await this.failures.reject(answered.firstFailure, server);
        return { ms: Math.round(ms), cpuMs: server.times().cpuMs };
      } finally {
        server.kill();
      }
    });
  }

  /** Every input once. @throws ProfileError INPUT_REJECTED, INPUT_MISMATCH, RUN_FAILED with the row and the server's words */
  async checkInputs(): Promise<void> {
    const count = this.inputs.inputs.length;
    const checked = await this.step('inputs', 'load', `sending each of ${count} inputs once`, async () => {
      const { server } = await this.pool.get(this.base);
      const load = { kind: 'closed', connections: 1, durationMs: CHECK_CAP_MS, maxRequests: count } as const;
      const run = await this.client.run({ ...load, scoringUri: server.scoringUri });
      await this.failures.reject(run.firstFailure, server);
      return run.latenciesMs.length;
    });
    if (checked < count)
      this.warnings.push(`${count - checked} of ${count} inputs were not checked one by one: that would have taken too long`);
  }

  /** How a server with these settings settled before it was measured. */
  warmUpOf(settings: ServerSettings): Promise<WarmUp> {
    return this.step(`warm-up/${settingsKey(settings)}`, 'warm-up', `warming up with ${describeSettings(settings)}`, async () => {
      const { warmUp } = await this.pool.get(settings);
      return warmUp;
    });
  }

  /**
   * One window, and another in its place where the machine disturbed it and windows may still be retaken: the disturbed one is kept
   * for the record.
   */
  async window(
    kind: MeasurementKind,
    settings: ServerSettings,
    round: number,
    job: (server: ServerProcess) => LoadJob,
  ): Promise<Measurement> {
    for (let attempt = 1; ; attempt++) {
      const name = `window/${settingsKey(settings)}/${kind}/${round}${attempt > 1 ? `/again-${attempt}` : ''}`;
      const words = `${describeSettings(settings)}: ${WINDOW_WORDS[kind]}, round ${round}`;
      const window = await this.step(name, 'measure', words, async () => this.measureUnlimited(kind, settings, job));
      this.windows.push(window);
      if (disturbedBy(window) === undefined || this.retakes <= 0) return window;
      this.retakes--;
    }
  }

  /** What a request costs with each of the settings: one short window of each kind, the settings taking turns. */
  async measureRound(round: number, all: readonly ServerSettings[]): Promise<void> {
    const { serialMs, concurrentMs } = this.budget;
    // back and forth, so that a drift of the machine meets all alike
    for (const settings of round % 2 ? all : [...all].reverse()) {
      await this.window('serial', settings, round, ({ scoringUri, cpuUsageFile }) => ({
        ...{ kind: 'closed', scoringUri, connections: 1, durationMs: serialMs, cpuUsageFile },
      }));
      // one request more than engines: never idle, and never two waiting that could share a run
      const connections = settings.workers + 1;
      await this.window('saturated', settings, round, ({ scoringUri }) => ({
        ...{ kind: 'closed', scoringUri, connections, durationMs: concurrentMs },
      }));
    }
  }

  /** CPU time at the rate that was asked for, as far as the engine carries it. */
  async measureAtRate(demand: MeasuredDemand, rate: number, round: number): Promise<void> {
    const carried = Math.min(rate, CALM_UTILISATION * demand.capacity);
    const { atRateMs } = this.budget;
    // at least some twenty requests, unless that takes too long
    const durationMs = Math.min(Math.max(atRateMs, (20 / carried) * 1000), 2 * atRateMs);
    await this.window('at-rate', demand.settings, round, ({ scoringUri }) => ({
      ...{ kind: 'open', scoringUri, rate: carried, durationMs, maxOutstanding: 100, pattern: this.options.pattern },
      seed: this.seedOf(`at-rate/${settingsKey(demand.settings)}/${round}`),
    }));
  }

  /** What requests cost that wait together, and the memory that takes. */
  sharedWindow(settings: ServerSettings, concurrency: number): Promise<SharedWindow> {
    const words = `${concurrency} requests in flight`;
    return this.step(`shared/${settingsKey(settings)}/${concurrency}`, 'measure', words, async () => {
      const pooled = await this.pool.get(settings);
      const before = await readBatchSizes(pooled.server);
      const measurement = await this.measureUnlimited('batched', settings, ({ scoringUri }) => ({
        ...{ kind: 'closed', scoringUri, connections: concurrency, durationMs: this.budget.batchMs },
      }));
      const batch = meanBatch(before, await readBatchSizes(pooled.server));
      return { concurrency, measurement, batch, peakBytes: pooled.peakBytes() };
    });
  }

  /** As many requests at once as one run takes, twice: the memory of the largest batch is kept by the arena, so it must be seen. */
  burst(settings: ServerSettings, requests: number): Promise<number> {
    const words = `${requests} requests at once, for the memory they need`;
    return this.step(`burst/${settingsKey(settings)}/${requests}`, 'measure', words, async () => {
      const pooled = await this.pool.get(settings);
      const load = { connections: requests, durationMs: CHECK_CAP_MS, maxRequests: 2 * requests };
      await this.send(pooled.server, load, `with ${requests} requests at once`);
      return pooled.peakBytes();
    });
  }

  /** What the server with these settings needed so far, or in all: it is stopped then. */
  memoryOf(settings: ServerSettings, when: 'alone' | 'in all'): Promise<MemoryFigures> {
    return this.step(`memory/${settingsKey(settings)}/${when}`, 'measure', 'reading memory', async () => {
      const figures = (await this.pool.get(settings)).memory();
      if (when === 'in all') await this.pool.stop(settings);
      return figures;
    });
  }

  stopMeasured(): Promise<void> {
    return this.pool.stopAll();
  }

  /** A fresh server under its memory limit, from a cold cache; the CPU is limited when it has settled. */
  async startLimited(settings: ServerSettings, memoryInGB: number): Promise<ServerProcess> {
    dropFromPageCache(this.subject.files);
    return this.startServer(settings, memoryInGB * GIBIBYTE);
  }

  /** A load that is not measured. @throws ProfileError where the server ended `when` */
  async load(server: ServerProcess, job: UnmeasuredLoad, when: string): Promise<LoadResult> {
    const run = await this.client.run({ kind: 'closed', scoringUri: server.scoringUri, ...job });
    server.assertRunning(when);
    return run;
  }

  /** The same, where every request must be answered. @throws ProfileError also where an input was refused */
  async send(server: ServerProcess, job: UnmeasuredLoad, when: string): Promise<LoadResult> {
    const run = await this.load(server, job, when);
    await this.failures.reject(run.firstFailure, server);
    return run;
  }

  /** One load on a server of the caller's. */
  measure(kind: MeasurementKind, server: ServerProcess, job: LoadJob): Promise<Measurement> {
    return this.meter.measure(kind, server, job);
  }

  /** A named step of the raw file, with words for whoever waits for it. */
  step<T>(name: string, phase: Parameters<Progress['tell']>[0], words: string, take: () => Promise<T> | T): Promise<T> {
    if (!this.journal.has(name)) this.progress.tell(phase, words);
    return this.journal.step(name, take);
  }

  /** The speed that every figure is restated at. */
  get referenceSpeed(): number {
    return referenceSpeed(this.windows);
  }

  /** A figure of a measurement as it would be at the reference speed. */
  restated(value: number, measurement: Measurement): number {
    return restate(value, measurement, this.referenceSpeed);
  }

  /** A seed of its own for each run: what was searched with is not what proves it. */
  seedOf(run: string): number {
    return namedSeed(this.options.seed, run);
  }

  private async measureUnlimited(
    kind: MeasurementKind,
    settings: ServerSettings,
    job: (server: ServerProcess) => LoadJob,
  ): Promise<Measurement> {
    const { server } = await this.pool.get(settings);
    const measured = await this.meter.measure(kind, server, job(server));
    server.assertRunning('while it was measured');
    await this.failures.reject(kind === 'serial' ? measured.load.firstFailure : undefined, server);
    return measured;
  }

  /** A fresh server; limited in memory where `memoryBytes` is given. */
  private async startServer(
    settings: ServerSettings,
    memoryBytes?: number,
    onSpawn?: (pid: number) => void,
  ): Promise<ServerProcess> {
    const { options, support, subject } = this;
    const limited = memoryBytes !== undefined;
    // control groups also count CPU time exactly; a container of a model costs a second to start, so only verification uses one
    const used = support && (limited || support.kind !== 'docker' || subject.image) ? support : undefined;
    const confinement = used?.confine(memoryBytes);
    try {
      return await ServerProcess.start(
        {
          subject,
          settings,
          // what is measured without limits should be answered, however many come at once
          maxQueueWaitMs: limited ? Math.max(500, Math.ceil(2 * options.latencyMs)) : CHECK_CAP_MS,
          maxBodyBytes: Math.max(100 * 1024 ** 2, ...this.inputs.inputs.map(({ body }) => Buffer.byteLength(body))),
          memoryInGB: limited ? memoryBytes / GIBIBYTE : options.maxMemoryInGB,
          confinement,
          limits: used?.kind,
          onSpawn,
        },
        this.cleanup,
      );
    } catch (error) {
      confinement?.dispose();
      throw error;
    }
  }

  /** Loads a server until what a request costs has settled, or the budget's cap. */
  private async warmUp(server: ServerProcess): Promise<WarmUp> {
    const { warmUpCapMs, warmUpBatchMs } = this.budget;
    const began = performance.now();
    const costs: number[] = [];
    const job = { kind: 'closed', scoringUri: server.scoringUri, connections: 1, durationMs: warmUpBatchMs } as const;
    while (performance.now() - began < warmUpCapMs || costs.length < WARM_UP_LEAST) {
      const batch = await this.meter.measure('warm-up', server, job);
      server.assertRunning('while warming up');
      await this.failures.reject(batch.load.firstFailure, server);
      costs.push(batch.cpuMsPerRequest > 0 ? batch.cpuMsPerRequest : median(batch.load.latenciesMs));
      if (costs.length >= MIN_BATCHES && assessWarmUp(costs).steadiness === 'steady') break;
    }
    return assessWarmUp(costs);
  }
}

const WINDOW_WORDS: Readonly<Record<MeasurementKind, string>> = {
  'warm-up': 'warming up',
  serial: 'one request after another',
  saturated: 'as many as it carries',
  batched: 'many at once',
  'at-rate': 'at the rate that was asked for',
  verification: 'under limits',
};

/** Requests in a run, on average, between two readings; 1 where nothing was counted. */
function meanBatch(before: BatchSizes | undefined, after: BatchSizes | undefined): number {
  if (!before || !after || after.runs <= before.runs) return 1;
  return (after.requests - before.requests) / (after.runs - before.runs);
}
