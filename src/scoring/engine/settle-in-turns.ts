import type { ScoreAnswer } from './engine';

/** The answers of a batch may hold up the event loop for so long; then others have their turn, such as health probes. */
const TURN_MS = 1;

/** What waits for an answer writes it as soon as it has it. */
export async function settleInTurns(
  batch: readonly { readonly resolve: (answer: ScoreAnswer) => void }[],
  answers: readonly ScoreAnswer[],
): Promise<void> {
  let begin = performance.now();
  for (let i = 0; i < batch.length; i++) {
    batch[i].resolve(answers[i]);
    await Promise.resolve();
    if (performance.now() - begin < TURN_MS) continue;
    await new Promise(resolve => setImmediate(resolve));
    begin = performance.now();
  }
}
