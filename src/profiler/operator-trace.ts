import type { OperatorCost } from './series';

/** One complete event of ONNX Runtime's trace, which has Chrome's trace event form; times are microseconds. */
export interface TraceEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

const MOST_OPERATORS = 10;
const NAMED_NODES = 3;
const KERNEL = '_kernel_time';

/** @throws Error where it is no such trace */
export function parseTrace(text: string): TraceEvent[] {
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new Error("ONNX Runtime's trace is not a list of events");
  return (parsed as Array<Partial<TraceEvent> | null>).filter(isEvent);
}

const isEvent = (event: Partial<TraceEvent> | null): event is TraceEvent =>
  typeof event?.name === 'string' && Number.isFinite(event.ts) && Number.isFinite(event.dur);

/**
 * The dearest kinds of operators, with the nodes that make them so. A node that runs a graph of its own (If, Loop, Scan) counts
 * only what that does not. The first run, which allocates, is left out where there are others.
 */
export function summarizeTrace(events: readonly TraceEvent[]): OperatorCost[] {
  const runs = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run');
  const start = runs.length > 1 ? runs[0].ts + runs[0].dur : 0;
  const counted = Math.max(runs.length - 1, 1);
  const nodes = events.filter(({ cat, name, ts }) => cat === 'Node' && name.endsWith(KERNEL) && ts >= start);
  const operators = new Map<string, Map<string, number>>();
  let total = 0;
  for (const [node, own] of ownTimes(nodes)) {
    const operator = node.args?.op_name ?? 'unknown';
    const names = operators.get(operator) ?? new Map<string, number>();
    const name = node.name.slice(0, -KERNEL.length);
    operators.set(operator, names.set(name, (names.get(name) ?? 0) + own));
    total += own;
  }
  return [...operators]
    .map(([operator, names]) => cost(operator, names, counted, total))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, MOST_OPERATORS);
}

function cost(operator: string, names: ReadonlyMap<string, number>, runs: number, total: number): OperatorCost {
  const us = [...names.values()].reduce((sum, each) => sum + each, 0);
  return { operator, detail: detail(names), ms: us / 1000 / runs, share: total > 0 ? us / total : 0 };
}

/** "conv4, conv7, conv2 and 9 more"; nodes without a name are only counted. */
function detail(names: ReadonlyMap<string, number>): string {
  const named = [...names].filter(([name]) => name !== '').sort(([, a], [, b]) => b - a);
  const shown = named.slice(0, NAMED_NODES).map(([name]) => name);
  const more = names.size - shown.length;
  if (shown.length === 0) return 'without a name';
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

/** Microseconds that each event took without those inside it. Kernels of one run do not overlap in any other way. */
function ownTimes(events: readonly TraceEvent[]): Map<TraceEvent, number> {
  const own = new Map<TraceEvent, number>();
  const around: TraceEvent[] = [];
  // of two that begin together, the longer one is outside
  for (const event of [...events].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
    while (around.length > 0 && end(around[around.length - 1]) <= event.ts) around.pop();
    const parent = around.at(-1);
    if (parent) own.set(parent, Math.max(0, (own.get(parent) ?? 0) - event.dur));
    own.set(event, event.dur);
    around.push(event);
  }
  return own;
}

const end = ({ ts, dur }: TraceEvent): number => ts + dur;
