import { ProfileError } from './errors';
import { settle } from './limited-run';
import { GIBIBYTE } from './memory';
import { Cliff, CliffProbe, findCliff } from './memory-cliff';
import { settingsKey } from './server-settings';
import type { ProfileSession, Workplace } from './session';
import { median } from './statistics';
import { memoryWith, Survey } from './survey';
import type { Size } from './verification';

/** Latency under a limit is looked at for so long. */
const PROBE_MS = 500;
/** Shares of the peak, and milliseconds for all of them: a picture of where the edge is, not its exact place. */
const STEPS = [0.85, 0.65, 0.5];
const CAP_MS = 5_000;

/**
 * Latency of the recommended size's settings under smaller and smaller memory limits, each in a fresh server from a cold cache: a
 * server survives far below the limit at which it starts to read its own pages again and again.
 */
export async function lookForCliff(
  session: ProfileSession,
  { limits }: Workplace,
  { settings, memoryInGB }: Size,
  { memory, demands }: Survey,
): Promise<Cliff> {
  const { budget, journal } = session;
  const late = journal.elapsedMs > budget.startNoMoreAfterMs;
  if (!budget.cliff || !limits || late) return { points: [] };
  const measured = memoryWith(memory, settings);
  const demand = demands.find(each => settingsKey(each.settings) === settingsKey(settings));
  const probe = async (limitBytes: number): Promise<CliffProbe> => {
    let server: Awaited<ReturnType<ProfileSession['startLimited']>> | undefined;
    try {
      server = await session.startLimited(settings, limitBytes / GIBIBYTE);
      await settle(session, server, demand);
      const before = server.majorFaults();
      const closed = { kind: 'closed', scoringUri: server.scoringUri, connections: 1, durationMs: PROBE_MS } as const;
      const { load, answered } = await session.measure('serial', server, closed);
      server.assertRunning('under a memory limit');
      const majorFaultsPerRequest = (server.majorFaults() - before) / Math.max(answered, 1);
      return { killed: false, medianMs: median(load.latenciesMs), majorFaultsPerRequest };
    } catch (error) {
      if (error instanceof ProfileError && error.code !== 'INTERRUPTED') return { killed: true };
      throw error;
    } finally {
      server?.kill();
    }
  };
  const recommendedBytes = memoryInGB * GIBIBYTE;
  return session.step('cliff', 'verify', 'looking at latency under smaller memory limits', () =>
    findCliff({ start: probe, peakBytes: measured.peakBytes, recommendedBytes, steps: STEPS, capMs: CAP_MS }),
  );
}
