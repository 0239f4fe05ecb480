import { roundUpToStep } from '../sizing/compute-size';
import { costRatio, MeasuredDemand, scaleDemand } from './demand';
import { generatorLimited, outOfMemory } from './errors';
import { runUnderLimits } from './limited-run';
import { Expectation, expectationOf } from './matched-trace';
import type { Measurement } from './measurement';
import { memoryStep } from './memory';
import type { Workload } from './quota-simulator';
import { bestAt, Candidate, cheapest, evaluate, inDearerServer, SearchObjective } from './search';
import { sameSettings, settingsKey } from './server-settings';
import { ProfileSession, Workplace } from './session';
import { mean, median } from './statistics';
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
  /** What requests cost under the limits, as a multiple of what the search took them to cost. */
  readonly costFactor: number;
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
  /** By settings, since each engine has its own copy of the model. */
  readonly memoryInGB: (candidate: Pick<Candidate, 'settings'>) => number;
  readonly workplace: Workplace;
}

/**
 * Runs the search's choice in a fresh server under its real limits, up a size while it does not hold, then down until one
 * does not. Seeds are new in every run. A size runs up to three times where a run was disturbed or could not decide; one that
 * was left undecided for a larger one is run again once that is proven.
 *
 * @throws ProfileError OUT_OF_MEMORY, GENERATOR_LIMITED
 */
export async function verifyFinalists(session: ProfileSession, finalists: Finalists): Promise<Outcome> {
  return new Verification(session, finalists).run();
}

/** Of one size. */
const MAX_RUNS = 3;
/** So near to the share that may be late, as a factor, more runs of one size are not worth their time. */
const BORDER = 1.7;
/** Requests that cost so many times as much, or so little, are not what was measured. */
const MOST_SCALED = 3;

const bounded = (factor: number): number => Math.min(MOST_SCALED, Math.max(1 / MOST_SCALED, factor));

/** Major faults of a run from here on mean that pages are read from disk again and again. */
const THRASHING = { faults: 20, perRequest: 0.2 };

/** A server that uses this share of its quota is late for long once it is late: one good run says little of the next. */
const EXHAUSTED = 0.95;

const isExhausted = ({ measurement, cpu }: VerifiedSize): boolean => measurement.cores > EXHAUSTED * cpu;

/** A size that may be run. */
type SizeChoice = Pick<Candidate, 'cpu' | 'settings'>;

class Verification {
  private readonly runs: VerifiedSize[] = [];
  private candidates: readonly Candidate[];
  /** Steps of memory that were added because a run ran out of it. */
  private addedSteps = 0;
  private verified: VerifiedSize | undefined;

  constructor(
    private readonly session: ProfileSession,
    private readonly finalists: Finalists,
  ) {
    this.candidates = finalists.candidates;
  }

