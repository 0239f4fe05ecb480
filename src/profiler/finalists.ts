import { availableParallelism } from 'os';
import { roundUpToStep } from '../sizing/compute-size';
import { MeasuredDemand, scaleDemand } from './demand';
import { generatorLimited, outOfMemory, ProfileError } from './errors';
import { GIBIBYTE } from './memory';
import { Measurement } from './measurement';
import type { Workload } from './quota-simulator';
import { bestAt, Candidate, cheapest, evaluate, SearchObjective } from './search';
import { ProfileSession } from './session';
import { median } from './statistics';
import { inMs } from './summary';
import { judgeRun, leastRequests, planRun, promiseOf, Size, VerifiedSize } from './verification';

/** How the search's choice fared under real limits. */
export interface Outcome {
  /** What is recommended. */
  readonly size: Size;
  /** The recommended size's run, where it held. */
  readonly verified?: VerifiedSize;
  /** The run of the next cheaper size. */
  readonly boundary?: VerifiedSize;
  /** Every run, in order. */
  readonly runs: readonly VerifiedSize[];
  /** Why nothing was proven, where it was not. */
  readonly unproven?: string;
  /** The largest allowed size, where even that was shown to fail. */
  readonly exhausted?: VerifiedSize;
}

export interface Finalists {
  readonly candidates: readonly Candidate[];
  readonly best: Candidate;
  readonly sizes: readonly number[];
  readonly demands: readonly MeasuredDemand[];
  readonly streams: readonly Workload[];
  /** For one replica. */
  readonly objective: SearchObjective;
  readonly memoryInGB: number;
}

/**
 * Runs the search's choice in a fresh server under its real limits, up a size while it does not hold, then down until one
 * does not. Seeds are new in every run. Each size runs once, twice if the machine disturbed a run that did not hold.
 *
 * @throws ProfileError OUT_OF_MEMORY, GENERATOR_LIMITED
 */
export async function verifyFinalists(session: ProfileSession, finalists: Finalists): Promise<Outcome> {
  return new Verification(session, finalists).run();
}

class Verification {
  private readonly runs: VerifiedSize[] = [];
  private candidates: readonly Candidate[];
  private memoryInGB: number;
  private verified: VerifiedSize | undefined;

  constructor(
    private readonly session: ProfileSession,
    private readonly finalists: Finalists,
  ) {
    this.candidates = finalists.candidates;
    this.memoryInGB = finalists.memoryInGB;
  }

  async run(): Promise<Outcome> {
    let next: Candidate | undefined = this.finalists.best;
    let unproven: string | undefined;
    let undecided: string | undefined;
    while (next && (unproven = this.obstacle(next)) === undefined) {
      const run: VerifiedSize = await this.tryTwice(next);
      if (run.verdict === 'holds') {
        this.verified = run;
        next = this.below(run.cpu);
      } else if (this.verified) {
        break; // the next cheaper size, and what it is worth
      } else if (!run.disturbedBy && !canEverHold(run, this.finalists.objective.percentile)) {
        unproven = `${run.figures.requests} requests in one run are too few to prove ${inMs(this.finalists.objective.latencyMs)}`;
        break;
      } else {
        // an undecided run says nothing of its size, but a larger one may hold, and then that is proven
        undecided = run.verdict === 'fails' ? undefined : reasonOf(run);
        next = this.above(run);
        if (!next && run.verdict === 'fails') return { ...this.outcome(undefined), exhausted: run };
        if (!next) unproven = `no size that was run held; ${run.cpu} cores took ${inMs(run.figures.latencyMs)}`;
      }
    }
    if (undecided && unproven) unproven = undecided;
    return this.outcome(unproven);
  }

  private outcome(unproven: string | undefined): Outcome {
    const { verified, runs } = this;
    if (verified) {
      const below = this.sizeBelow(verified.cpu);
      const boundary = [...runs].reverse().find(run => run.cpu === below && run.verdict !== 'holds');
      return { size: { ...verified, memoryInGB: this.memoryInGB }, verified, boundary, runs };
    }
    const failed = runs.filter(run => run.verdict === 'fails').map(run => run.cpu);
    const size = cheapest(this.candidates.filter(candidate => !failed.includes(candidate.cpu))) ?? this.finalists.best;
    return { size: { cpu: size.cpu, threads: size.threads, memoryInGB: this.memoryInGB }, runs, unproven };
  }

  /** Why a size cannot be run here and now. */
  private obstacle(candidate: Candidate): string | undefined {
    const { session } = this;
    if (!session.limits)
      return session.options.verify ? 'this machine lets nobody set CPU and memory limits' : 'verification was not wanted';
    const machine = availableParallelism();
    if (candidate.cpu > machine) return `${candidate.cpu} cores cannot be shown on a machine with ${machine}`;
    if (this.runs.length > 0 && session.progress.elapsedMs > session.budget.startNoMoreAfterMs)
      return 'the time for verification was over';
    return undefined;
  }

  private async tryTwice(candidate: Candidate): Promise<VerifiedSize> {
    const first = await this.once(candidate);
    if (first.verdict === 'holds' || !first.disturbedBy) return first;
    return this.once(candidate);
  }

  /** One run; where memory runs out it is raised by a step and the run repeated. */
  private async once(candidate: Candidate): Promise<VerifiedSize> {
    for (;;) {
      const size: Size = { cpu: candidate.cpu, threads: candidate.threads, memoryInGB: this.memoryInGB };
      try {
        const run = await this.measure(size);
        this.runs.push(run);
        return run;
      } catch (error) {
        if (!(error instanceof ProfileError && error.code === 'OUT_OF_MEMORY')) throw error;
        this.raiseMemory();
      }
    }
  }

