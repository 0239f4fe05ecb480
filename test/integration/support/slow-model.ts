import * as path from 'path';

/** A model that takes as long as its input says. */
export const SLOW_MODEL = path.join(__dirname, '..', '..', 'fixtures', 'models', 'slow.onnx');

/** Posts so many rounds of work; gives back the answer's status and how long it took, in milliseconds. */
export async function work(scoringUri: string, rounds: number): Promise<{ status: number; ms: number }> {
  const start = performance.now();
  const response = await fetch(scoringUri, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ rounds }),
    signal: AbortSignal.timeout(120_000),
  });
  await response.arrayBuffer();
  return { status: response.status, ms: performance.now() - start };
}

/** Rounds that keep this service busy for about so many seconds. Measured, as machines and limits differ. */
export async function roundsFor(scoringUri: string, seconds: number): Promise<number> {
  await work(scoringUri, 1);
  let rounds = 50;
  for (;;) {
    const { ms } = await work(scoringUri, rounds);
    if (ms > 500) return Math.ceil((rounds * seconds * 1000) / ms);
    rounds *= 2;
  }
}
