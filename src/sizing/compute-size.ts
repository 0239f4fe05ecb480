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
  /** What a lone container is billed at the least, where that exceeds what it may request. */
  readonly billableMinimum?: { readonly cpu: number; readonly memoryInGB: number };
  /** Steps in which the profiler searches: finer ones cannot be told apart by measurement. */
  readonly searchStep: { readonly cpu: number; readonly memoryInGB: number };
  /** Where the numbers come from, and when they were read. */
  readonly source: string;
}

const SEARCH_STEP = { cpu: 0.1, memoryInGB: 0.1 };
const MEBIBYTE_IN_GB = 1 / 1024;

/** Legal sizes by target. */
export const SIZE_GRIDS: Readonly<Record<'local' | 'aci' | 'aks' | 'edge', SizeGrid>> = {
  local: {
    cpuStep: 0.01,
    minCpu: 0.01,
    maxCpu: 1024,
    memoryStepInGB: MEBIBYTE_IN_GB,
    minMemoryInGB: 6 * MEBIBYTE_IN_GB,
    maxMemoryInGB: 16384,
    searchStep: SEARCH_STEP,
    source: 'Docker Engine: CPU quota in hundredths of a core, memory at least 6 MiB (2026-11)',
  },
  aci: {
    cpuStep: 0.1,
    minCpu: 0.1,
    maxCpu: 4,
    memoryStepInGB: 0.1,
    minMemoryInGB: 0.1,
    maxMemoryInGB: 16,
    billableMinimum: { cpu: 1, memoryInGB: 1 },
    searchStep: SEARCH_STEP,
    source: 'Azure Container Instances: one decimal; 1 core and 1 GB a group; 4 cores and 16 GB in every region (2026-11)',
  },
  aks: {
    cpuStep: 0.001,
    minCpu: 0.001,
    maxCpu: 1024,
    memoryStepInGB: MEBIBYTE_IN_GB,
    minMemoryInGB: 4 * MEBIBYTE_IN_GB,
    maxMemoryInGB: 16384,
    searchStep: SEARCH_STEP,
    source: 'Kubernetes: millicores and MiB; the node decides the largest (2026-11)',
  },
  edge: {
    cpuStep: 0.01,
    minCpu: 0.01,
    maxCpu: 1024,
    memoryStepInGB: MEBIBYTE_IN_GB,
    minMemoryInGB: 6 * MEBIBYTE_IN_GB,
    maxMemoryInGB: 16384,
    searchStep: SEARCH_STEP,
    source: 'IoT Edge: Docker create options (2026-11)',
  },
};

/**
 * The smallest multiple of `step` that is not below `value`.
 * The tolerance keeps 0.3 (which is 3 × 0.1 = 0.30000000000000004 in binary) from becoming 0.4.
 */
export function roundUpToStep(value: number, step: number): number {
  const steps = Math.ceil(value / step - 1e-9);
  return Number((steps * step).toFixed(10));
}
