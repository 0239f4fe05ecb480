import type { Throttling } from './confinement';
import type { MeasuredDemand } from './demand';
import { ProfileError } from './errors';
import type { OpenLoad } from './load-job';
import type { Measurement } from './measurement';
import type { ServerProcess } from './server-process';
import type { ProfileSession } from './session';
import type { RunRecord, Size } from './verification';

const SETTLE_BATCH_MS = 300;
/** Two bandwidth periods, so that the run does not begin in a period that was loaded without a limit. */
const SETTLE_LIMITED_MS = 200;
const MOST_COMPILE_MS = 2_500;
/** Requests that cost this much more than those that were measured are not settled yet. */
const STILL_DEAR = 1.15;

/** What is put on a size, and whether it is then asked for as much as it carries. */
export interface LimitedRun extends Omit<OpenLoad, 'kind' | 'scoringUri'> {
  readonly saturate: boolean;
}

/** Starts a server under the size's memory limit, warms it up, limits its CPU and puts the load on it. */
export async function runUnderLimits(
  session: ProfileSession,
  size: Size,
  demand: MeasuredDemand | undefined,
  { saturate, ...load }: LimitedRun,
): Promise<RunRecord> {
  let server: ServerProcess | undefined;
  try {
    server = await session.startLimited(size.settings, size.memoryInGB);
    // code goes on being compiled for a while, in other threads, where requests are cheap already; under a quota that shows
    await settle(session, server, demand, session.budget.settleMs);
    await limit(session, server, size.cpu);
    const before = { throttling: server.throttling(), faults: server.majorFaults() };
    const measurement = await session.measure('verification', server, { kind: 'open', scoringUri: server.scoringUri, ...load });
    server.assertRunning('under load');
    const throttling = difference(before.throttling, server.throttling());
    const majorFaults = server.majorFaults() - before.faults;
    return {
      measurement,
      majorFaults,
      throttling,
      ...(saturate && { saturated: await measureSaturated(session, server, size) }),
    };
  } catch (error) {
    if (!(error instanceof ProfileError && error.code.startsWith('OUT_OF_MEMORY'))) throw error;
    return { starved: server ? 'run' : 'load', majorFaults: 0 };
  } finally {
    server?.kill();
  }
}

/** Brings a server to the state in which it would be after minutes of service, that is, to requests as cheap as those that were measured. */
export async function settle(
  session: ProfileSession,
  server: ServerProcess,
  demand: MeasuredDemand | undefined,
  leastMs = 0,
): Promise<void> {
  const cheap = STILL_DEAR * (demand?.serialCpuMs ?? 0);
  const began = performance.now();
  let cost = Infinity;
  for (let ms = 0; ms < leastMs || (cost > cheap && ms < 2 * session.budget.settleMs); ms = performance.now() - began) {
    const before = server.times().cpuMs;
    const warm = await session.send(server, { connections: 1, durationMs: SETTLE_BATCH_MS }, 'while warming up');
    cost = (server.times().cpuMs - before) / warm.latenciesMs.length;
  }
}

/** What a server carries under its quota, once the code that only this load runs has been compiled. */
async function measureSaturated(session: ProfileSession, server: ServerProcess, { cpu, settings }: Size): Promise<Measurement> {
  const { saturatedMs, compileCpuMs } = session.budget;
  // no engine idles, and batches are full
  const connections = Math.max(4, 2 * settings.workers, 2 * settings.maxBatch);
  await session.load(server, { connections, durationMs: Math.min(MOST_COMPILE_MS, compileCpuMs / cpu) }, 'under load');
  const load = { kind: 'closed', scoringUri: server.scoringUri, connections, durationMs: saturatedMs } as const;
  const saturated = await session.measure('saturated', server, load);
  server.assertRunning('under load');
  return saturated;
}

async function limit(session: ProfileSession, server: ServerProcess, cpu: number): Promise<void> {
  server.limitCpu(cpu);
  await session.load(server, { connections: 1, durationMs: SETTLE_LIMITED_MS }, 'while warming up');
}

const difference = (before: Throttling | undefined, after: Throttling | undefined): Throttling | undefined =>
  before && after && { periods: after.periods - before.periods, throttled: after.throttled - before.throttled };
