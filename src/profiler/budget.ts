/** How much time goes into what. Milliseconds. */
export interface Budget {
  /** What it comes to where the first size holds and the next cheaper one does not, for the display. */
  readonly expectedMs: number;
  /** Longest wait for a steady state. */
  readonly warmUpCapMs: number;
  readonly warmUpBatchMs: number;
  /** Interleaved repeats of each measurement. */
  readonly repeats: number;
  /** Windows that may be taken again because others disturbed them. */
  readonly retakes: number;
  readonly serialMs: number;
  readonly concurrentMs: number;
  readonly atRateMs: number;
  /** Windows at the rate, of the base settings: what requests cost there decides everything, and one window is one sample. */
  readonly atRateRounds: number;
  /** Whether other threads and spinning are measured even if one thread is fast enough. */
  readonly compareSettings: boolean;
  /** Requests in flight at which the cost of batches is measured. */
  readonly batchConcurrency: readonly number[];
  readonly batchMs: number;
  readonly operators: boolean;
  /** Whether latency is looked at under smaller and smaller memory limits. */
  readonly cliff: boolean;
  readonly verifyMinMs: number;
  readonly verifyMaxMs: number;
  /** Of a fresh server before its quota; as much again where its requests are still dearer than those that were measured. */
  readonly settleMs: number;
  /** CPU time of the load before what a size carries is measured. */
  readonly compileCpuMs: number;
  /** Closed loop under the limits, after the run: what the size carries. */
  readonly saturatedMs: number;
  /** No run is begun after this long, all in all, to decide a size once more, or to try a cheaper one than what is proven. */
  readonly startNoMoreAfterMs: number;
  /** None at all is begun after this long, even where nothing is proven yet. */
  readonly giveUpAfterMs: number;
}

export const BUDGETS: Readonly<Record<'standard' | 'quick', Budget>> = {
  standard: {
    expectedMs: 55_000,
    warmUpCapMs: 4_000,
    warmUpBatchMs: 250,
    repeats: 5,
    retakes: 3,
    serialMs: 360,
    concurrentMs: 260,
    atRateMs: 1_500,
    atRateRounds: 3,
    compareSettings: true,
    batchConcurrency: [4, 16],
    batchMs: 500,
    operators: true,
    cliff: true,
    verifyMinMs: 5_000,
    verifyMaxMs: 12_000,
    settleMs: 1_200,
    compileCpuMs: 250,
    saturatedMs: 1_000,
    startNoMoreAfterMs: 60_000,
    giveUpAfterMs: 95_000,
  },
  quick: {
    expectedMs: 13_000,
    warmUpCapMs: 1_200,
    warmUpBatchMs: 150,
    repeats: 3,
    retakes: 1,
    serialMs: 250,
    concurrentMs: 200,
    atRateMs: 600,
    atRateRounds: 1,
    compareSettings: false,
    batchConcurrency: [],
    batchMs: 300,
    operators: false,
    cliff: false,
    verifyMinMs: 2_000,
    verifyMaxMs: 5_000,
    settleMs: 400,
    compileCpuMs: 50,
    saturatedMs: 500,
    startNoMoreAfterMs: 8_000,
    giveUpAfterMs: 11_000,
  },
};
