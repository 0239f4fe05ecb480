import type { Measurement } from './measurement';
import { mean, sorted } from './statistics';

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

/** Programs beside the profile that use this much are named even where the server hardly waited for them. */
const NOTABLE_CORES = 0.35;

/** Why a measurement says little, or undefined where it is sound. */
export function disturbedBy({ disturbance }: Pick<Measurement, 'disturbance'>): string | undefined {
  const { waiting, steal, speedChange, foreignCores } = disturbance;
  if (steal > MAX_DISTURBANCE.steal) return `the hypervisor took ${percent(steal)} of a core`;
  if (waiting > MAX_DISTURBANCE.waiting && foreignCores > MAX_DISTURBANCE.foreignCores)
    return `other programs used ${foreignCores.toFixed(1)} cores; the server waited ${percent(waiting)} of its CPU time for a processor`;
  if (foreignCores > NOTABLE_CORES) return `other programs used ${foreignCores.toFixed(1)} cores`;
  if (speedChange > MAX_DISTURBANCE.speedChange) return `the speed of the cores changed by ${percent(speedChange)}`;
  return undefined;
}

/** The undisturbed measurements, or, where they are fewer than half, the calmer half: a busy laptop still gets an answer. */
export function calm<T extends Measurement>(measurements: readonly T[]): T[] {
  const sound = measurements.filter(measurement => disturbedBy(measurement) === undefined);
  if (sound.length * 2 >= measurements.length) return sound;
  const score = ({ disturbance }: Measurement) =>
    disturbance.waiting + disturbance.foreignCores + 5 * disturbance.steal + disturbance.speedChange;
  return [...measurements].sort((a, b) => score(a) - score(b)).slice(0, Math.ceil(measurements.length / 2));
}

/** Kept windows that differ from each other by more than this, at one speed of the cores, agree on nothing. */
export const MAX_SPREAD = 0.3;

/** How far values lie apart: the middle half of them, relative to their mean. */
export function spreadOf(values: readonly number[]): number {
  if (values.length < 3) return 0;
  const ascending = sorted(values);
  const at = (share: number) => ascending[Math.round(share * (ascending.length - 1))];
  return (at(0.75) - at(0.25)) / mean(values);
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
