import { ChildProcess, fork } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import type { ProfileInput } from './input-set';
import type { OperatorReply, OperatorRequest } from './operator-profile-main';
import { parseTrace, summarizeTrace } from './operator-trace';
import type { OperatorCost } from './series';

/** What a model's graph spends its time on; an explanation, so that where it cannot be had, there is a reason instead. */
export interface OperatorProfile {
  /** Dearest first, at most ten; empty where `reason` is given. */
  readonly operators: readonly OperatorCost[];
  readonly reason?: string;
}

/** Loading and running together; the runs get what loading leaves, and end in time. */
const CAP_MS = 5_000;
/** A loop's body writes a line for each node of each round: such a trace takes longer to read than it explains. */
const MAX_TRACE_BYTES = 64 * 1024 ** 2;

/**
 * Runs a model about `runs` times with ONNX Runtime's own profiler on, in a process of its own: the profiler slows runs down, and
 * a model that breaks takes nothing with it. Takes at most five seconds and never rejects.
 *
 * @param program the bundled `operator-profile.js`
 */
export async function profileOperators(
  program: string,
  modelPath: string,
  inputs: readonly ProfileInput[],
  runs = 20,
  capMs = CAP_MS,
): Promise<OperatorProfile> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-serving-operators-'));
  try {
    const reply = await ask(program, { modelPath, inputs, runs, budgetMs: capMs / 2, prefix: path.join(folder, 'trace') }, capMs);
    if ('error' in reply) return { operators: [], reason: reply.error };
    const operators = summarizeTrace(parseTrace(readTrace(folder)));
    return operators.length > 0 ? { operators } : { operators, reason: 'ONNX Runtime timed no operator' };
  } catch (error) {
    return { operators: [], reason: (error as Error).message };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** One question to a fresh process, which is gone when this resolves. */
async function ask(program: string, request: OperatorRequest, capMs: number): Promise<OperatorReply> {
  const child = fork(program, [], { serialization: 'advanced', execArgv: [], stdio: 'ignore' });
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()).once('error', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<OperatorReply>(resolve => {
      timer = setTimeout(() => resolve({ error: `it took longer than ${capMs / 1000} s` }), capMs);
      child.once('message', (reply: OperatorReply) => resolve(reply));
      child.once('error', error => resolve({ error: error.message }));
      child.once('close', (code, signal) => resolve({ error: `it ended with ${signal ?? `exit code ${code}`}` }));
      child.send(request, error => error && resolve({ error: error.message }));
    });
  } finally {
    clearTimeout(timer);
    await end(child, gone);
  }
}

async function end(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.pid === undefined) return;
  child.kill('SIGKILL');
  await gone;
}

/** The one file that ONNX Runtime wrote; it puts the time into its name. */
function readTrace(folder: string): string {
  const [name] = fs.readdirSync(folder);
  if (name === undefined) throw new Error('ONNX Runtime wrote no trace');
  const file = path.join(folder, name);
  const { size } = fs.statSync(file);
  if (size > MAX_TRACE_BYTES) throw new Error(`its trace has ${Math.round(size / 1024 ** 2)} MB, too much to read`);
  return fs.readFileSync(file, 'utf8');
}
