/** A closed interval, in the unit of what it bounds. */
export type Interval = readonly [low: number, high: number];

export const sum = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
};

export const mean = (values: ArrayLike<number>): number => sum(values) / values.length;

/** A sorted copy, ascending; infinities (requests that failed) come last. */
export const sorted = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).sort();

export function median(values: ArrayLike<number>): number {
  const ordered = sorted(values);
  const middle = ordered.length >> 1;
  return ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
}

/** The smallest value that at least the share `p` of `ascending` does not exceed: an observed one, never interpolated. */
export function quantile(ascending: ArrayLike<number>, p: number): number {
  const rank = Math.max(1, Math.ceil(p * ascending.length - 1e-9));
  return ascending[rank - 1];
}

/**
 * Distribution-free confidence interval for quantile `p` from order statistics of `ascending`.
 * `effective` is the number of independent observations that the sample is worth, where it is autocorrelated.
 * Undefined where the sample is too small to bound the quantile; callers print "not resolvable".
 * Source: exact binomial ranks (David & Nagaraja, Order Statistics, 7.1).
 */
export function quantileInterval(
  ascending: ArrayLike<number>,
  p: number,
  confidence = 0.95,
  effective = ascending.length,
): Interval | undefined {
  const ranks = quantileRanks(Math.min(Math.floor(effective), ascending.length), p, confidence);
  if (ranks === undefined) return undefined;
  const scale = ascending.length / Math.floor(effective);
  const low = Math.max(1, Math.floor(ranks[0] * scale));
  const high = Math.min(ascending.length, Math.ceil(ranks[1] * scale));
  return [ascending[low - 1], ascending[high - 1]];
}

/** Ranks l < u, counted from 1, of `n` observations between which quantile `p` lies with at least `confidence`. */
export function quantileRanks(n: number, p: number, confidence: number): Interval | undefined {
  const tail = (1 - confidence) / 2;
  let low = 0;
  let high: number | undefined;
  let below = 0;
  for (let k = 0; k < n && high === undefined; k++) {
    below += Math.exp(logBinomialTerm(k, n, p));
    if (below <= tail) low = k + 1;
    if (below >= 1 - tail) high = k + 1;
  }
  return low === 0 || high === undefined ? undefined : [low, high];
}

/** P(Binomial(n, p) ≤ k). */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  let total = 0;
  for (let i = 0; i <= Math.min(k, n); i++) total += Math.exp(logBinomialTerm(i, n, p));
  return Math.min(1, total);
}

/** What a sample says about a promise of the form "the share `p` of requests takes no longer than the limit". */
export type Verdict = 'holds' | 'fails' | 'unresolved';

/**
 * Exact binomial test: `over` of `n` requests exceeded the limit. `holds` where so few would be unlikely if the promise
 * were just broken, `fails` where so many would be unlikely if it were just kept; `error` bounds both mistakes.
 * Source: MLPerf LoadGen's early stopping.
 */
export function judgeCount(over: number, n: number, p: number, error: number): Verdict {
  if (n > 0 && binomialCdf(Math.ceil(over), n, 1 - p) <= error) return 'holds';
  if (n > 0 && 1 - binomialCdf(Math.floor(over) - 1, n, 1 - p) <= error) return 'fails';
  return 'unresolved';
}

/**
 * The promise judged on latencies in the order of arrival. Queued requests are late together, so the sample counts
 * only as many independent observations as its autocorrelation leaves.
 */
export function judgeLatencies(latencies: ArrayLike<number>, limit: number, p: number, error: number): Verdict {
  let over = 0;
  for (let i = 0; i < latencies.length; i++) if (!(latencies[i] <= limit)) over++;
  const effective = effectiveSampleSize(latencies, p);
  return judgeCount((over * effective) / latencies.length, Math.floor(effective), p, error);
}

/**
 * How many independent observations a series is worth for its quantile `p`, told from "exceeds the quantile": queued requests are
 * late together.
 */
export function effectiveSampleSize(series: ArrayLike<number>, p: number): number {
  const n = series.length;
  if (n < 10) return n;
  const limit = quantile(sorted(series), p);
  return n / inefficiency(Float64Array.from({ length: n }, (_, i) => (series[i] > limit ? 1 : 0)));
}

/**
 * How many observations of a series are worth one independent one: 1 + 2 Σ ρ over its autocorrelations, summed while pairs of them
 * stay positive (Geyer's initial positive sequence, 1992). At least 1.
 */
export function inefficiency(series: Float64Array): number {
  const n = series.length;
  const average = mean(series);
  const variance = autocovariance(series, average, 0);
  if (!(variance > 0)) return 1;
  let total = 0;
  for (let lag = 1; lag + 1 < n / 2; lag += 2) {
    const pair = (autocovariance(series, average, lag) + autocovariance(series, average, lag + 1)) / variance;
    if (pair <= 0) break;
    total += pair;
  }
  return Math.max(1, 1 + 2 * total);
}

/** The slope that half of all pairs exceed, per index: blind to outliers (Theil 1950, Sen 1968). At most 400 values. */
export function theilSenSlope(values: ArrayLike<number>): number {
  const slopes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) slopes.push((values[j] - values[i]) / (j - i));
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

/**
 * How many leading values to drop so that the mean of the rest is known best: the marginal standard error rule on means of
 * `batch` values. At most half: a cut there may mean that the series never settled, which its slope then shows.
 * Source: White, "An effective truncation heuristic for bias reduction in simulation output" (MSER, 1997); MSER-5 in
 * Spratt 1998.
 */
export function mserCut(values: ArrayLike<number>, batch = 5): number {
  const batches = Math.floor(values.length / batch);
  const means = Array.from({ length: batches }, (_, b) => mean(Array.prototype.slice.call(values, b * batch, (b + 1) * batch)));
  let best = Infinity;
  let cut = 0;
  for (let drop = 0; drop <= batches >> 1; drop++) {
    const rest = means.slice(drop);
    const centre = mean(rest);
    const score = sum(rest.map(value => (value - centre) ** 2)) / rest.length ** 2;
    if (score >= best) continue;
    best = score;
    cut = drop;
  }
  return cut * batch;
}

/** Of a series around its mean, `lag` apart. */
export function autocovariance(values: Float64Array, average: number, lag: number): number {
  let total = 0;
  for (let i = 0; i + lag < values.length; i++) total += (values[i] - average) * (values[i + lag] - average);
  return total / values.length;
}

function logBinomialTerm(k: number, n: number, p: number): number {
  if (p <= 0) return k === 0 ? 0 : -Infinity;
  if (p >= 1) return k === n ? 0 : -Infinity;
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
}

const logFactorials: number[] = [0, 0];

function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) logFactorials.push(logFactorials[i - 1] + Math.log(i));
  return logFactorials[n];
}
