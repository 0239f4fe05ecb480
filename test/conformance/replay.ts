import { mismatches } from './match';
import { Expected, ExpectedStart, Row } from './row';
import { Answer, send } from './send';
import { RunningServer, Start } from './started-server';

/** The request sent `meanwhile` is with the script after this time. */
const HEAD_START_MS = 150;
const LOG_PATIENCE_MS = 3_000;

/** What came of a row. */
export interface Replay {
  readonly answer: Answer;
  /** Every way in which it is not what was expected. */
  readonly faults: readonly string[];
}

/** Sends the row's request. */
export async function replay(server: RunningServer, row: Row, expected: Expected): Promise<Replay> {
  const written = server.output().length;
  let meanwhileDone = false;
  const meanwhile = row.meanwhile === undefined ? undefined : send(server.port, row.meanwhile).then(() => (meanwhileDone = true));
  if (meanwhile !== undefined) await new Promise(resolve => setTimeout(resolve, HEAD_START_MS));
  const answer = await send(server.port, row.request).catch(noAnswer);
  const waited = meanwhileDone;
  await meanwhile?.catch(() => undefined);
  const faults = mismatches(expected, answer);
  if (expected.waits !== undefined && expected.waits !== waited) {
    faults.push(`the answer came ${waited ? 'after' : 'before'} the one before it`);
  }
  if (expected.logs !== undefined && !(await writes(server, written, expected.logs))) {
    faults.push(`${String(expected.logs)} is not in the log: ${server.output().slice(written)}`);
  }
  return { answer, faults };
}

function noAnswer(error: Error): Answer {
  return { status: 0, headers: [], body: Buffer.from(error.message), pieces: 0 };
}

/** Every way in which the start is not the expected one. */
export function startMismatches(expected: ExpectedStart, start: Start): string[] {
  const code = start.server === undefined ? start.exitCode : undefined;
  const faults: string[] = [];
  if (code !== expected.exitCode) faults.push(`exit code ${code}, expected ${expected.exitCode}:\n${start.output.slice(-1000)}`);
  if (expected.says !== undefined && !expected.says.test(start.output)) {
    faults.push(`it did not say ${String(expected.says)}:\n${start.output.slice(-1000)}`);
  }
  return faults;
}

async function writes(server: RunningServer, from: number, pattern: RegExp): Promise<boolean> {
  for (const end = Date.now() + LOG_PATIENCE_MS; Date.now() < end;) {
    if (pattern.test(server.output().slice(from))) return true;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return false;
}
