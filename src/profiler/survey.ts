import { batchingOf, MeasuredDemand, SharedRuns, summarizeDemand, withBatches } from './demand';
import { hostNoisy, unsteady } from './errors';
import { disturbedBy, MAX_SPREAD, spreadOf } from './interference';
import type { Measurement } from './measurement';
import type { MemoryFigures } from './memory';
import type { CheckedOptions } from './options';
import { allowedThreads } from './search';
import { differOnlyInBatches, ServerSettings, settingsKey } from './server-settings';
import { ProfileSession, SharedWindow, Workplace } from './session';
import type { WarmUp } from './warm-up';

/** What was measured without limits. */
export interface Survey {
  /** With the base settings, which everything else is compared with. */
  readonly warmUp: WarmUp;
  /** One for each of the settings that may be chosen. */
  readonly demands: readonly MeasuredDemand[];
  /** Measured for comparison as well. */
  readonly compared: readonly MeasuredDemand[];
  /** Requests that waited together, fewest first; empty where runs are not shared. */
  readonly shared: readonly SharedWindow[];
  readonly memory: ReadonlyMap<string, MemoryFigures>;
}

/** Cores that a request uses while an engine serves it; below this the engine waits for something else, and more engines help. */
const BUSY_ENGINE = 0.8;
/** Windows of each kind, of settings beside the base ones: of those that may be chosen, and of those that are only compared. */
const CHOICE_ROUNDS = 3;
const COMPARED_ROUNDS = 1;
/** Share of one engine's capacity from which one may not be enough. */
const LOADED_ENGINE = 0.5;
/** Share of the promised latency from which one thread may not be fast enough. */
const SLOW_ENGINE = 0.5;

/**
 * Measures what a request costs, in CPU time and in time of an engine, with each of the settings that could be worth it.
 *
 * @throws ProfileError UNSTEADY, HOST_NOISY where the measurements agree on nothing
 */
export async function survey(session: ProfileSession, workplace: Workplace): Promise<Survey> {
  const { base, budget } = session;
  const warmUp = await session.warmUpOf(base);
  await session.measureRound(1, [base]);
  const first = demandOf(session, base);
  const others = otherSettings(session, workplace, first);
  for (const settings of others) await session.warmUpOf(settings);
  // one thread of one engine is the cheapest where it is enough: others are then for the record
  const rounds = isSlow(session, first) || isLoaded(session, first) ? CHOICE_ROUNDS : COMPARED_ROUNDS;
  for (let round = 2; round <= budget.repeats; round++)
    await session.measureRound(round, round <= rounds + 1 ? [base, ...others] : [base]);
  const measured = [base, ...others];
  for (let round = 1; round <= budget.atRateRounds; round++) {
    for (const settings of round === 1 ? measured : [base])
      await session.measureAtRate(demandOf(session, settings), session.options.rate, round);
  }
  const memory = new Map<string, MemoryFigures>();
  // before requests share runs, and after
  memory.set(settingsKey({ ...base, maxBatch: 1 }), await session.memoryOf(base, 'alone'));
  const shared = await measureBatches(session, demandOf(session, base));
  for (const settings of measured) memory.set(settingsKey(settings), await session.memoryOf(settings, 'in all'));
  await session.stopMeasured();
  const demands = measured.map(settings => demandOf(session, settings));
  session.warnings.push(...doubtsAbout(session.windows, warmUp, demands[0], session.options));
  const batching = batchingOf(demands[0].serialCpuMs, sharedRuns(session, shared));
  return { warmUp, shared, memory, compared: demands, demands: demands.flatMap(demand => withBatches(demand, batching)) };
}

/** What settings needed; those that differ only in the sharing of runs may have been measured together. */
export function memoryWith(memory: Survey['memory'], settings: ServerSettings): MemoryFigures {
  const exact = memory.get(settingsKey(settings));
  if (exact) return exact;
  const alike = [...memory].find(([key]) => differOnlyInBatches(key, settings));
  if (!alike) throw new Error(`memory was not measured with ${settingsKey(settings)}`);
  return alike[1];
}

const demandOf = (session: ProfileSession, settings: ServerSettings): MeasuredDemand =>
  summarizeDemand(settings, session.windows, session.referenceSpeed);

const isSlow = ({ options }: ProfileSession, { serviceMs }: MeasuredDemand): boolean =>
  serviceMs > SLOW_ENGINE * options.latencyMs;
const isLoaded = ({ options }: ProfileSession, { capacity }: MeasuredDemand): boolean => options.rate > LOADED_ENGINE * capacity;

/** More threads, with and without spinning, and more engines, as far as the largest size and the machine allow. */
function otherSettings(session: ProfileSession, { processors }: Workplace, measured: MeasuredDemand): ServerSettings[] {
  const { budget, base, subject } = session;
  const others: ServerSettings[] = [];
  if (budget.compareSettings || isSlow(session, measured)) {
    const most = Math.min(processors, allowedThreads(session.mostCpu));
    for (const threads of [2, 4].filter(count => count <= most)) {
      others.push({ ...base, threads });
      if (budget.compareSettings && threads === 2) others.push({ ...base, threads, spinning: true });
    }
  }
  const waits = measured.serialCpuMs < BUSY_ENGINE * measured.serviceMs;
  // a model's engine is busy whenever it serves, so a second one only pays where one is not enough
  if (isLoaded(session, measured) && (waits || (!subject.batches && processors > 1))) others.push({ ...base, workers: 2 });
  return others;
}

async function measureBatches(session: ProfileSession, demand: MeasuredDemand): Promise<SharedWindow[]> {
  const windows: SharedWindow[] = [];
  const { base, budget } = session;
  if (base.maxBatch === 1) return windows;
  for (const concurrency of budget.batchConcurrency) windows.push(await session.sharedWindow(base, concurrency));
  if (batchingOf(demand.serialCpuMs, sharedRuns(session, windows))) await session.burst(base, base.maxBatch + 1);
  return windows;
}

const sharedRuns = (session: ProfileSession, windows: readonly SharedWindow[]): SharedRuns[] =>
  windows.map(({ batch, measurement }) => ({
    batch,
    cpuMsPerRequest: session.restated(measurement.cpuMsPerRequest, measurement),
  }));

/**
 * What to say about measurements that disagree: a confident number from them would be worse than none.
 *
 * @throws ProfileError UNSTEADY, HOST_NOISY unless the options allow such an answer
 */
export function doubtsAbout(
  windows: readonly Measurement[],
  warmUp: WarmUp,
  demand: Pick<MeasuredDemand, 'windowCpuMs'>,
  { allowUnsteady, allowNoise }: Pick<CheckedOptions, 'allowUnsteady' | 'allowNoise'>,
): string[] {
  const doubts: string[] = [];
  if (warmUp.steadiness === 'getting-dearer' && warmUp.drift > MAX_SPREAD) {
    const change = `each cost ${(warmUp.drift * 100).toFixed(0)} % more at the end of the warm-up than at its beginning`;
    if (!allowUnsteady) throw unsteady(change);
    doubts.push(`requests never came to a steady cost: ${change}`);
  }
  const spread = spreadOf(demand.windowCpuMs);
  const disturbed = windows.map(window => disturbedBy(window)).filter((why): why is string => why !== undefined);
  if (spread > MAX_SPREAD && disturbed.length > 0) {
    if (!allowNoise) throw hostNoisy(disturbed.length, windows.length, disturbed[0]);
    doubts.push(`measurements of the same requests differ by ${(spread * 100).toFixed(0)} %: ${disturbed[0]}`);
  }
  return doubts;
}
