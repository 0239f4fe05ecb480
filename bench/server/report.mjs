// The report, as Markdown: a table for each workload, starts and memory, the limits, the goals.
import { readFileSync, writeFileSync } from 'node:fs';
import { goals } from './goals.mjs';
import { SERVERS } from './servers.mjs';
import { figure, medianOf, spread, Summary } from './summary.mjs';
import { WORKLOADS } from './workloads.mjs';

const BEGIN = '<!-- bench:server begin -->';
const END = '<!-- bench:server end -->';

export function render(run) {
  const summary = new Summary(run, SERVERS);
  return [
    about(run),
    '### Goals',
    goalsTable(summary),
    ...WORKLOADS.filter(({ id }) => run.cells.some(cell => cell.workload === id)).flatMap(workload => [
      `### ${workload.title}`,
      workloadTable(summary, workload),
    ]),
    '### Start and memory, small network',
    startsTable(summary),
    '### `session.run` in a loop',
    loopsTable(summary),
  ].join('\n\n');
}

/** Replaces what stands between the markers. @throws where the document has none. */
export function writeReport(file, report) {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no '${BEGIN}' before an '${END}'.`);
  writeFileSync(file, `${text.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${text.slice(end)}`);
}

function about({ machine, versions, settings, cells }) {
  const speeds = cells.map(cell => cell.coreSpeed).filter(Boolean);
  const [slow, fast] = [Math.min(...speeds), Math.max(...speeds)];
  const { rounds, seconds, warmUpSeconds } = settings;
  return [
    `${machine.date}, ${machine.cores} × ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.kernel}.`,
    `${rounds} round${rounds === 1 ? '' : 's'}, ${seconds} s each after ${warmUpSeconds} s of warm-up; the load generator runs on the same cores.`,
    `One core did ${figure(slow)} to ${figure(fast)} million turns of a fixed loop per second (median ${figure(medianOf(speeds))}), ` +
      `measured before each cell: figures ${figure(fast / slow)} times apart may be the machine's.`,
    `Versions: ${Object.entries(versions)
      .filter(([, version]) => version)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
  ].join('\n');
}

function goalsTable(summary) {
  const answer = met => (met ? 'yes' : '**no**');
  const rows = goals(summary).map(({ goal, measured, met, oneProcess }) => [
    goal,
    measured,
    met === undefined ? '–' : answer(met),
    oneProcess || '',
  ]);
  return table(['goal', 'measured, best settings', 'met', 'with one process each'], rows);
}

function workloadTable(summary, { id, tool }) {
  const ours = summary.best(id, ['ours']);
  const order =
    tool === 'wrk' ? server => -summary.median(id, server.id) : server => summary.median(id, server.id, 'p99') ?? Infinity;
  const mentioned = summary.servers.filter(server =>
    summary.run.cells.some(cell => cell.workload === id && cell.server === server.id),
  );
  const measured = mentioned.filter(server => summary.cells(id, server.id).length > 0).sort((a, b) => order(a) - order(b));
  const beside = {
    wrk: {
      title: 'ours is × it',
      of: server => (server.family === 'ours' ? '' : spread(summary.ratios(id, ours, server.id))),
    },
    health: {
      title: 'p99 of an idle server beside it, ms',
      of: server => spread(summary.values(id, server.id, 'idleP99')),
    },
  }[tool];
  const row = server => {
    const figures = ['rate', 'p50', 'p99', 'max'].map(name => spread(summary.values(id, server.id, name)));
    return [server.name, server.variant, ...figures, ...(beside ? [beside.of(server)] : []), remarks(summary, id, server.id)];
  };
  const failed = mentioned.filter(server => !measured.includes(server));
  const rate = tool === 'health' ? 'scores/s' : 'answers/s';
  const head = ['server', 'setting', rate, 'p50, ms', 'p99, ms', 'max, ms', ...(beside ? [beside.title] : []), ''];
  const gaps = Array(head.length - 3).fill('–');
  return table(head, [
    ...measured.map(row),
    ...failed.map(server => [server.name, server.variant, ...gaps, summary.errors(id, server.id).join('; ')]),
  ]);
}

/** What went wrong while it was measured, and what the refusals were. */
function remarks(summary, workload, server) {
  const cells = summary.cells(workload, server);
  const total = (cells, of) => {
    const sums = {};
    for (const cell of cells) for (const [key, count] of Object.entries(of(cell) ?? {})) sums[key] = (sums[key] ?? 0) + count;
    return Object.entries(sums);
  };
  const failures = total(cells, cell => cell.failures).map(([kind, count]) =>
    kind === 'status' ? `${count} refused` : `${count} ${kind} errors`,
  );
  const statuses = total(cells, cell => cell.statuses);
  const seen = statuses.length > 1 ? [statuses.map(([status, count]) => `${status}: ${count}`).join(', ')] : [];
  const probes = cells.some(cell => cell.failed > 0) ? ['probes failed'] : [];
  return [...failures, ...seen, ...probes, ...summary.errors(workload, server)].join('; ');
}

function startsTable(summary) {
  const rows = summary.servers
    .map(server => ({ server, starts: summary.starts('small-json', server.id) }))
    .filter(({ starts }) => starts.length > 0)
    .map(({ server, starts }) => [
      server.name,
      server.variant,
      spread(starts.map(start => start.firstAnswerMs)),
      figure(medianOf(starts.map(start => start.atRest.processes))).replace('.00', ''),
      spread(starts.map(start => start.atRest.pssMiB)),
      spread(starts.map(start => start.afterLoad.pssMiB)),
      spread(starts.map(start => start.atRest.rssMiB)),
    ]);
  const memory = ['resident, MiB', 'after the load', 'shared pages counted for each process'];
  return table(['server', 'setting', 'first answer after, ms', 'processes', ...memory], rows);
}

/** The model's own speed, and what share of it the server gives to its clients; batches make that more than all. */
function loopsTable(summary) {
  const models = [...new Set(summary.run.loops.map(loop => loop.model))];
  const rows = models.map(model => {
    const { rate, p50, p99 } = summary.loop(model);
    const shares = WORKLOADS.filter(workload => workload.model === model && workload.tool === 'wrk').flatMap(({ id }) => {
      const answers = summary.median(id, summary.best(id, ['ours']));
      return answers === undefined ? [] : [`${id}: ${Math.round((100 * answers) / rate)} %`];
    });
    return [model, figure(rate), figure(1000 * p50), figure(1000 * p99), shares.join(', ')];
  });
  return table(['model', 'runs/s', 'p50, µs', 'p99, µs', "this server's answers/s, of that"], rows);
}

/** What servers say when they fail names files of this machine: of those, only the last part. */
const withoutPaths = text => text.replaceAll(/(?:\/[\w.@+-]+)+\/([\w.@+-]+)/g, '$1');

function table(head, rows) {
  const line = cells =>
    `| ${cells.map(cell => withoutPaths(String(cell)).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
