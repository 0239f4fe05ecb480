import * as fs from 'fs';
import { Random, schedule } from '../../../src/profiler/arrivals';
import { calibrateByWindows } from '../../../src/profiler/calibration';
import { batchingOf, MeasuredDemand, referenceSpeed, restate, summarizeDemand, withBatches } from '../../../src/profiler/demand';
import { Journal } from '../../../src/profiler/journal';
import { POISSON } from '../../../src/profiler/load-pattern';
import { simulateRun } from '../../../src/profiler/matched-trace';
import type { Measurement } from '../../../src/profiler/measurement';
import { Workload, workloads } from '../../../src/profiler/quota-simulator';
import { differOnlyInBatches, sameSettings, settingsKey } from '../../../src/profiler/server-settings';
import type { SharedWindow } from '../../../src/profiler/session';
import { median, quantile, sorted } from '../../../src/profiler/statistics';
import type { BenchCase } from '../cases';
import type { Recommended } from '../command';
import { round, Trial, trialMs } from './trial';

/** The percentile of single runs, computed for the very arrivals that each had. */
export interface MatchedCheck {
  readonly cpu: number;
  readonly runs: ReadonlyArray<{ readonly predicted: number; readonly measured: number; readonly speedRatio: number }>;
}

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

function predict(demand: MeasuredDemand, streams: readonly Workload[], bench: BenchCase, cores: number, seed: number): number {
  const { rate, percentile } = bench;
  const { dueMs } = schedule(POISSON, rate, trialMs(bench), new Random(seed));
  return median(simulateRun(demand, streams, { dueMs, rate, cores }).map(latencies => quantile(sorted(latencies), percentile)));
}

/** The demand as the profile computed it: from its windows, with what one at the rate showed beyond the simulation. */
export async function demandOf(
  raw: string,
  settings: Recommended['settings'],
  streams: readonly Workload[],
): Promise<MeasuredDemand> {
  const windows = await stepsOf<Measurement>(raw, 'window/');
  const same = windows.filter(each => differOnlyInBatches(each.settings, settings));
  if (same.length === 0) throw new Error(`${raw} has no windows of ${settingsKey(settings)}`);
  const measured = same.map(each => ({ ...each, settings: settingsKey(settings) }));
  const speed = referenceSpeed(windows);
  const demand = summarizeDemand(settings, measured, speed);
  const shared = (await stepsOf<SharedWindow>(raw, 'shared/')).map(({ batch, measurement }) => ({
    batch,
    cpuMsPerRequest: restate(measurement.cpuMsPerRequest, measurement, speed),
  }));
  const choices = withBatches(demand, batchingOf(demand.serialCpuMs, shared));
  const chosen = choices.find(each => sameSettings(each.settings, settings)) ?? demand;
  return calibrateByWindows(chosen, streams, measured);
}

/** What the raw file keeps of steps whose names begin so. */
async function stepsOf<T>(raw: string, prefix: string): Promise<T[]> {
  const [header, ...lines] = fs.readFileSync(raw, 'utf8').split('\n').filter(Boolean);
  const { fingerprint } = JSON.parse(header) as { readonly fingerprint: string };
  const journal = new Journal(fingerprint, raw);
  try {
    const names = lines.map(line => (JSON.parse(line) as { readonly step: string }).step).filter(name => name.startsWith(prefix));
    const missing = () => Promise.reject(new Error(`${raw} is damaged`));
    return await Promise.all(names.map(name => journal.step<T>(name, missing)));
  } finally {
    journal.close();
  }
}
