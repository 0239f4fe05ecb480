import { roundUpToStep, SIZE_GRIDS } from './compute-size';
import { PriceList } from './price-list';
import { ProfiledCost, ProfileTarget } from './profile-result';

/** Cores and GB of 1024³ bytes of one replica. */
export interface CostedSize {
  readonly cpu: number;
  readonly memoryInGB: number;
}

/**
 * What one replica is billed as: its size in the steps that the target keeps, at least the target's billable minimum.
 *
 * Nothing is rounded up beyond that: no source says that a meter would.
 */
export function billedSize(target: ProfileTarget, { cpu, memoryInGB }: CostedSize): CostedSize {
  const { cpuStep, memoryStepInGB, billableMinimum } = SIZE_GRIDS[target];
  return {
    cpu: Math.max(billableMinimum?.cpu ?? 0, roundUpToStep(cpu, cpuStep)),
    memoryInGB: Math.max(billableMinimum?.memoryInGB ?? 0, roundUpToStep(memoryInGB, memoryStepInGB)),
  };
}

/**
 * What `replicas` of a size cost that run around the clock and share `rate` requests a second.
 *
 * On AKS a replica costs its share of a node, as if nodes were full: what stands empty, and what a node keeps for itself, is not in it.
 * Returns undefined where the target has no meter in `prices`.
 */
export function costOf(
  target: ProfileTarget,
  size: CostedSize,
  replicas: number,
  prices: PriceList,
  rate: number,
): ProfiledCost | undefined {
  const rates = prices.rates[target];
  if (rates === undefined) return undefined;
  const billed = billedSize(target, size);
  const perHour = replicas * (billed.cpu * rates.perCoreHour + billed.memoryInGB * rates.perGBHour);
  return {
    currency: prices.currency,
    billedCpu: billed.cpu,
    billedMemoryInGB: billed.memoryInGB,
    perHour: round(perHour),
    per1000Requests: round((1000 * perHour) / (3600 * rate)),
    prices: `${prices.region}, ${prices.date}`,
  };
}

const round = (value: number) => Number(value.toPrecision(9));
