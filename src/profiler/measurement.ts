import type { LoadClient } from './load-client';
import type { LoadJob, LoadResult } from './load-generator';
import { coreSpeed, machineTimes } from './machine';
import type { ServerProcess } from './server-process';

/** One load on one server, and what went on around it. */
export interface Measurement {
  readonly kind: 'warm-up' | 'serial' | 'concurrent' | 'at-rate' | 'verification';
  readonly threads: number;
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

/** What others did to a measurement; all are shares, zero when undisturbed. */
export interface Disturbance {
  /** Time that the server's threads waited for a processor, of the CPU time they got. */
  readonly waiting: number;
  /** Time that the hypervisor took, of one core. */
  readonly steal: number;
  /** Change of the core's speed from before to after. */
  readonly speedChange: number;
  /** Cores that programs outside the profile used. */
  readonly foreignCores: number;
}

/**
 * Beyond these a measurement is discarded. Rented virtual machines lose some hundredths of a core all the time without harm to
 * CPU time per request, so only more than that counts. Waiting counts only where other programs ran: on a small machine the
 * server's own processes and the generator wait for each other. Under a CPU quota it is what is being measured.
 */
export const MAX_DISTURBANCE = { waiting: 0.1, foreignCores: 0.1, steal: 0.1, speedChange: 0.15 };

/** Why a measurement says little, or undefined where it is sound. */
export function disturbedBy({ disturbance }: Measurement): string | undefined {
  const { waiting, steal, speedChange, foreignCores } = disturbance;
  if (steal > MAX_DISTURBANCE.steal) return `the hypervisor took ${percent(steal)} of a core`;
  if (waiting > MAX_DISTURBANCE.waiting && foreignCores > MAX_DISTURBANCE.foreignCores) {
    return `other programs used ${foreignCores.toFixed(1)} cores; the server waited ${percent(waiting)} of its CPU time for a processor`;
  }
  if (speedChange > MAX_DISTURBANCE.speedChange) return `the speed of the cores changed by ${percent(speedChange)}`;
  return undefined;
}

/** The undisturbed measurements, or, where they are fewer than half, the calmer half: a busy laptop still gets an answer. */
export function calm<T extends Measurement>(measurements: readonly T[]): T[] {
  const sound = measurements.filter(measurement => disturbedBy(measurement) === undefined);
  if (sound.length * 2 >= measurements.length) return sound;
  const score = ({ disturbance }: Measurement) => disturbance.waiting + 5 * disturbance.steal + disturbance.speedChange;
  return [...measurements].sort((a, b) => score(a) - score(b)).slice(0, Math.ceil(measurements.length / 2));
}

/** Takes measurements one after another, with the core's speed read between them. */
export class Meter {
  readonly taken: Measurement[] = [];
  private readonly began = performance.now();

  constructor(private readonly client: LoadClient) {
    coreSpeed(60); // so that the first reading is of compiled code
  }

  async measure(kind: Measurement['kind'], server: ServerProcess, job: LoadJob): Promise<Measurement> {
    const speedBefore = coreSpeed();
    const atMs = performance.now() - this.began;
    const before = this.snapshot(server);
    const load = await this.client.run(job);
    const after = this.snapshot(server);
    const speedAfter = coreSpeed();
    const wallMs = after.at - before.at;
    const cpuMs = after.server.cpuMs - before.server.cpuMs;
    const answered = load.latenciesMs.length - load.failed;
    const foreignMs =
      after.machine.busyMs - before.machine.busyMs - cpuMs - (after.ownCpuMs - before.ownCpuMs) - load.generatorCpuMs;
    const measurement: Measurement = {
      kind,
      threads: server.threads,
      atMs,
      load,
      answered,
      cpuMsPerRequest: cpuMs / Math.max(answered, 1),
      waitMsPerRequest: (after.server.runQueueWaitMs - before.server.runQueueWaitMs) / Math.max(answered, 1),
      cores: cpuMs / wallMs,
      coreSpeed: (speedBefore + speedAfter) / 2,
      disturbance: {
        waiting: (after.server.runQueueWaitMs - before.server.runQueueWaitMs) / Math.max(cpuMs, 1),
        steal: (after.machine.stealMs - before.machine.stealMs) / wallMs,
        speedChange: Math.abs(Math.log(speedAfter / speedBefore)),
        foreignCores: Math.max(0, foreignMs / wallMs),
      },
    };
    this.taken.push(measurement);
    return measurement;
  }

  private snapshot(server: ServerProcess) {
    const { user, system } = process.cpuUsage();
    return { at: performance.now(), server: server.times(), machine: machineTimes(), ownCpuMs: (user + system) / 1000 };
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
