import { Random } from '../../../src/profiler/arrivals';
import { POISSON } from '../../../src/profiler/load-pattern';
import { coreSpeed } from '../../../src/profiler/machine';
import { predictQuantile, ServiceDemand, Workload, workloads } from '../../../src/profiler/quota-simulator';
import { Balancer, fewestReplicas } from '../../../src/profiler/replicas';
import { capacity } from '../../../src/profiler/search';
import { PLAIN } from '../../../src/profiler/server-settings';
import { effectiveSampleSize, Interval, mean, quantile, quantileInterval, sorted, sum } from '../../../src/profiler/statistics';
import { Balancers, withBalancers } from '../balancers';
import type { BenchCase } from '../cases';
import { rawFile, Recommended } from '../command';
import type { Scratch } from '../scratch';
import { Testbed, TestServer } from '../testbed';
import { demandOf } from './matched';
import { round } from './trial';

/** Two replicas that share a rate which neither carries alone, behind each balancer. */
export interface ReplicasCheck {
  /** Of one replica. */
  readonly cpu: number;
  readonly rate: number;
  /** What a request costs by the profile, milliseconds. */
  readonly cpuMsPerRequest: number;
  readonly pooled: BalancedCheck;
  readonly random: BalancedCheck;
  /** A promise between the two p95s that are predicted, and how many replicas it takes by computation; absent where ten do not. */
  readonly promise: { readonly latencyMs: number; readonly pooled?: number; readonly random?: number };
}

/** The p95 behind one balancer, milliseconds; over all runs together. */
export interface BalancedCheck {
  /** For any arrivals, as a profile says. */
  readonly anyArrivals: number;
  /** For the arrivals that the runs had. */
  readonly predicted: number;
  readonly measured: number;
  /** 95 % confidence. */
  readonly measuredInterval?: Interval;
  /** Speed of the cores while it was measured, relative to that of the profile. */
  readonly speedRatio: number;
  readonly cpuMsPerRequest: number;
}

const REPLICAS = 2;
const PERCENTILE = 0.95;
/** Of what one replica carries: each of two is loaded to 0.65. */
const OVERLOAD = 1.3;
const FLEETS = 3;
const RUN_MS = 9_000;
const FIRST_SEED = 970_001;
const MOST_REPLICAS = 10;
/** Draws of what a run does not tell: phases and single costs. */
const DRAWS = 24;
const STREAMS = [10, 800] as const;

/**
 * Runs pairs of fresh servers, each in its own control group, behind a real balancer, one way and then the other with the same arrivals.
 * Predictions know what the profile measured without limits, when requests came and, of those at random, where they went. Settings are
 * plain: requests that are handed out one by one never share a run.
 */
export async function checkReplicas(
  testbed: Testbed,
  scratch: Scratch,
  bench: BenchCase,
  { cpu, memoryInGB }: Pick<Recommended, 'cpu' | 'memoryInGB'>,
  speed: number,
): Promise<ReplicasCheck> {
  const streamsAt = (rate: number) => workloads(1, ...STREAMS, POISSON, rate);
  const demand = await demandOf(rawFile(scratch, bench.id), PLAIN, streamsAt(bench.rate));
  const rate = Number((OVERLOAD * capacity(demand, cpu)).toFixed(1));
  const runs = await loadFleets(testbed, scratch, { cpu, memoryInGB, settings: PLAIN }, rate);
  const streams = streamsAt(rate);
  const checked = (balancer: Balancer): BalancedCheck => {
    const own = runs[balancer];
    const latencies = sorted(own.flatMap(run => Array.from(run.latenciesMs)));
    const effective = sum(own.map(run => effectiveSampleSize(run.latenciesMs, PERCENTILE)));
    return {
      anyArrivals: round(predict(demand, streams, rate, cpu, balancer)),
      predicted: round(
        predict(
          demand,
          own.flatMap(run => matchedStreams(run, rate, balancer)),
          rate,
          cpu,
          balancer,
        ),
      ),
      measured: round(quantile(latencies, PERCENTILE)),
      measuredInterval: quantileInterval(latencies, PERCENTILE, 0.95, effective),
      speedRatio: round(mean(own.map(run => run.speed)) / speed),
      cpuMsPerRequest: round(mean(own.map(run => run.cpuMsPerRequest))),
    };
  };
  const [pooled, random] = [checked('pooled'), checked('random')];
  const latencyMs = Math.round(Math.sqrt(pooled.anyArrivals * random.anyArrivals));
  const objective = { rate, percentile: PERCENTILE, latencyMs };
  const fewest = (balancer: Balancer) =>
    fewestReplicas(demand, streams, objective, cpu, { maxReplicas: MOST_REPLICAS, balancer });
  const cpuMsPerRequest = round(mean(demand.cpuMs));
  return {
    cpu,
    rate,
    cpuMsPerRequest,
    pooled,
    random,
    promise: { latencyMs, pooled: fewest('pooled'), random: fewest('random') },
  };
}

