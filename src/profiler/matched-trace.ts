import { derivedSeed, Random } from './arrivals';
import { predictLatencies, ServiceDemand, simulateQuota, Workload } from './quota-simulator';
import { autocovariance, inefficiency, judgeCount, mean, Verdict } from './statistics';

/** What a simulation says of one run: of its own arrivals, and of any others at the same rate. */
export interface Expectation {
  /** For each request of the run, how likely it is to be late. */
  readonly ofRun: Float64Array;
  /** Share of requests that are late in the long run. */
  readonly inLongRun: number;
  /** The same in a server whose requests are dearer, as the next fresh one may be. */
  readonly inDearerServer: number;
}

/** Phases of the bandwidth period, and draws of which request is which, that a run is simulated with. */
const DRAWS = 24;

/** A run as it was sent, and the cores that it was sent to. */
export interface SentRun {
  /** When each request was due, milliseconds from the start. */
  readonly dueMs: Float64Array;
  readonly rate: number;
  readonly cores: number;
}

/** Latencies of the arrivals that a run had, once for each draw of what the run did not tell: phase and single costs. */
export function simulateRun(
  demand: ServiceDemand,
  streams: readonly Workload[],
  { dueMs, rate, cores }: SentRun,
): Float64Array[] {
  const gaps = dueMs.map((at, i) => ((at - (i > 0 ? dueMs[i - 1] : 0)) * rate) / 1000);
  return Array.from({ length: DRAWS }, (_, draw) => {
    const random = new Random(derivedSeed(draw, dueMs.length));
    const picks = Float64Array.from(gaps, () => random.next());
    const { lumps } = streams[draw % streams.length];
    return simulateQuota(demand, { gaps, picks, lumps, phase: draw / DRAWS }, rate, cores);
  });
}

/** What is to be expected of a run, over all draws; `dearer` is the demand of another server. */
export function expectationOf(
  demand: ServiceDemand,
  dearer: ServiceDemand,
  streams: readonly Workload[],
  { limitMs, ...run }: SentRun & { readonly limitMs: number },
): Expectation {
  const ofRun = new Float64Array(run.dueMs.length);
  for (const latencies of simulateRun(demand, streams, run)) {
    for (let i = 0; i < ofRun.length; i++) if (latencies[i] > limitMs) ofRun[i] += 1 / DRAWS;
  }
  const inLongRunOf = (of: ServiceDemand): number => {
    const latencies = predictLatencies(of, streams, run.rate, run.cores);
    return latencies.filter(each => each > limitMs).length / latencies.length;
  };
  return { ofRun, inLongRun: inLongRunOf(demand), inDearerServer: inLongRunOf(dearer) };
}

/** How a promise looks beside its simulation. */
export interface MatchedJudgement {
  readonly verdict: Verdict;
  /** Share of late requests in the long run, as the run and its simulation tell it together; in a dearer server, where that decides. */
  readonly lateShare: number;
  /** Independent requests that the run is worth. */
  readonly effectiveSamples: number;
  /** The promise is kept by the server that was run, and would not be by a dearer one. */
  readonly onlyHere: boolean;
}

/** A simulation may make a run worth this many times as many requests as it would be alone. */
const MOST_GAIN = 10;
/** And this many times as many as it had. */
const MOST_SAMPLES = 3;

/**
 * Judges latencies with the simulation of the same arrivals as a control variate (Lavenberg & Welch 1981): what was late because this
 * run's arrivals came badly, or in time because they came well, is taken out. So a run says more about the next, and one without a
 * late request is not taken for more than its arrivals were worth. Where run and simulation disagree on how many were late, only
 * what they have in common request by request is taken out, which may be nothing: then this is the plain test.
 *
 * A promise that this server is shown to keep, and a dearer one would break by the same reckoning, is neither shown to hold nor to fail.
 */
export function judgeMatched(
  latencies: ArrayLike<number>,
  { ofRun, inLongRun, inDearerServer }: Expectation,
  limitMs: number,
  percentile: number,
  error: number,
): MatchedJudgement {
  const n = latencies.length;
  const late = Float64Array.from({ length: n }, (_, i) => (latencies[i] <= limitMs ? 0 : 1));
  const expected = mean(ofRun);
  const share = agree(late, ofRun) ? 1 : common(late, ofRun);
  const adjusted = late.map((each, i) => each - share * (ofRun[i] - inLongRun));
  const lateShareOf = (longRun: number): number => Math.min(1, Math.max(0, mean(late) - share * (expected - longRun)));
  const gain = Math.min(MOST_GAIN, Math.max(1, spreadOfMean(late) / (spreadOfMean(adjusted) || Infinity)));
  const effectiveSamples = Math.floor(Math.min((n / inefficiency(late)) * gain, MOST_SAMPLES * n));
  const judge = (lateShare: number): MatchedJudgement => ({
    verdict: judgeCount(lateShare * effectiveSamples, effectiveSamples, percentile, error),
    ...{ lateShare, effectiveSamples, onlyHere: false },
  });
  const own = judge(lateShareOf(inLongRun));
  if (own.verdict !== 'holds') return own;
  // this is computed, and not a sample that could be a lucky one: it need not be proven
  const dearer = lateShareOf(inDearerServer);
  return dearer <= 1 - percentile ? own : { ...own, verdict: 'unresolved', lateShare: dearer, onlyHere: true };
}

/** Standard errors, and single requests, within which run and simulation have the same number of late requests. */
const ALIKE = 2;

function agree(late: Float64Array, ofRun: Float64Array): boolean {
  const difference = late.map((each, i) => each - ofRun[i]);
  const error = Math.sqrt(spreadOfMean(difference) / late.length);
  return Math.abs(mean(difference)) <= ALIKE * error + 1 / late.length;
}

/** The share of the simulation's excursions that the run followed, 0 to 1: least squares. */
function common(late: Float64Array, ofRun: Float64Array): number {
  const [a, b] = [mean(late), mean(ofRun)];
  let together = 0;
  let alone = 0;
  for (let i = 0; i < late.length; i++) {
    together += (late[i] - a) * (ofRun[i] - b);
    alone += (ofRun[i] - b) ** 2;
  }
  return alone > 0 ? Math.min(1, Math.max(0, together / alone)) : 0;
}

/** Variance of a correlated series' mean, times its length. */
const spreadOfMean = (series: Float64Array): number => autocovariance(series, mean(series), 0) * inefficiency(series);