  async run(): Promise<Outcome> {
    let next: SizeChoice | undefined = this.finalists.best;
    let unproven: string | undefined;
    let undecided: string | undefined;
    while (next && (unproven = this.obstacle(next)) === undefined) {
      const run: VerifiedSize = await this.decide(next);
      if (run.verdict === 'holds') {
        this.verified = run;
        next = this.below(run);
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
      // memory that a later run showed to be too little is raised for the recommended size as well
      const memoryInGB = Math.max(verified.memoryInGB, this.memoryFor(verified));
      return { size: { ...verified, memoryInGB }, verified, boundary, runs, costFactor: this.costFactor };
    }
    const failed = runs.filter(run => run.verdict === 'fails').map(run => run.cpu);
    const size = cheapest(this.candidates.filter(candidate => !failed.includes(candidate.cpu))) ?? this.finalists.best;
    const { cpu, settings } = size;
    return { size: { cpu, settings, memoryInGB: this.memoryFor(size) }, runs, unproven, costFactor: this.costFactor };
  }

  /** Why a size cannot be run here and now. */
  private obstacle(candidate: SizeChoice): string | undefined {
    const { session } = this;
    const { limits, processors } = this.finalists.workplace;
    if (session.options.speedFactor !== 1)
      return `it was computed for cores of ${session.options.speedFactor} times the speed of those here`;
    if (!limits)
      return session.options.verify ? 'this machine lets nobody set CPU and memory limits' : 'verification was not wanted';
    if (candidate.cpu > processors) return `${candidate.cpu} cores cannot be shown on a machine with ${processors}`;
    const { startNoMoreAfterMs, giveUpAfterMs } = session.budget;
    const latestMs = this.verified ? startNoMoreAfterMs : giveUpAfterMs;
    if (this.runs.length > 0 && this.isPast(latestMs)) return 'the time for verification was over';
    return undefined;
  }

  private isPast(ms: number): boolean {
    return this.session.journal.elapsedMs > ms;
  }

  /** Runs that could not decide are judged together, since late requests come in bunches; a disturbed one is left aside. */
  private async decide(candidate: SizeChoice): Promise<VerifiedSize> {
    let run = this.runsOf(candidate).pop();
    while (!run || this.isOpen(run)) run = await this.once(candidate, run?.disturbedBy ? undefined : run);
    return run;
  }

  /** Whether another run may decide. At the border itself it seldom does: a larger size is tried first, and what time is left goes there. */
  private isOpen(run: VerifiedSize): boolean {
    const { percentile } = this.finalists.objective;
    if (this.runsOf(run).length >= MAX_RUNS || this.isPast(this.session.budget.startNoMoreAfterMs)) return false;
    if (run.verdict === 'holds') return run.runs === 1 && isExhausted(run);
    if (run.disturbedBy) return true;
    if (run.verdict === 'fails') return false;
    const allowed = 1 - percentile;
    const atBorder = run.lateShare > allowed / BORDER && run.lateShare < allowed * BORDER;
    return (this.verified !== undefined || !atBorder) && canEverHold(run, percentile);
  }

  /** One run; where memory runs out it is raised by a step and the run repeated. */
  private async once(candidate: SizeChoice, earlier?: VerifiedSize): Promise<VerifiedSize> {
    const attempt = this.runsOf(candidate).length + 1;
    for (;;) {
      const size: Size = { cpu: candidate.cpu, settings: candidate.settings, memoryInGB: this.memoryFor(candidate) };
      const run = await this.measure(size, attempt, earlier);
      if (run) {
        this.runs.push(run);
        return run;
      }
      this.raiseMemory(size);
    }
  }

  private memoryFor(candidate: Pick<Candidate, 'settings'>): number {
    const step = memoryStep(this.session.grid);
    return roundUpToStep(this.finalists.memoryInGB(candidate) + this.addedSteps * step, step);
  }

  private raiseMemory(size: Size): void {
    const { session } = this;
    this.addedSteps++;
    const raised = this.memoryFor(size);
    if (raised > session.mostMemoryInGB) throw outOfMemory('under load', raised, session.mostMemoryInGB);
    session.warnings.push(`${size.memoryInGB} GB was too little in a verification run; ${raised} GB was tried instead`);
  }

  /** Undefined where memory ran out, or was so tight that pages were read from disk again and again. */
  private async measure(size: Size, attempt: number, earlier?: VerifiedSize): Promise<VerifiedSize | undefined> {
    const { session } = this;
    const { rate, percentile, latencyMs } = this.finalists.objective;
    const { verifyMinMs: minMs, verifyMaxMs: maxMs } = session.budget;
    const plan = planRun(rate, percentile, { minMs, maxMs }, more => this.predictedToCarry(size, more));
    const promise = promiseOf(latencyMs, percentile, (plan.rate * plan.durationMs) / 1000);
    const name = `verify/${size.cpu}/${size.memoryInGB}/${settingsKey(size.settings)}/${attempt}`;
    const words = `running ${size.cpu} cores and ${size.memoryInGB} GB for real`;
    const record = await session.step(name, 'verify', words, () =>
      runUnderLimits(session, size, this.demandOf(size), {
        ...{ ...plan, promise, pattern: session.options.pattern, seed: session.seedOf(name), saturate: attempt === 1 },
        maxOutstanding: Math.ceil(100 + plan.rate * Math.max(1, (4 * latencyMs) / 1000)),
      }),
    );
    const { measurement, saturated, throttling, majorFaults } = record;
    if (!measurement) return undefined;
    const thrashing = majorFaults >= THRASHING.faults && majorFaults > THRASHING.perRequest * measurement.answered;
    if (thrashing) return undefined;
    assertGeneratorKeptUp(measurement, plan.rate, latencyMs);
    const judged = judgeRun(
      size,
      measurement,
      promise,
      {
        kind: this.finalists.workplace.limits ?? 'cgroup-v1',
        throttling,
        referenceSpeed: session.referenceSpeed,
        rate: plan.rate,
        wantedRate: rate,
      },
      this.expectationOf(size, measurement, plan.rate),
      earlier,
    );
    return { ...judged, saturated };
  }

  /** A simulation of the run's own arrivals, with requests as dear as they were in it; for any others, as they may be in another server. */
  private expectationOf(size: Size, { load, cpuMsPerRequest }: Measurement, rate: number): Expectation | undefined {
    const demand = this.demandOf(size);
    const { streams, objective } = this.finalists;
    if (!demand || load.dueMs.length !== load.latenciesMs.length) return undefined;
    const factor = bounded(costRatio(cpuMsPerRequest, demand));
    const dearer = scaleDemand(inDearerServer(demand), Math.max(factor, this.costFactor));
    const run = { dueMs: load.dueMs, rate, cores: size.cpu, limitMs: objective.latencyMs };
    return expectationOf(scaleDemand(demand, factor), dearer, streams, run);
  }

  private demandOf(size: Pick<Size, 'settings'>): MeasuredDemand | undefined {
    return this.finalists.demands.find(each => sameSettings(each.settings, size.settings));
  }

  /** With room to spare: what fails under more load than asked for would have cost a run and shown nothing. */
  private predictedToCarry(size: Size, rate: number): boolean {
    const { demands, streams, objective } = this.finalists;
    const same = demands.filter(demand => sameSettings(demand.settings, size.settings));
    const strict = { ...objective, rate, latencyMs: 0.7 * objective.latencyMs };
    return evaluate(same, streams, strict, [size.cpu]).some(each => each.holds);
  }

  /** The next size up, or further if what the run cost says that one step is not enough. */
  private above(run: VerifiedSize): Candidate | undefined {
    this.recalibrate();
    const larger = this.finalists.sizes.filter(cpu => cpu > run.cpu);
    return cheapest(this.candidates.filter(candidate => larger.includes(candidate.cpu))) ?? bestAt(this.candidates, larger[0]);
  }

  /** Restates the search by the CPU time that requests took under the limits, where that was not what was measured without. */
  private recalibrate(): void {
    const { demands, streams, objective, sizes } = this.finalists;
    const { costFactor } = this;
    if (costFactor === 1) return;
    const scaled = demands.map(each => scaleDemand(each, costFactor));
    this.candidates = evaluate(scaled, streams, objective, sizes);
  }

  /** The mean over the servers that were run; 1 where that is what was measured without limits. */
  private get costFactor(): number {
    const factors = this.runs.flatMap(run => {
      const demand = this.demandOf(run);
      const cpuMs = this.session.restated(run.measurement.cpuMsPerRequest, run.measurement);
      const factor = demand ? costRatio(cpuMs, demand) : 1;
      return factor === bounded(factor) ? [factor] : [];
    });
    const factor = factors.length === 0 ? 1 : mean(factors);
    return Math.abs(factor - 1) <= 0.02 ? 1 : factor;
  }

  /** The next smaller size that is not decided. */
  private below(run: VerifiedSize): SizeChoice | undefined {
    this.recalibrate();
    const smaller = this.sizeBelow(run.cpu);
    if (smaller === undefined) return undefined;
    const before = this.runs.filter(each => each.cpu === smaller).pop();
    if (before === undefined) return bestAt(this.candidates, smaller);
    return this.isOpen(before) ? before : undefined;
  }

  private sizeBelow(cpu: number): number | undefined {
    return this.finalists.sizes.filter(size => size < cpu).pop();
  }

  private runsOf({ cpu, settings }: SizeChoice): VerifiedSize[] {
    return this.runs.filter(run => run.cpu === cpu && sameSettings(run.settings, settings));
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
