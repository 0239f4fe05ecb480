import { tidy } from './format';

/** Where a value stands on an axis, and the ticks that are labelled. Ticks are our own: a chart's logarithmic axis labels powers of ten only. */
export interface Scale {
  at(value: number): number;
  readonly min: number;
  readonly max: number;
  /** Positions with their labels; absent where the chart may choose. */
  readonly ticks?: ReadonlyArray<readonly [number, string]>;
}

/** Linear from zero, or logarithmic where the small values would vanish otherwise. */
export function scaleOf(values: readonly number[]): Scale {
  const sound = values.filter(value => Number.isFinite(value) && value > 0);
  const [least, most] = sound.length === 0 ? [1, 1] : [Math.min(...sound), Math.max(...sound)];
  return most / least > 12 ? logarithmic(least, most) : linear(most);
}

const linear = (most: number): Scale => ({ at: tidy, min: 0, max: tidy(most * 1.08) });

function logarithmic(least: number, most: number): Scale {
  const at = (value: number): number => tidy(Math.log10(Math.max(value, least / 2)));
  const [low, high] = [Math.log10(least) - 0.05, Math.log10(most) + 0.08];
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const steps = high - low > 3.2 ? [1] : [1, 2, 5];
  const ticks = decades
    .flatMap(decade => steps.map(step => step * 10 ** decade))
    .filter(value => Math.log10(value) >= low && Math.log10(value) <= high)
    .map(value => [at(value), String(tidy(value))] as const);
  return { at, min: tidy(low), max: tidy(high), ticks };
}

/** Shares of requests, stretched towards the slowest: 90, 99 and 99.9 % are equally far apart. */
export function nines(highest: number): Scale {
  const at = (share: number): number => tidy(-Math.log10(Math.max(1 - share, 1e-6)));
  const ticks = [0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999]
    .filter(share => share <= Math.max(highest, 0.99))
    .map(share => [at(share), `${tidy(share * 100)} %`] as const);
  return { at, min: 0, max: tidy(at(Math.max(highest, 0.99)) + 0.06), ticks };
}
