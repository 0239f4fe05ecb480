import * as fs from 'fs';
import * as prettier from 'prettier';
import { describeMachine } from '../../src/profiler/machine';
import { median } from '../../src/profiler/statistics';
import { CASES, describePromise, MODELS } from './cases';
import { flagsNoise, ProfileRun } from './command';
import {
  capacityError,
  coresRatio,
  costRatio,
  goalsOf,
  latencyError,
  matchedErrors,
  percent,
  stepBelowOf,
  succeeded,
} from './goals';
import { Ledger, REPLICATED } from './ledger';
import type { Holding } from './parts/holds';
import type { BalancedCheck } from './parts/replicas';

const BEGIN = '<!-- bench:profile begin -->';
const END = '<!-- bench:profile end -->';

/** What was measured, as Markdown: the goals, then case by case and model by model. */
export function renderReport(ledger: Ledger): string {
  return [
    about(ledger),
    '### Goals',
    goalsTable(ledger),
    '### Cases',
    `Latencies are the case's percentile: the profile's own run, and the three fresh ones. Errors are restated at the speed that the
cores had during the profile. "Below" is one step less than recommended, in runs that
may have ended early. "Brute force" is the smallest size of the grid that held.`,
    casesTable(ledger),
    '### Predictions',
    predictionsTable(ledger),
    '### Replicas',
    'Two servers of plain settings behind a real balancer, at a rate that neither carries alone; p95 of all runs together, and its 95 % interval.',
    replicasTable(ledger),
    '### Memory',
    memoryTable(ledger),
  ].join('\n\n');
}

function about(ledger: Ledger): string {
  const { cpuModel, cores, memoryInGB, platform, nodeVersion } = describeMachine();
  const speeds = CASES.flatMap(bench => ledger.profile(bench).get()?.speed ?? []).map(speed => speed / 1e6);
  const spread =
    speeds.length === 0
      ? ''
      : ` Cores did ${Math.min(...speeds).toFixed(2)} to ${Math.max(...speeds).toFixed(2)} × 10⁹ multiply-adds a second of a fixed kernel, by the profile.`;
  return `${new Date().toISOString().slice(0, 10)}, ${cores} × ${cpuModel}, ${memoryInGB} GB, ${platform}, Node.js ${nodeVersion}.${spread}`;
}

const goalsTable = (ledger: Ledger): string =>
  table(
    ['what', 'goal', 'measured', 'met'],
    goalsOf(ledger).map(({ what, goal, measured, met }) => [
      what,
      goal,
      measured,
      met === undefined ? '–' : met ? 'yes' : '**no**',
    ]),
  );

function casesTable(ledger: Ledger): string {
  const rows = CASES.map(bench => {
    const run = ledger.profile(bench).get();
    const profile = succeeded(ledger, bench);
    const oracle = ledger.oracle(bench).get();
    const holding = ledger.holding(bench).get();
    const below = ledger.below(bench).get();
    return [
      bench.id,
      describePromise(bench),
      profile ? `${profile.recommendedCpu} cores, ${profile.recommendedMemoryInGB} GB` : run && `none (${lastLine(run.words)})`,
      profile && settingsWords(profile.sessionOptions),
      run && `${(run.wallMs / 1000).toFixed(0)} s`,
      profile && `${profile.recommendationLatencyInMs.toFixed(0)} ms`,
      holding && latencies(holding),
      holding && (holding.outOfMemory ? '**out of memory**' : holding.verdict),
      below && latencies(below),
      belowWords(stepBelowOf(ledger, bench)),
      oracle && (oracle.cpu === undefined ? 'none' : `${oracle.cpu}`),
      coresRatio(profile, oracle)?.toFixed(2),
      costRatio(bench, profile, oracle)?.toFixed(2),
      remarks(run, holding),
    ];
  });
  const head = [
    'case',
    'promise',
    'recommended',
    'settings',
    'took',
    'its run',
    'fresh runs',
    'holds',
    'runs below',
    'below',
    'brute force',
    'cores, ratio',
    'cost, ratio',
    '',
  ];
  return table(head, rows, 2);
}

const latencies = ({ trials }: Holding): string => `${trials.map(trial => trial.latencyMs.toFixed(0)).join(', ')} ms`;

const belowWords = (found: ReturnType<typeof stepBelowOf>): string | undefined =>
  found && { fails: 'fails', unresolved: 'not shown to hold', holds: 'holds', none: 'no such size' }[found];

function remarks(run: ProfileRun | undefined, holding: Holding | undefined): string {
  const repeated = holding?.spoiled.length ?? 0;
  const taken = (holding?.trials ?? []).flatMap(trial => trial.spoiledBy ?? []);
  return [
    ...(run && flagsNoise(run) ? ['flagged as noisy'] : []),
    ...(repeated > 0 ? [`${repeated} fresh run${repeated === 1 ? '' : 's'} repeated`] : []),
    ...(taken.length > 0 ? [`taken in spite of ${[...new Set(taken)].join(', ')}`] : []),
  ].join('; ');
}

function predictionsTable(ledger: Ledger): string {
  const rows = CASES.map(bench => {
    const capacity = ledger.capacity(bench).get();
    const latency = ledger.latency(bench).get();
    const matched = ledger.matched(bench).get();
    return [
      bench.id,
      succeeded(ledger, bench)?.cpuMsPerRequest.toFixed(2),
      capacity && `${capacity.predicted.toFixed(1)} / ${capacity.measured.toFixed(1)}`,
      capacity && percent(capacityError(capacity)),
      latency && `${latency.cpu}`,
      latency && `${latency.predicted.toFixed(1)} / ${latency.measured.toFixed(1)}`,
      latency && percent(latencyError(latency)),
      matched && matched.runs.map(run => `${run.predicted.toFixed(1)} / ${run.measured.toFixed(1)}`).join(', '),
      matched && percent(median(matchedErrors(matched))),
    ];
  });
  const head = [
    'case',
    'CPU ms per request',
    'capacity, predicted / measured',
    'error',
    'at cores',
    'percentile ms, predicted / measured',
    'error',
    'for the arrivals of each run',
    'error',
  ];
  return table(head, rows, 1);
}

