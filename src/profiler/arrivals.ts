import type { BurstPattern, LoadPattern, TracePattern } from './load-pattern';
import type { Random } from './random';

export { derivedSeed, Random } from './random';

/** When requests are due. */
export interface Schedule {
  /** Milliseconds from the start, ascending. */
  readonly dueMs: Float64Array;
  /** The input of each request, where the pattern is a recording that says so. */
  readonly inputs?: Uint32Array;
}

/** Arrivals one after the other: each call gives the gap before the next, in units of the mean gap. */
interface ArrivalStream {
  readonly gap: () => number;
  /** The input of the arrival that `gap` gave last. */
  readonly input?: () => number;
}

/**
 * When requests that arrive in `pattern` at `rate` a second are due, up to `durationMs`. The rate is that of the process: what
 * one run holds scatters around it, and bursts scatter most.
 */
export function schedule(pattern: LoadPattern, rate: number, durationMs: number, random: Random): Schedule {
  const { gap, input } = arrivals(pattern, rate, random);
  const due: number[] = [];
  const inputs: number[] = [];
  const meanGapMs = 1000 / rate;
  for (let at = gap() * meanGapMs; at < durationMs; at += gap() * meanGapMs) {
    due.push(at);
    if (input) inputs.push(input());
  }
  return { dueMs: Float64Array.from(due), ...(input && { inputs: Uint32Array.from(inputs) }) };
}

/**
 * `count` gaps between arrivals, in units of the mean gap.
 *
 * @param rate requests a second: bursts have a length in milliseconds, so how many requests one holds depends on it. Others
 * do not look at it.
 */
export function patternGaps(pattern: LoadPattern, count: number, random: Random, rate = 50): Float64Array {
  const { gap } = arrivals(pattern, rate, random);
  return Float64Array.from({ length: count }, gap);
}

function arrivals(pattern: LoadPattern, rate: number, random: Random): ArrivalStream {
  switch (pattern.kind) {
    case 'poisson':
      return { gap: () => random.exponential() };
    case 'constant':
      return constant(random);
    case 'burst':
      return burst(pattern, rate, random);
    case 'trace':
      return trace(pattern, random);
  }
}

/** From a random phase on: a start in step with the quota's periods would give a freak result. */
function constant(random: Random): ArrivalStream {
  let next = random.next();
  return {
    gap: () => {
      const gap = next;
      next = 1;
      return gap;
    },
  };
}

function burst({ factor, share, meanMs }: BurstPattern, rate: number, random: Random): ArrivalStream {
  const rates = { calm: (1 - factor * share) / (1 - share), busy: factor };
  const busyLength = (meanMs * rate) / 1000;
  const lengths = { calm: (busyLength * (1 - share)) / share, busy: busyLength };
  // stationary from the start, and what is left of an exponential time is distributed as the whole
  let state: keyof typeof rates = random.next() < share ? 'busy' : 'calm';
  let left = random.exponential() * lengths[state];
  return {
    gap: () => {
      let gap = 0;
      // exponential "work", used up at the rate of the state it is in
      let work = random.exponential();
      while (work > left * rates[state]) {
        gap += left;
        work -= left * rates[state];
        state = state === 'busy' ? 'calm' : 'busy';
        left = random.exponential() * lengths[state];
      }
      const rest = work / rates[state];
      left -= rest;
      return gap + rest;
    },
  };
}

/** From a random arrival on, round and round: seeds that differ see different parts of a long recording. */
function trace({ atMs, order }: TracePattern, random: Random): ArrivalStream {
  const last = atMs.length - 1;
  const meanGapMs = (atMs[last] - atMs[0]) / last;
  let next = random.below(atMs.length);
  let current = next;
  return {
    gap: () => {
      current = next;
      next = (next + 1) % atMs.length;
      // the gap from the last arrival to the first again is not recorded: an average one
      return current === 0 ? 1 : (atMs[current] - atMs[current - 1]) / meanGapMs;
    },
    input: () => order[current],
  };
}
