import { Interval, median, sorted } from './statistics';

/** How a second sample of a positive quantity compares with a first. */
export interface SampleComparison {
  /** P(at least so much larger, if both were alike), one-sided. */
  readonly pValue: number;
  /** Hodges and Lehmann's estimate of second / first: the median of all ratios between the two. */
  readonly ratio: number;
  /** 95 % confidence interval of `ratio`. */
  readonly ratioInterval: Interval;
  /** P(second > first) − P(second < first) for one drawn of each, −1 to 1. */
  readonly cliffsDelta: number;
}

/** Up to so many values in all, the distribution is counted; above, the normal approximation is as good. */
const COUNTED = 60;

/**
 * The Mann–Whitney U test of whether `second` is larger than `first`, with the sizes of the effect. Neither may be empty.
 *
 * Exact, by counting all ways to draw the ranks (ties share theirs), for up to 60 values in all, else the normal approximation
 * with tie and continuity corrections. Sources: Mann & Whitney 1947; Hodges & Lehmann 1963; Cliff 1993.
 */
export function compareSamples(first: readonly number[], second: readonly number[]): SampleComparison {
  const { ranks, ties } = midRanks([...second, ...first]);
  const rankSum = ranks.slice(0, second.length).reduce((total, rank) => total + rank, 0);
  const count = first.length * second.length;
  const u = rankSum - (second.length * (second.length + 1)) / 2;
  const pValue =
    ranks.length <= COUNTED ? exactTail(ranks, second.length, rankSum) : normalTail(u, first.length, second.length, ties);
  const ratios = sorted(first.flatMap(before => second.map(after => after / before)));
  return {
    pValue,
    ratio: median(ratios),
    ratioInterval: moses(ratios, first.length, second.length),
    cliffsDelta: (2 * u) / count - 1,
  };
}

/** Ranks from 1, equal values sharing the mean of theirs, and how many share each. */
function midRanks(values: readonly number[]): { readonly ranks: number[]; readonly ties: number[] } {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  const ties: number[] = [];
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2;
    ties.push(to - from);
    from = to;
  }
  return { ranks, ties };
}

/** Share of all choices of `size` ranks whose sum is at least `rankSum`. */
function exactTail(ranks: readonly number[], size: number, rankSum: number): number {
  const doubled = ranks.map(rank => Math.round(2 * rank)); // whole numbers, also where ranks are shared
  const total = doubled.reduce((a, b) => a + b, 0);
  // ways[k][s]: choices of k ranks whose doubled sum is s
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(total + 1));
  ways[0][0] = 1;
  let seen = 0;
  for (const [i, rank] of doubled.entries()) {
    seen += rank;
    for (let k = Math.min(size, i + 1); k >= 1; k--) {
      const [chosen, fewer] = [ways[k], ways[k - 1]];
      for (let s = seen; s >= rank; s--) chosen[s] += fewer[s - rank];
    }
  }
  const all = ways[size].reduce((a, b) => a + b, 0);
  const tail = ways[size].subarray(Math.round(2 * rankSum)).reduce((a, b) => a + b, 0);
  return tail / all;
}

function normalTail(u: number, n: number, m: number, ties: readonly number[]): number {
  const values = n + m;
  const tied = ties.reduce((total, t) => total + (t ** 3 - t), 0) / (values * (values - 1));
  const deviation = Math.sqrt(((n * m) / 12) * (values + 1 - tied));
  if (deviation === 0) return 1; // all values are equal
  return 1 - normalCdf((u - (n * m) / 2 - 0.5) / deviation);
}

/** The interval of all shifts that the two-sided test would not refuse: the k-th smallest and k-th largest ratio (Moses 1965). */
function moses(ratios: Float64Array, n: number, m: number): Interval {
  const middle = (n * m) / 2;
  const k = Math.max(0, Math.floor(middle - 1.96 * Math.sqrt((n * m * (n + m + 1)) / 12)));
  return [ratios[k], ratios[ratios.length - 1 - k]];
}

/** Absolute error below 7.5e-8. Source: Abramowitz & Stegun, 26.2.17. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}
