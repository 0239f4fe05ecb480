// Figures of all rounds, by workload and server.
import { median } from '../measure.mjs';

/** Servers of others; the constant server and the loop are limits, not peers. */
export const PEERS = ['azureml', 'fastapi', 'kserve', 'litserve', 'bentoml', 'mlserver'];

export class Summary {
  constructor(run, servers) {
    this.run = run;
    this.servers = servers;
  }

  /** Cells that were measured. */
  cells(workload, server) {
    return this.run.cells.filter(cell => cell.workload === workload && cell.server === server && cell.error === undefined);
  }

  /** Why there are no figures, or not of all rounds. */
  errors(workload, server) {
    const errors = this.run.cells.filter(cell => cell.workload === workload && cell.server === server && cell.error);
    return [...new Set(errors.map(cell => cell.error))];
  }

  /** All rounds' values of one figure: `rate` in 1/s; `p50`, `p99`, `max` in milliseconds. */
  values(workload, server, figure = 'rate') {
    return this.cells(workload, server)
      .map(cell => cell[figure])
      .filter(value => typeof value === 'number');
  }

  median(workload, server, figure = 'rate') {
    return medianOf(this.values(workload, server, figure));
  }

  /** The id of the families' server that answers most, of all that `allowed` lets pass; undefined where none was measured. */
  best(workload, families, allowed = () => true) {
    const measured = this.servers
      .filter(server => families.includes(server.family) && allowed(server))
      .map(server => server.id)
      .filter(id => this.values(workload, id).length > 0);
    return measured.sort((a, b) => this.median(workload, b) - this.median(workload, a))[0];
  }

  /** Of one figure, how many times `a` is `b`, in each round that has both: what slows a whole round cancels out. */
  ratios(workload, a, b, figure = 'rate') {
    const ofB = new Map(this.cells(workload, b).map(cell => [cell.round, cell[figure]]));
    return this.cells(workload, a)
      .filter(cell => ofB.get(cell.round) > 0)
      .map(cell => cell[figure] / ofB.get(cell.round));
  }

  /** Medians over the rounds of the loop around `session.run`. */
  loop(model) {
    const loops = this.run.loops.filter(loop => loop.model === model);
    if (loops.length === 0) return undefined;
    const of = figure => medianOf(loops.map(loop => loop[figure]));
    return { rate: of('rate'), p50: of('p50'), p99: of('p99') };
  }

  starts(group, server) {
    return this.run.starts.filter(start => start.group === group && start.server === server);
  }

  name(id) {
    const server = this.servers.find(candidate => candidate.id === id);
    return server === undefined ? id : `${server.name}, ${server.variant}`;
  }
}

export function medianOf(values) {
  return values.length === 0 ? undefined : median(values);
}

/** `1,770 (1,530–1,860)`, with as many digits as three that count. */
export function spread(values) {
  if (values.length === 0) return '–';
  const low = figure(Math.min(...values));
  const high = figure(Math.max(...values));
  return values.length === 1 ? figure(values[0]) : `${figure(median(values))} (${low}–${high})`;
}

export function figure(value) {
  if (value === undefined) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
