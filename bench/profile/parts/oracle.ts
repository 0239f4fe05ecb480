import { PLAIN, sameSettings, ServerSettings } from '../../../src/profiler/server-settings';
import { sum } from '../../../src/profiler/statistics';
import { BenchCase } from '../cases';
import { Recommended } from '../command';
import { Testbed } from '../testbed';
import type { Below, Holding } from './holds';
import { hopeless, Trial, trialMs, trialOf } from './trial';

/** One size of the grid, and how it did. */
export interface GridPoint {
  readonly cpu: number;
  readonly settings: ServerSettings;
  readonly holds: boolean;
  /** One run, or two where the first held; those of the fresh groups where it was tried in them. */
  readonly trials: readonly Trial[];
}

/** The cheapest size by brute force. */
export interface Oracle {
  /** Cores; absent where nothing up to the machine's limit held. */
  readonly cpu?: number;
  readonly settings?: ServerSettings;
  readonly grid: readonly GridPoint[];
}

/** What was recommended, and how it and the size below did in fresh groups: better evidence than two runs. */
export interface Shown {
  readonly recommended: Recommended;
  readonly holding?: Holding;
  readonly below?: Below;
}

const STEP = 0.1;
/** A machine of two cores has no more for a server beside a load generator. */
const MOST_CORES = 1.6;
/** Where nothing holds so far below the recommendation, nothing does below that. */
const STEPS_BELOW = 3;

/**
 * Tenths of a core from three below the recommendation on, or from the first where there is none, until one holds: with one thread,
 * with two where there are cores for them, and with the recommended settings. A size holds that does in two runs of two. Where the
 * lowest does, the search goes on downwards.
 */
export async function searchByForce(testbed: Testbed, bench: BenchCase, shown?: Shown): Promise<Oracle> {
  const grid: GridPoint[] = [];
  const tryStep = async (step: number): Promise<GridPoint | undefined> => {
    const cpu = cpuOf(step);
    const points: GridPoint[] = [];
    for (const settings of choices(cpu, shown)) {
      if (!failsBelow(cpu, settings, shown))
        points.push(known(bench, cpu, settings, shown) ?? (await tryPoint(testbed, bench, cpu, settings)));
    }
    grid.push(...points);
    return points.find(point => point.holds);
  };
  const first = Math.max(1, Math.round((shown?.recommended.cpu ?? 0) / STEP) - STEPS_BELOW);
  let found: GridPoint | undefined;
  for (let step = first; !found && step * STEP <= MOST_CORES; step++) found = await tryStep(step);
  // it may be that not even the lowest was low enough
  for (let step = first - 1; step >= 1 && found?.cpu === cpuOf(step + 1); step--) found = (await tryStep(step)) ?? found;
  return { cpu: found?.cpu, settings: found?.settings, grid: grid.sort((a, b) => a.cpu - b.cpu) };
}

const cpuOf = (step: number): number => Number((step * STEP).toFixed(1));

function choices(cpu: number, shown?: Shown): ServerSettings[] {
  const all = [PLAIN, ...(cpu >= 1.5 ? [{ ...PLAIN, threads: 2 }] : []), ...(shown ? [shown.recommended.settings] : [])];
  return all.filter((settings, index) => all.findIndex(other => sameSettings(other, settings)) === index);
}

/** Whether more cores with the same settings were shown to fail. */
function failsBelow(cpu: number, settings: ServerSettings, shown?: Shown): boolean {
  const { below, recommended } = shown ?? {};
  return below?.verdict === 'fails' && cpu < below.cpu - 1e-9 && sameSettings(settings, recommended!.settings);
}

function known(bench: BenchCase, cpu: number, settings: ServerSettings, shown?: Shown): GridPoint | undefined {
  if (!shown || !sameSettings(settings, shown.recommended.settings)) return undefined;
  const at = (other: number | undefined) => other !== undefined && Math.abs(cpu - other) < 1e-9;
  const tried = at(shown.below?.cpu) ? shown.below : at(shown.recommended.cpu) ? shown.holding : undefined;
  if (!tried) return undefined;
  const lateShare = sum(tried.trials.map(trial => trial.over)) / sum(tried.trials.map(trial => trial.requests));
  const observed = !tried.outOfMemory && lateShare <= 1 - bench.percentile;
  const holds = tried.verdict === 'holds' || (tried.verdict === 'unresolved' && observed);
  return { cpu, settings, holds, trials: tried.trials };
}

async function tryPoint(testbed: Testbed, bench: BenchCase, cpu: number, settings: ServerSettings): Promise<GridPoint> {
  const trials: Trial[] = [];
  while (trials.length < 2 && trials.every(trial => kept(trial, bench))) {
    const seed = 800_000 + Math.round(cpu * 100) + trials.length;
    trials.push(
      await testbed.with(
        { cpu, settings },
        async server => {
          await server.settle();
          return trialOf(bench, seed, await server.open(bench.rate, trialMs(bench), seed, hopeless(bench)));
        },
        { maxQueueWaitMs: 4 * bench.latencyMs },
      ),
    );
  }
  return { cpu, settings, holds: trials.every(trial => kept(trial, bench)), trials };
}

/** Shown, or where the run was too short to show anything, observed. */
const kept = ({ verdict, latencyMs }: Trial, bench: BenchCase): boolean =>
  verdict === 'holds' || (verdict === 'unresolved' && latencyMs <= bench.latencyMs);
