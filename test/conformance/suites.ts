import { once } from 'events';
import { AddressInfo, createServer } from 'net';
import { unlikenesses } from './likeness';
import { replay, startMismatches } from './replay';
import { differenceFor, Expected, expectedOfOurs, groupBySetup, Row, Runtime, Setup, Table } from './row';
import { Answer } from './send';
import { RunningServer, Start } from './started-server';
import { starts, tables } from './table';

type Starter = (setup: Setup) => Promise<Start>;

/** The answers of a server, by the rows' names. */
export type Answers = Map<string, Answer>;

interface ReplayOptions {
  readonly expectedOf: (row: Row) => Expected;
  /** Keeps the answers. */
  readonly keep?: Answers;
  /** Where a row has no difference, the answer must be like this one in every byte and header. */
  readonly like?: Answers;
}

/** Replays every row of the runtime against servers that `start` starts: one for all rows of a setup. */
export function replaySuite(title: string, runtime: Runtime, start: Starter, { expectedOf, keep, like }: ReplayOptions): void {
  const rows = tables.flatMap(table => titled(table)).filter(({ row }) => row.runtimes.includes(runtime));
  const groups = [...groupBySetup(rows.map(({ title: group, row }) => ({ ...row, name: `${group}: ${row.name}` })))];
  describe(title, () => {
    describe.each(groups)('%s', (setup, group) => {
      let server: RunningServer | undefined;
      beforeAll(async () => {
        const started = await start(group[0]);
        if (started.server === undefined) throw new Error(`${setup}: exit code ${started.exitCode}:\n${started.output}`);
        server = started.server;
      });
      afterAll(() => server?.stop());

      test.each(group.map(row => [row.name, row] as const))('%s', async (_name, row) => {
        const { answer, faults } = await replay(server as RunningServer, row, expectedOf(row));
        keep?.set(row.name, answer);
        const theirs = differenceFor(row, runtime) === undefined ? like?.get(row.name) : undefined;
        expect([...faults, ...(theirs === undefined ? [] : unlikenesses(theirs, answer))]).toEqual([]);
      });
    });
  });
}

/** Starts what every row about starts says. */
export function startSuite(title: string, runtime: Runtime, start: Starter, ours: boolean): void {
  const rows = starts.rows.filter(row => row.runtimes.includes(runtime));
  if (rows.length === 0) return;
  describe(title, () => {
    test.each(rows.map(row => [row.name, row] as const))('%s', async (_, row) => {
      const expected = (ours ? differenceFor(row, runtime) : undefined) ?? row.expected;
      const faults = await withTakenPort(async port => {
        const started = await start(withPort(row, port));
        await started.server?.stop();
        return startMismatches(expected, started);
      });
      expect(faults).toEqual([]);
    });
  });
}

/** The rows that this server answers in this runtime, and what it must answer. */
export function ourSuites(title: string, runtime: Runtime, start: Starter, like?: Answers): void {
  replaySuite(title, runtime, start, { expectedOf: row => expectedOfOurs(row, runtime), like });
  startSuite(`${title}: starts`, runtime, start, true);
}

/** Listens on a port while `use` runs. */
async function withTakenPort<T>(use: (port: number) => Promise<T>): Promise<T> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    return await use((listener.address() as AddressInfo).port);
  } finally {
    listener.close();
  }
}

function withPort(setup: Setup, port: number): Setup {
  const put = (text: string): string => text.replace('$TAKEN', String(port));
  const env = Object.entries(setup.env ?? {}).map(([name, value]) => [name, put(value)] as const);
  return { ...setup, args: setup.args?.map(put), env: Object.fromEntries(env) };
}

function titled(table: Table): ReadonlyArray<{ readonly title: string; readonly row: Row }> {
  return table.rows.map(row => ({ title: table.title, row }));
}
