import * as fs from 'fs';
import * as path from 'path';
import { Cleanup } from '../../src/profiler/cleanup';
import type { Confinement } from '../../src/profiler/confinement';
import type { InputSet } from '../../src/profiler/input-set';
import { readInputSet } from '../../src/profiler/inputs';
import { findLimitSupport, LimitSupport } from '../../src/profiler/limits';
import { LoadClient } from '../../src/profiler/load-client';
import type { LatencyPromise, LoadJob, LoadResult } from '../../src/profiler/load-generator';
import { Measurement, Meter } from '../../src/profiler/measurement';
import { GIBIBYTE } from '../../src/profiler/memory';
import { dropFromPageCache } from '../../src/profiler/page-cache';
import { ServerProcess } from '../../src/profiler/server-process';
import type { ServerSettings } from '../../src/profiler/server-settings';
import { POISSON } from '../../src/profiler/load-pattern';
import { openSubject, Subject } from '../../src/profiler/subject';
import { readSignature } from '../../src/scoring/onnx-signature';
import { BenchModel } from './cases';
import { inputFile, Scratch, subjectFile } from './scratch';

/** What a server is started in and with. */
export interface TestSize {
  /** Quota after warming up; none where absent. */
  readonly cpu?: number;
  readonly memoryInGB?: number;
  readonly settings: ServerSettings;
}

/** Limits on how long a server may take to be ready and how long a request may wait; milliseconds. */
export interface TestPatience {
  readonly startTimeoutMs?: number;
  /** @default one minute: nothing is refused */
  readonly maxQueueWaitMs?: number;
}

/** Code is compiled in the first seconds: what is shown is a server that has served for minutes. */
const WARM_UP_LEAST_MS = 1_500;
const WARM_UP_CAP_MS = 6_000;
const WARM_UP_BATCH_MS = 300;
/** Two bandwidth periods, so that no run begins in a period that was loaded without a limit. */
const SETTLE_LIMITED_MS = 250;

/** One model with its inputs and a load generator, on which fresh servers are tried under real limits, each from a cold cache. */
export class Testbed {
  static async open(scratch: Scratch, model: BenchModel): Promise<Testbed> {
    const limits = findLimitSupport();
    if (!limits?.kind.startsWith('cgroup'))
      throw new Error('This benchmark sets limits by control groups: run it as root on Linux.');
    const file = subjectFile(scratch, model);
    const subject = await openSubject({
      ...(model.script ? { entryScript: file } : { model: file }),
      python: scratch.python,
      serverBundle: path.join(scratch.programs, 'scoring-server.js'),
    });
    // without it, nobody knows the rows of a NumPy file
    const signature =
      subject.onnxFile !== undefined && model.inputs.endsWith('.npy') ? await readSignature(subject.onnxFile) : undefined;
    return new Testbed(scratch, subject, readInputSet(inputFile(scratch, model), signature), limits);
  }

  private readonly cleanup = new Cleanup();
  private readonly client: LoadClient;
  private readonly meter: Meter;
  private readonly coldFiles: readonly string[];

  private constructor(
    private readonly scratch: Scratch,
    private readonly subject: Subject,
    inputs: InputSet,
    private readonly limits: LimitSupport,
  ) {
    this.client = LoadClient.start(path.join(scratch.programs, 'load-generator.js'), inputs.inputs, this.cleanup);
    this.meter = new Meter(this.client, () => performance.now());
    const libraries = subject.kind === 'script' ? sharedLibraries(path.dirname(path.dirname(scratch.python))) : [];
    this.coldFiles = [...subject.files, scratch.node, ...libraries];
  }

  /** Starts a fresh server, lets `use` try it, and ends it. */
  async with<T>(size: TestSize, use: (server: TestServer) => Promise<T>, patience: TestPatience = {}): Promise<T> {
    dropFromPageCache(this.coldFiles);
    const confinement = this.limits.confine(size.memoryInGB === undefined ? undefined : size.memoryInGB * GIBIBYTE);
    let server: ServerProcess | undefined;
    try {
      server = await ServerProcess.start(
        {
          subject: this.subject,
          settings: size.settings,
          maxQueueWaitMs: patience.maxQueueWaitMs ?? 60_000,
          startTimeoutMs: patience.startTimeoutMs,
          maxBodyBytes: 100 * 1024 ** 2,
          memoryInGB: size.memoryInGB ?? 0,
          confinement: runBy(this.scratch.node, confinement),
          limits: this.limits.kind,
        },
        this.cleanup,
      );
      return await use(new TestServer(server, this.meter, size));
    } finally {
      server?.kill();
      confinement.dispose();
    }
  }

  /** Poisson at `rate` requests a second on what stands before several servers. */
  open(scoringUri: string, rate: number, durationMs: number, seed: number): Promise<LoadResult> {
    return this.client.run(openLoad(scoringUri, rate, durationMs, seed));
  }

  close(): void {
    this.cleanup.run();
  }
}

/** A server that is being tried. */
export class TestServer {
  constructor(
    readonly process: ServerProcess,
    private readonly meter: Meter,
    private readonly size: TestSize,
  ) {}

  /** Loads it until a request's CPU time settles, then sets the quota. */
  async settle(): Promise<void> {
    const began = performance.now();
    let last = Infinity;
    for (let cost = 0; performance.now() - began < WARM_UP_CAP_MS; last = cost) {
      cost = (await this.closed(1, WARM_UP_BATCH_MS)).cpuMsPerRequest;
      if (performance.now() - began > WARM_UP_LEAST_MS && Math.abs(cost - last) < 0.05 * cost) break;
    }
    if (this.size.cpu === undefined) return;
    this.process.limitCpu(this.size.cpu);
    await this.closed(1, SETTLE_LIMITED_MS);
  }

  closed(connections: number, durationMs: number): Promise<Measurement> {
    return this.measure({ kind: 'closed', scoringUri: this.process.scoringUri, connections, durationMs });
  }

  /** Poisson at `rate` requests a second. */
  open(rate: number, durationMs: number, seed: number, promise?: LatencyPromise): Promise<Measurement> {
    return this.measure(openLoad(this.process.scoringUri, rate, durationMs, seed, promise));
  }

  private async measure(job: LoadJob): Promise<Measurement> {
    const measurement = await this.meter.measure('verification', this.process, job);
    this.process.assertRunning('in the benchmark');
    return measurement;
  }
}

function openLoad(scoringUri: string, rate: number, durationMs: number, seed: number, promise?: LatencyPromise): LoadJob {
  return { kind: 'open', scoringUri, rate, durationMs, seed, promise, pattern: POISSON, maxOutstanding: 2000 };
}

/** The same place for a program that is run by another copy of Node.js, whose pages are charged to nobody else. */
function runBy(node: string, place: Confinement): Confinement {
  const wrap: Confinement['wrap'] = launch =>
    place.wrap(launch.command === process.execPath ? { ...launch, command: node } : launch);
  return Object.create(place, { wrap: { value: wrap } }) as Confinement;
}

const sharedLibraries = (folder: string): string[] =>
  fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.so(\.|$)/.test(file) && /numpy|azureml/.test(file))
    .map(file => path.join(folder, file));
