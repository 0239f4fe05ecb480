import { spawn } from 'child_process';
import { once } from 'events';
import * as path from 'path';
import { Cleanup } from '../../../src/profiler/cleanup';
import { LoadClient } from '../../../src/profiler/load-client';
import type { LoadPattern } from '../../../src/profiler/load-pattern';
import { quantile, sorted } from '../../../src/profiler/statistics';
import { Scratch } from '../scratch';
import { round } from './trial';

/** The p99 that was reported beside the one that the stall must cause. */
export interface StallCheck {
  readonly reportedMs: number;
  readonly analyticMs: number;
}

const RATE = 20;
const SECONDS = 25;
const STALL_MS = 1_000;
/** Counted from 1; in the middle of the run. */
const STALL_AT = 250;

/** One request stops the server for a second, at 20 requests a second. A client that waits for its answer would hardly see it. */
export async function checkStall(scratch: Scratch, kind: 'constant' | 'poisson', seed: number): Promise<StallCheck> {
  const program = path.join(__dirname, '..', 'scripts', 'stall_server.js');
  const cleanup = new Cleanup();
  const child = spawn(process.execPath, [program, String(STALL_AT), String(STALL_MS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.add(() => child.kill('SIGKILL'));
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const client = LoadClient.start(path.join(scratch.programs, 'load-generator.js'), [{ body: '{}' }], cleanup);
    const pattern: LoadPattern = { kind };
    const { latenciesMs, dueMs } = await client.run({
      ...{ kind: 'open', scoringUri: line.toString().trim(), rate: RATE, durationMs: SECONDS * 1000, seed, pattern },
      maxOutstanding: 100,
    });
    return {
      reportedMs: round(quantile(sorted(latenciesMs), 0.99)),
      analyticMs: round(quantile(sorted(analytic(dueMs)), 0.99)),
    };
  } finally {
    cleanup.run();
  }
}

/** Who is due during the stall waits for its end; all others are answered at once. */
function analytic(dueMs: Float64Array): Float64Array {
  const stalled = dueMs[STALL_AT - 1];
  return dueMs.map(due => (due >= stalled ? Math.max(0, stalled + STALL_MS - due) : 0));
}
