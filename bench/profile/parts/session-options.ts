import { availableParallelism } from 'os';
import type { ServerSettings } from '../../../src/profiler/server-settings';
import { median, quantile, sorted } from '../../../src/profiler/statistics';
import { TestServer, Testbed } from '../testbed';
import { round } from './trial';

/** The chosen options beside ONNX Runtime's own, medians over rounds that take turns. */
export interface OptionsCheck {
  readonly chosen: OptionsFigures;
  readonly defaults: OptionsFigures;
}

/** CPU milliseconds per request of a little loaded server. */
export interface IdleCheck {
  readonly chosen: number;
  readonly defaults: number;
}

export interface OptionsFigures {
  /** Closed loop, requests a second. */
  readonly throughput: number;
  /** Open loop at 0.7 of the chosen options' throughput. */
  readonly p95Ms: number;
}

/** What zero threads mean to ONNX Runtime: one for each core that it sees, whatever the quota, waiting busily. */
const defaultsBeside = (chosen: ServerSettings): ServerSettings => ({
  ...chosen,
  threads: availableParallelism(),
  spinning: true,
});

const CORES = 1;
const SATURATED_MS = 3_000;
const OPEN_MS = 8_000;
const UTILISATION = 0.7;
/** What a failed request counts as. */
const A_MINUTE = 60_000;

/** Throughput and p95 at one core; both are loaded to 0.7 of what the slower one carries. */
export async function compareOptions(testbed: Testbed, chosen: ServerSettings, rounds: number): Promise<OptionsCheck> {
  const both = [chosen, defaultsBeside(chosen)];
  const throughputs: number[][] = [[], []];
  const late: number[][] = [[], []];
  for (let turn = 0; turn < rounds; turn++) {
    for (const [index, settings] of both.entries()) throughputs[index].push(await at(testbed, settings, saturate));
    const rate = UTILISATION * Math.min(median(throughputs[0]), median(throughputs[1]));
    for (const [index, settings] of both.entries())
      late[index].push(await at(testbed, settings, server => p95(server, rate, 600_001 + turn)));
  }
  const figures = (index: number) => ({ throughput: round(median(throughputs[index])), p95Ms: round(median(late[index])) });
  return { chosen: figures(0), defaults: figures(1) };
}

/** CPU time per request at ten requests a second. */
export async function compareIdleCost(testbed: Testbed, chosen: ServerSettings, rounds: number): Promise<IdleCheck> {
  const taken = { chosen: [] as number[], defaults: [] as number[] };
  for (let turn = 0; turn < rounds; turn++) {
    const cost = async (server: TestServer) => (await server.open(10, 6_000, 500_001 + turn)).cpuMsPerRequest;
    taken.chosen.push(await at(testbed, chosen, cost));
    taken.defaults.push(await at(testbed, defaultsBeside(chosen), cost));
  }
  return { chosen: round(median(taken.chosen)), defaults: round(median(taken.defaults)) };
}

function at<T>(testbed: Testbed, settings: ServerSettings, use: (server: TestServer) => Promise<T>): Promise<T> {
  return testbed.with({ cpu: CORES, settings }, async server => {
    await server.settle();
    return use(server);
  });
}

async function saturate(server: TestServer): Promise<number> {
  const { answered, load } = await server.closed(4, SATURATED_MS);
  return answered / (load.elapsedMs / 1000);
}

async function p95(server: TestServer, rate: number, seed: number): Promise<number> {
  const { load } = await server.open(rate, OPEN_MS, seed);
  return Math.min(quantile(sorted(load.latenciesMs), 0.95), A_MINUTE);
}
