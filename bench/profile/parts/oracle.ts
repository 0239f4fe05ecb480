import { PLAIN, sameSettings, ServerSettings } from '../../../src/profiler/server-settings';
import { BenchCase } from '../cases';
import { Recommended } from '../command';
import { Testbed } from '../testbed';
import { hopeless, Trial, trialMs, trialOf } from './trial';

/** One size of the grid, and how it did. */
export interface GridPoint {
  readonly cpu: number;
  readonly settings: ServerSettings;
  readonly holds: boolean;
  /** One run, or two where the first held. */
  readonly trials: readonly Trial[];
}

/** The cheapest size by brute force. */
export interface Oracle {
  /** Cores; absent where nothing up to the machine's limit held. */
  readonly cpu?: number;
  readonly settings?: ServerSettings;
  readonly grid: readonly GridPoint[];
}

const STEP = 0.1;
/** A machine of two cores has no more for a server beside a load generator. */
const MOST_CORES = 1.6;
/** Beyond the first size that holds, larger ones hold trivially; one shows it. */
const STEPS_ABOVE = 1;

/**
 * Every tenth of a core from 0.1 on, with one thread, with two where there are cores for them, and with the settings that were recommended,
 * until one holds in two runs of two and one more size was run.
 */
export async function searchByForce(testbed: Testbed, bench: BenchCase, recommended?: Recommended): Promise<Oracle> {
  const grid: GridPoint[] = [];
  let found: GridPoint | undefined;
  for (let step = 1; step * STEP <= MOST_CORES; step++) {
    const cpu = Number((step * STEP).toFixed(1));
    for (const settings of choices(cpu, recommended)) grid.push(await tryPoint(testbed, bench, cpu, settings));
    found ??= grid.find(point => point.holds);
    if (found && cpu >= found.cpu + STEPS_ABOVE * STEP - 1e-9) break;
  }
  return { cpu: found?.cpu, settings: found?.settings, grid };
}

function choices(cpu: number, recommended?: Recommended): ServerSettings[] {
  const all = [PLAIN, ...(cpu >= 1.5 ? [{ ...PLAIN, threads: 2 }] : []), ...(recommended ? [recommended.settings] : [])];
  return all.filter((settings, index) => all.findIndex(other => sameSettings(other, settings)) === index);
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
