import type { Disturbance } from './interference';
import type { LoadClient } from './load-client';
import type { LoadJob, LoadResult } from './load-generator';
import { coreSpeed, machineTimes } from './machine';
import type { ServerProcess } from './server-process';
import { settingsKey } from './server-settings';

/** One load on one server, and what went on around it. */
export interface Measurement {
  readonly kind: MeasurementKind;
  /** Key of the server's settings. */
  readonly settings: string;
  /** Milliseconds since the profile began. */
  readonly atMs: number;
  readonly load: LoadResult;
  /** Requests that were answered. */
  readonly answered: number;
  /** CPU milliseconds of the server, all its processes together, per answered request. */
  readonly cpuMsPerRequest: number;
  /** Milliseconds that the server's threads waited for a processor, per answered request. */
  readonly waitMsPerRequest: number;
  /** Cores that the server used. */
  readonly cores: number;
  /** Speed of a core beside it, multiply-adds per CPU millisecond. */
  readonly coreSpeed: number;
  readonly disturbance: Disturbance;
}

/**
 * `serial`: one request after another. `saturated`: always one waiting, so that the engines never idle. `batched`: more waiting, so that
 * runs are shared. `at-rate`: open loop, without limits.
 */
export type MeasurementKind = 'warm-up' | 'serial' | 'saturated' | 'batched' | 'at-rate' | 'verification';

/** Takes measurements, with the core's speed read before and after each. */
export class Meter {
  constructor(
    private readonly client: LoadClient,
    /** Milliseconds since the profile began. */
    private readonly clock: () => number,
  ) {
    coreSpeed(60); // so that the first reading is of compiled code
  }

  async measure(kind: MeasurementKind, server: ServerProcess, job: LoadJob): Promise<Measurement> {
    const speedBefore = coreSpeed();
    const atMs = Math.round(this.clock());
    const before = snapshot(server);
    const load = await this.client.run(job);
    const after = snapshot(server);
    const speedAfter = coreSpeed();
    const wallMs = after.at - before.at;
    const cpuMs = after.server.cpuMs - before.server.cpuMs;
    const waitMs = after.server.runQueueWaitMs - before.server.runQueueWaitMs;
    const answered = load.latenciesMs.length - load.failed;
    const ownMs = cpuMs + (after.ownCpuMs - before.ownCpuMs) + load.generatorCpuMs;
    return {
      kind,
      settings: settingsKey(server.settings),
      atMs,
      load,
      answered,
      cpuMsPerRequest: cpuMs / Math.max(answered, 1),
      waitMsPerRequest: waitMs / Math.max(answered, 1),
      cores: cpuMs / wallMs,
      coreSpeed: (speedBefore + speedAfter) / 2,
      disturbance: {
        waiting: waitMs / Math.max(cpuMs, 1),
        steal: (after.machine.stealMs - before.machine.stealMs) / wallMs,
        speedChange: Math.abs(Math.log(speedAfter / speedBefore)),
        foreignCores: Math.max(0, (after.machine.busyMs - before.machine.busyMs - ownMs) / wallMs),
      },
    };
  }
}

function snapshot(server: ServerProcess) {
  const { user, system } = process.cpuUsage();
  return { at: performance.now(), server: server.times(), machine: machineTimes(), ownCpuMs: (user + system) / 1000 };
}
