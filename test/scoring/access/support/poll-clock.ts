/** All that jest can hold, but intervals. */
const OTHERS = ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const;

/** Holds intervals, which is how files are polled, until `nextPoll`; every other clock runs on. */
export function holdPolls(): void {
  jest.useFakeTimers({ doNotFake: [...OTHERS, 'setTimeout', 'clearTimeout'] });
}

/** Longer than it takes to read some small files, also on a busy machine. Milliseconds. */
const READING_MS = 100;

/** The second until the files are read again is over: they are being read. */
export function nextPoll(): void {
  jest.advanceTimersByTime(1_000);
}

/** The same, and resolves when they were read. */
export async function wholePoll(): Promise<void> {
  nextPoll();
  await new Promise(resolve => setTimeout(resolve, READING_MS));
}

export function letPollsRun(): void {
  jest.useRealTimers();
}
