import { ProfileError } from '../../../src/profiler/errors';
import { GIBIBYTE, MEMORY_MARGIN } from '../../../src/profiler/memory';
import type { ServerSettings } from '../../../src/profiler/server-settings';
import { median } from '../../../src/profiler/statistics';
import type { ProfileResult } from '../../../src/sizing/profile-result';
import { settingsOf } from '../command';
import { Testbed } from '../testbed';
import { round } from './trial';

/** The smallest limit that slows nothing down, beside what the profile says. Bytes as GB of 1024³. */
export interface MemoryCheck {
  readonly peakInGB: number;
  /** Absent where even 1.1 times the peak was too little. */
  readonly smallestInGB?: number;
  /** What the profile sizes by, and its margin, before rounding to a legal size. */
  readonly beforeRoundingInGB: number;
  readonly recommendedInGB: number;
  readonly loadPeakInGB: number;
  readonly probes: readonly MemoryProbe[];
}

interface MemoryProbe {
  readonly limitInGB: number;
  readonly killed: boolean;
  /** Absent where it was killed. */
  readonly medianMs?: number;
  readonly majorFaultsPerRequest?: number;
  readonly speed?: number;
}

const STEP_BYTES = 16 * 1024 ** 2;
const SLOWER = 1.1;
const MAJOR_FAULTS = 0.02;
const LOAD_MS = 1_500;
const CONNECTIONS = 4;

/** Bisects in steps of 16 MiB between half the profile's peak and 1.1 times it; every probe is a fresh server from a cold cache. */
export async function checkMemory(testbed: Testbed, profile: ProfileResult): Promise<MemoryCheck> {
  const peakInGB = Math.max(profile.loadPeakMemoryInGB, profile.runPeakMemoryInGB);
  const settings = settingsOf(profile.sessionOptions);
  const probes: MemoryProbe[] = [];
  const probe = async (limitInGB: number) => {
    const found = await probeLimit(testbed, limitInGB, settings);
    probes.push(found);
    return found;
  };
  const free = await probe(2 * peakInGB + 0.5);
  const steps = Math.ceil((0.6 * peakInGB * GIBIBYTE) / STEP_BYTES);
  const limitOf = (step: number) => round(0.5 * peakInGB + (step * STEP_BYTES) / GIBIBYTE);
  let [low, high] = [0, steps + 1];
  while (low < high) {
    const middle = Math.min((low + high) >> 1, steps);
    const limit = limitOf(middle);
    // a slow median alone may be the machine's
    if (isFast(await probe(limit), free) || (isSlowOnly(probes[probes.length - 1]) && isFast(await probe(limit), free)))
      high = middle;
    else low = middle + 1;
  }
  return {
    peakInGB,
    smallestInGB: low > steps ? undefined : limitOf(low),
    beforeRoundingInGB: round((profile.memory?.neededInGB ?? peakInGB) * MEMORY_MARGIN),
    recommendedInGB: profile.recommendedMemoryInGB,
    loadPeakInGB: profile.loadPeakMemoryInGB,
    probes,
  };
}

function isFast({ killed, medianMs, majorFaultsPerRequest, speed }: MemoryProbe, free: MemoryProbe): boolean {
  if (killed || medianMs === undefined || free.medianMs === undefined) return false;
  const restated = (medianMs * (speed ?? 1)) / (free.speed ?? 1);
  return restated <= SLOWER * free.medianMs && (majorFaultsPerRequest ?? 0) <= MAJOR_FAULTS;
}

const isSlowOnly = ({ killed, majorFaultsPerRequest }: MemoryProbe): boolean =>
  !killed && (majorFaultsPerRequest ?? 0) <= MAJOR_FAULTS;

async function probeLimit(testbed: Testbed, limitInGB: number, settings: ServerSettings): Promise<MemoryProbe> {
  try {
    return await testbed.with(
      { memoryInGB: limitInGB, settings },
      async server => {
        await server.settle();
        // as many at once as come together under load, the first of which touch new pages
        await server.closed(CONNECTIONS, LOAD_MS / 3);
        const before = server.process.majorFaults();
        const { load, answered, coreSpeed } = await server.closed(CONNECTIONS, LOAD_MS);
        const majorFaults = server.process.majorFaults() - before;
        return {
          ...{ limitInGB, killed: false },
          medianMs: round(median(load.latenciesMs)),
          majorFaultsPerRequest: round(majorFaults / Math.max(answered, 1)),
          speed: Math.round(coreSpeed),
        };
      },
      { startTimeoutMs: 15_000 },
    );
  } catch (error) {
    if (!(error instanceof ProfileError)) throw error;
    return { limitInGB, killed: true };
  }
}