interface FleetRun {
  readonly dueMs: Float64Array;
  /** The replica that each request went to. */
  readonly destinations: readonly number[];
  readonly latenciesMs: Float64Array;
  readonly cpuMsPerRequest: number;
  readonly speed: number;
}

async function loadFleets(
  testbed: Testbed,
  scratch: Scratch,
  size: Recommended,
  rate: number,
): Promise<Readonly<Record<Balancer, readonly FleetRun[]>>> {
  const runs: Record<Balancer, FleetRun[]> = { pooled: [], random: [] };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + FLEETS; seed++) {
    await withPair(testbed, size, servers => {
      const uris = servers.map(server => server.process.scoringUri);
      return withBalancers(scratch.folder, uris, async balancers => {
        for (const balancer of ['pooled', 'random'] as const)
          runs[balancer].push(await loadFleet(testbed, servers, balancers, balancer, rate, seed));
      });
    });
  }
  return runs;
}

const withPair = <T>(testbed: Testbed, size: Recommended, use: (servers: readonly TestServer[]) => Promise<T>): Promise<T> =>
  testbed.with(size, async first => {
    await first.settle();
    return testbed.with(size, async second => {
      await second.settle();
      return use([first, second]);
    });
  });

async function loadFleet(
  testbed: Testbed,
  servers: readonly TestServer[],
  balancers: Balancers,
  balancer: Balancer,
  rate: number,
  seed: number,
): Promise<FleetRun> {
  const used = () => sum(servers.map(server => server.process.times().cpuMs));
  const [speedBefore, before] = [coreSpeed(), used()];
  const { dueMs, latenciesMs, failed, firstFailure } = await testbed.open(balancers.scoringUris[balancer], rate, RUN_MS, seed);
  const [after, speedAfter] = [used(), coreSpeed()];
  if (failed > 0)
    throw new Error(`${failed} requests failed behind the balancer: ${firstFailure?.status} ${firstFailure?.message}`);
  const cpuMsPerRequest = (after - before) / latenciesMs.length;
  const destinations = await balancers.destinations(balancer, dueMs.length);
  return { dueMs, destinations, latenciesMs, cpuMsPerRequest, speed: (speedBefore + speedAfter) / 2 };
}

/** As `planReplicas` has it: one queue for all, or of one replica, which then has its share of the rate. */
const predict = (demand: ServiceDemand, streams: readonly Workload[], rate: number, cores: number, balancer: Balancer): number =>
  balancer === 'pooled'
    ? predictQuantile(demand, streams, rate, cores, PERCENTILE, REPLICAS)
    : predictQuantile(demand, streams, rate / REPLICAS, cores, PERCENTILE);

/** The very arrivals of a run; where they were shared out at random, those of each replica. */
function matchedStreams({ dueMs, destinations }: FleetRun, rate: number, balancer: Balancer): Workload[] {
  const queueOf = (replica: number) => dueMs.filter((_, i) => destinations[i] === replica);
  const queues = balancer === 'pooled' ? [dueMs] : Array.from({ length: REPLICAS }, (_, replica) => queueOf(replica));
  const random = new Random(dueMs.length);
  const lumps = workloads(1, ...STREAMS).map(stream => stream.lumps);
  return Array.from({ length: DRAWS }, (_, draw) =>
    queues.map((own): Workload => ({
      gaps: own.map((at, i) => ((at - (i > 0 ? own[i - 1] : 0)) * rate) / queues.length / 1000),
      picks: own.map(() => random.next()),
      lumps: lumps[draw % lumps.length],
      phase: draw / DRAWS,
    })),
  ).flat();
}
