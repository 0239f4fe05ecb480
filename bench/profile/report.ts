import * as fs from 'fs';
import * as prettier from 'prettier';
import { describeMachine } from '../../src/profiler/machine';
import { median } from '../../src/profiler/statistics';
import { CASES, describePromise, MODELS } from './cases';
import { flagsNoise, ProfileRun } from './command';
import { capacityError, costRatio, goalsOf, isTight, latencyError, matchedErrors, percent, succeeded } from './goals';
import { Ledger } from './ledger';
import type { Holding } from './parts/holds';

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
cores had during the profile. "Brute force" is the smallest size of the grid that held in two runs of two.`,
    casesTable(ledger),
    '### Predictions',
    predictionsTable(ledger),
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
    const ratio = costRatio(profile, oracle);
    return [
      bench.id,
      describePromise(bench),
      profile ? `${profile.recommendedCpu} cores, ${profile.recommendedMemoryInGB} GB` : run && `none (${lastLine(run.words)})`,
      profile && settingsWords(profile.sessionOptions),
      run && `${(run.wallMs / 1000).toFixed(0)} s`,
      profile && `${profile.recommendationLatencyInMs.toFixed(0)} ms`,
      holding && `${holding.trials.map(trial => trial.latencyMs.toFixed(0)).join(', ')} ms`,
      holding && (holding.outOfMemory ? '**out of memory**' : holding.verdict),
      oracle && (oracle.cpu === undefined ? 'none' : `${oracle.cpu}`),
      ratio?.toFixed(2),
      yesNo(isTight(ledger, bench)),
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
    'brute force',
    'ratio',
    'tight',
    '',
  ];
  return table(head, rows, 2);
}

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
    'peak × 1.15',
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
const yesNo = (value: boolean | undefined): string | undefined => (value === undefined ? undefined : value ? 'yes' : 'no');
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