  private raiseMemory(): void {
    const { session } = this;
    const step = Math.max(session.grid.searchStep.memoryInGB, session.grid.memoryStepInGB);
    const raised = roundUpToStep(this.memoryInGB + step, step);
    const allowed = Math.min(session.options.maxMemoryInGB, session.grid.maxMemoryInGB);
    if (raised > allowed) throw outOfMemory('under load', raised, allowed);
    session.warnings.push(`${this.memoryInGB} GB ran out in a verification run; ${raised} GB was tried instead`);
    this.memoryInGB = raised;
  }

  private async measure(size: Size): Promise<VerifiedSize> {
    const { session } = this;
    const { rate, percentile, latencyMs } = this.finalists.objective;
    const kind = session.limits?.kind ?? 'cgroup-v1';
    session.progress.tell('verify', `running ${size.cpu} cores and ${size.memoryInGB} GB for real`);
    const server = await session.startServer(size.threads, size.memoryInGB * GIBIBYTE);
    try {
      await session.settle(
        server,
        size.cpu,
        this.finalists.demands.find(each => each.threads === size.threads),
      );
      const { verifyMinMs: minMs, verifyMaxMs: maxMs } = session.budget;
      const plan = planRun(rate, percentile, { minMs, maxMs }, more => this.predictedToCarry(size, more));
      const promise = promiseOf(latencyMs, percentile, (plan.rate * plan.durationMs) / 1000);
      const before = server.throttling();
      const measurement = await session.meter.measure('verification', server, {
        ...{ kind: 'open', scoringUri: server.scoringUri, ...plan, promise },
        seed: session.nextSeed(),
        maxOutstanding: Math.ceil(100 + plan.rate * Math.max(1, (4 * latencyMs) / 1000)),
      });
      server.assertRunning('under load');
      assertGeneratorKeptUp(measurement, plan.rate, latencyMs);
      const after = server.throttling();
      const throttling = before &&
        after && { periods: after.periods - before.periods, throttled: after.throttled - before.throttled };
      return judgeRun(size, measurement, promise, {
        kind,
        throttling,
        referenceSpeed: session.referenceSpeed,
        rate: plan.rate,
        wantedRate: rate,
      });
    } finally {
      server.kill();
    }
  }

  /** With room to spare: what fails under more load than asked for would have cost a run and shown nothing. */
  private predictedToCarry(size: Size, rate: number): boolean {
    const { demands, streams, objective } = this.finalists;
    const same = demands.filter(demand => demand.threads === size.threads);
    return evaluate(same, streams, { ...objective, rate, latencyMs: 0.7 * objective.latencyMs }, [size.cpu]).some(
      each => each.holds,
    );
  }

  /** The next size up, or further if what the run cost says that one step is not enough. */
  private above(run: VerifiedSize): Candidate | undefined {
    this.recalibrate(run);
    const larger = this.finalists.sizes.filter(cpu => cpu > run.cpu);
    return cheapest(this.candidates.filter(candidate => larger.includes(candidate.cpu))) ?? bestAt(this.candidates, larger[0]);
  }

  /** Restates the search by the CPU time that requests took under the limit, where that was more than measured without. */
  private recalibrate(run: VerifiedSize): void {
    const { demands, streams, objective, sizes } = this.finalists;
    const demand = demands.find(each => each.threads === run.threads);
    const restated = (run.measurement.cpuMsPerRequest * run.measurement.coreSpeed) / this.session.referenceSpeed;
    const factor = demand ? restated / demand.atRateCpuMs : 1;
    if (factor <= 1.02 || factor > 3) return;
    const dearer = demands.map(each => scaleDemand(each, factor));
    this.candidates = evaluate(dearer, streams, objective, sizes);
  }

  private below(cpu: number): Candidate | undefined {
    const smaller = this.sizeBelow(cpu);
    return smaller === undefined || this.ran(smaller) ? undefined : bestAt(this.finalists.candidates, smaller);
  }

  private sizeBelow(cpu: number): number | undefined {
    return this.finalists.sizes.filter(size => size < cpu).pop();
  }

  private ran(cpu: number): boolean {
    return this.runs.some(run => run.cpu === cpu);
  }
}

/** Why a run was neither shown to hold nor to fail. */
function reasonOf({ cpu, disturbedBy, figures }: VerifiedSize): string {
  if (disturbedBy) return `the machine was too busy to show ${cpu} cores: ${disturbedBy}`;
  return `${figures.requests} requests neither showed ${cpu} cores to hold nor to fail (${inMs(figures.latencyMs)})`;
}

/**
 * Whether a run of this length could have held at all, had no request been late. Not by its effective sample: late requests
 * that come together make that small, and a larger size has fewer of them.
 */
function canEverHold(run: VerifiedSize, percentile: number): boolean {
  return run.verdict === 'fails' || run.measurement.load.latenciesMs.length >= leastRequests(percentile);
}

/**
 * Latency counts from the moment a request was due, so a generator that sends late makes any server look slow.
 *
 * @throws ProfileError GENERATOR_LIMITED where it was busy all the time and still late
 */
export function assertGeneratorKeptUp({ load }: Pick<Measurement, 'load'>, rate: number, latencyMs: number): void {
  if (load.lagMs.length === 0 || load.generatorCores < 0.85) return;
  if (median(load.lagMs) > Math.max(5, latencyMs / 4)) throw generatorLimited(rate, (load.lagMs.length / load.elapsedMs) * 1000);
}
