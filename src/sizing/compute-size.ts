import * as sizes from './data/target-sizes.json';

/** What may be asked of each target, as plain data: the profiler searches it and the constructs round to it. */
export interface SizeGrid {
  /** Smallest difference that the target keeps, cores. */
  readonly cpuStep: number;
  readonly minCpu: number;
  /** Above this the target refuses, or only some regions and machines allow it; cores. */
  readonly maxCpu: number;
  /** GB of 1024³ bytes. */
  readonly memoryStepInGB: number;
  readonly minMemoryInGB: number;
  readonly maxMemoryInGB: number;
  /** What the target refuses to exceed anywhere, where it is more than the maximum above. */
  readonly hardMaximum?: { readonly cpu: number; readonly memoryInGB: number };
  /** What a lone container is billed at the least, where that exceeds what it may request. */
  readonly billableMinimum?: { readonly cpu: number; readonly memoryInGB: number };
  /** Steps in which the profiler searches: finer ones cannot be told apart by measurement. */
  readonly searchStep: { readonly cpu: number; readonly memoryInGB: number };
  /** Where the numbers come from. */
  readonly sources: readonly DataSource[];
}

/** Where a number of a data file was found. */
export interface DataSource {
  readonly url: string;
  /** The day it was read, `2026-11-24`. */
  readonly read: string;
  readonly says: string;
}

const SEARCH_STEP = { cpu: 0.1, memoryInGB: 0.1 };

const withSearchStep = (facts: Omit<SizeGrid, 'searchStep'>): SizeGrid => ({ ...facts, searchStep: SEARCH_STEP });

/** Legal sizes by target, from `data/target-sizes.json`. */
export const SIZE_GRIDS: Readonly<Record<'local' | 'aci' | 'aks' | 'edge', SizeGrid>> = {
  local: withSearchStep(sizes.targets.local),
  aci: withSearchStep(sizes.targets.aci),
  aks: withSearchStep(sizes.targets.aks),
  edge: withSearchStep(sizes.targets.edge),
};

/** The day when the legal sizes were looked up, `2026-11-24`. */
export const SIZES_DATE: string = sizes.date;

/**
 * The smallest multiple of `step` that is not below `value`.
 * The tolerance keeps 0.3 (which is 3 × 0.1 = 0.30000000000000004 in binary) from becoming 0.4.
 */
export function roundUpToStep(value: number, step: number): number {
  const steps = Math.ceil(value / step - 1e-9);
  return Number((steps * step).toFixed(10));
}
