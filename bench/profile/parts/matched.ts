import * as fs from 'fs';
import { derivedSeed, Random, schedule } from '../../../src/profiler/arrivals';
import { calibrateByWindows } from '../../../src/profiler/calibration';
import { MeasuredDemand, referenceSpeed, summarizeDemand } from '../../../src/profiler/demand';
import { Journal } from '../../../src/profiler/journal';
import { POISSON } from '../../../src/profiler/load-pattern';
import type { Measurement } from '../../../src/profiler/measurement';
import { simulateQuota, Workload, workloads } from '../../../src/profiler/quota-simulator';
import { differOnlyInBatches, settingsKey } from '../../../src/profiler/server-settings';
import { median, quantile } from '../../../src/profiler/statistics';
import type { BenchCase } from '../cases';
import type { Recommended } from '../command';
import { round, Trial, trialMs } from './trial';

/** The percentile of single runs, computed for the very arrivals that each had. */
export interface MatchedCheck {
  readonly cpu: number;
  readonly runs: ReadonlyArray<{ readonly predicted: number; readonly measured: number; readonly speedRatio: number }>;
}

/** Phases of the bandwidth period and draws of single costs that are averaged over. */
const DRAWS = 24;

/** Simulates fresh runs with nothing but what the profile measured without limits, and the seeds of the runs. */
export async function checkMatched(
  raw: string,
  bench: BenchCase,
  { cpu, settings }: Recommended,
  trials: readonly Trial[],
  speed: number,
): Promise<MatchedCheck> {
  const streams = workloads(1, 10, 800, POISSON, bench.rate);
  const demand = await demandOf(raw, settings, streams);
  const runs = trials.map(trial => ({
    predicted: round(predict(demand, streams, bench, cpu, trial.seed)),
    measured: trial.latencyMs,
    speedRatio: round(trial.speed / speed),
  }));
  return { cpu, runs };
}

function predict(demand: MeasuredDemand, streams: readonly Workload[], bench: BenchCase, cpu: number, seed: number): number {
  const { dueMs } = schedule(POISSON, bench.rate, trialMs(bench), new Random(seed));
  const gaps = dueMs.map((at, i) => ((at - (i > 0 ? dueMs[i - 1] : 0)) * bench.rate) / 1000);
  const all: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const random = new Random(derivedSeed(draw, seed));
    const picks = Float64Array.from(gaps, () => random.next());
    const { lumps } = streams[draw % streams.length];
    const latencies = simulateQuota(demand, { gaps, picks, lumps, phase: draw / DRAWS }, bench.rate, cpu).sort();
    all.push(quantile(latencies, bench.percentile));
  }
  return median(all);
}

/** The demand as the profile computed it: from its windows, with what one at the rate showed beyond the simulation. */
async function demandOf(raw: string, settings: Recommended['settings'], streams: readonly Workload[]): Promise<MeasuredDemand> {
  const windows = await windowsOf(raw);
  const same = windows.filter(each => differOnlyInBatches(each.settings, settings));
  if (same.length === 0) throw new Error(`${raw} has no windows of ${settingsKey(settings)}`);
  const measured = same.map(each => ({ ...each, settings: settingsKey(settings) }));
  return calibrateByWindows(summarizeDemand(settings, measured, referenceSpeed(windows)), streams, measured);
}

async function windowsOf(raw: string): Promise<Measurement[]> {
  const [header, ...lines] = fs.readFileSync(raw, 'utf8').split('\n').filter(Boolean);
  const { fingerprint } = JSON.parse(header) as { readonly fingerprint: string };
  const journal = new Journal(fingerprint, raw);
  try {
    const names = lines
      .map(line => (JSON.parse(line) as { readonly step: string }).step)
      .filter(name => name.startsWith('window/'));
    const missing = () => Promise.reject(new Error(`${raw} is damaged`));
    return await Promise.all(names.map(name => journal.step<Measurement>(name, missing)));
  } finally {
    journal.close();
  }
}
