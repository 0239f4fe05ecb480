import { InvalidArgumentError } from 'commander';

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** `40ms`, `0.2s`, `1m` in milliseconds. A bare number is refused: 40 what? */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(ms|s|m)$/.exec(text.trim());
  const milliseconds = match ? Number(match[1]) * MILLISECONDS[match[2]] : NaN;
  if (!(milliseconds > 0)) throw new InvalidArgumentError('Give a time above 0 with its unit, such as 40ms or 0.2s.');
  return milliseconds;
}

/** A finite number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** A whole number from `low` to `high`. */
export function parseWhole(low: number, high: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
  };
}

/** Gathers repeated `key=value` options; the last of a key wins. The value may hold `=` and may be empty. */
export function collectPairs(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as key=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Gathers a repeated option. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** A number above `low`, up to `high`. */
export function parseAbove(low: number, high: number): (text: string) => number {
  return text => {
    const value = parsePositive(text);
    if (value > low && value <= high) return value;
    throw new InvalidArgumentError(`Give a number above ${low}, up to ${high}.`);
  };
}

/** A factor and, after `±` or `+-`, how far it may be off. */
export interface UncertainFactor {
  readonly factor: number;
  /** Relative, 0.1 for ±10 %. */
  readonly uncertainty?: number;
}

/** `0.8`, `0.8±10%`, `0.8+-10%`. */
export function parseUncertainFactor(text: string): UncertainFactor {
  const match = /^([\d.]+)(?:\s*(?:±|\+-|\+\/-)\s*([\d.]+)\s*%)?$/.exec(text.trim());
  const factor = Number(match?.[1] ?? NaN);
  const uncertainty = match?.[2] === undefined ? undefined : Number(match[2]) / 100;
  if (!(factor > 0) || !((uncertainty ?? 0) < 1))
    throw new InvalidArgumentError('Give a number above 0 and, if known, how far it may be off: 0.8 or 0.8±10%.');
  return { factor, uncertainty };
}

/** Whether the file is a script with `init` and `run`, and no model. */
export const isEntryScript = (file: string): boolean => /\.(py|[cm]?[jt]s)$/.test(file);