function replicasTable(ledger: Ledger): string {
  const rows = REPLICATED.flatMap(({ bench }) => {
    const found = ledger.replicas(bench).get();
    if (!found) return [];
    return (['pooled', 'random'] as const).map(balancer => {
      const { anyArrivals, predicted, measured, measuredInterval, cpuMsPerRequest }: BalancedCheck = found[balancer];
      return [
        bench.model.title,
        `2 × ${found.cpu}`,
        `${found.rate}`,
        balancer,
        anyArrivals.toFixed(1),
        predicted.toFixed(1),
        measured.toFixed(1) + (measuredInterval ? ` (${measuredInterval.map(each => each.toFixed(0)).join('–')})` : ''),
        percent(latencyError(found[balancer])),
        `${found.cpuMsPerRequest.toFixed(2)} / ${cpuMsPerRequest.toFixed(2)}`,
        `${found.promise[balancer] ?? 'none'} for p95 ≤ ${found.promise.latencyMs} ms`,
      ];
    });
  });
  const head = [
    'model',
    'cores',
    'requests a second',
    'balancer',
    'predicted for any arrivals, ms',
    'for those of the runs',
    'measured',
    'error',
    'CPU ms per request, by the profile / measured',
    'replicas, by computation',
  ];
  return table(head, rows);
}

function memoryTable(ledger: Ledger): string {
  const rows = MODELS.map(model => {
    const found = ledger.memory(model).get();
    const ratio = (gb: number) => (found?.smallestInGB === undefined ? undefined : (gb / found.smallestInGB).toFixed(2));
    return [
      model.title,
      found && gb(found.loadPeakInGB),
      found && gb(found.peakInGB),
      found && (found.smallestInGB === undefined ? '> 1.1 × peak' : gb(found.smallestInGB)),
      found && gb(found.beforeRoundingInGB),
      found && ratio(found.beforeRoundingInGB),
      found && `${found.recommendedInGB}`,
      found && ratio(found.recommendedInGB),
      ledger.quick(model).get() && `${((ledger.quick(model).get()?.wallMs ?? 0) / 1000).toFixed(1)} s`,
    ];
  });
  const head = [
    'model',
    'load peak, GB',
    'peak, GB',
    'smallest limit, GB',
    'needed × 1.15',
    'ratio',
    'recommended, GB',
    'ratio',
    '`--quick` took',
  ];
  return table(head, rows, 1);
}

/** Replaces what stands between the document's markers, and the oracle's grid beside the cases. */
export async function writeReport(ledger: Ledger, document: string, oracleFile: string): Promise<void> {
  const text = fs.readFileSync(document, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${document} has no '${BEGIN}' before an '${END}'.`);
  const renewed = `${text.slice(0, begin + BEGIN.length)}\n\n${renderReport(ledger)}\n\n${text.slice(end)}`;
  fs.writeFileSync(document, renewed);
  const format = { ...(await prettier.resolveConfig(oracleFile)), parser: 'json' };
  fs.writeFileSync(oracleFile, await prettier.format(JSON.stringify(oracles(ledger)), format));
}

/** Of each case the promise, what brute force found, and the whole grid in short. */
function oracles(ledger: Ledger): unknown {
  return {
    machine: describeMachine(),
    cases: CASES.flatMap(bench => {
      const oracle = ledger.oracle(bench).get();
      if (!oracle) return [];
      const grid = oracle.grid.map(({ cpu, settings, holds, trials }) => ({
        ...{ cpu, ...settings, holds },
        latencyMs: trials.map(trial => trial.latencyMs),
        coreSpeed: trials.map(trial => trial.speed),
      }));
      return [{ case: bench.id, promise: describePromise(bench), cpu: oracle.cpu, grid }];
    }),
  };
}

function settingsWords({
  intraOpNumThreads,
  allowSpinning,
  workers,
  maxBatch,
}: NonNullable<ReturnType<typeof succeeded>>['sessionOptions']): string {
  const words = [`${intraOpNumThreads} thread${intraOpNumThreads === 1 ? '' : 's'}`];
  if (allowSpinning) words.push('spinning');
  if (workers && workers > 1) words.push(`${workers} workers`);
  if (maxBatch && maxBatch > 1) words.push(`batches of ${maxBatch}`);
  return words.join(', ');
}

const lastLine = (text: string): string => text.trim().split('\n').pop() ?? '';
const gb = (value: number): string => value.toFixed(3);

/** What programs say names files of this machine: of those, only the last part. */
const withoutPaths = (text: string): string => text.replaceAll(/(?:\/[\w.@+-]+)+\/([\w.@+-]+)/g, '$1');

/** Rows of which nothing is known beyond their first `names` cells are left out. */
function table(head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | undefined>>, names = 0): string {
  const line = (cells: ReadonlyArray<string | undefined>) =>
    `| ${cells
      .map(cell =>
        withoutPaths(cell ?? '–')
          .replaceAll('|', '\\|')
          .replaceAll('\n', ' '),
      )
      .join(' | ')} |`;
  return [
    line(head),
    line(head.map(() => '---')),
    ...rows.filter(row => names === 0 || row.slice(names).some(Boolean)).map(line),
  ].join('\n');
}
