import { findPython, startAzureMl } from '../conformance/azureml-server';
import { unlikenesses } from '../conformance/likeness';
import { startOurs } from '../conformance/our-server';
import { replay } from '../conformance/replay';
import { expectedOfOurs } from '../conformance/row';
import { RunningServer, Start } from '../conformance/started-server';
import { spark } from '../conformance/table/spark';
import { stopServers } from '../scoring/support/server';
import { describeWith } from './support/requirements';
import { attempt } from './support/run';

jest.setTimeout(300_000);

const { python = '', missing } = findPython();

const pythonWithSpark = () => {
  if (missing !== undefined) return missing;
  if (attempt('java', ['-version']).status !== 0) return 'java is not installed';
  return attempt(python, ['-c', 'import pyspark']).status === 0 ? undefined : `${python} has no pyspark`;
};

describeWith([pythonWithSpark], `${spark.title}, as Azure ML's server takes them and as this one does`, () => {
  let theirs: RunningServer;
  let ours: RunningServer;

  beforeAll(async () => {
    theirs = running(await startAzureMl(python, { fixture: 'spark' }));
    ours = running(await startOurs('python', { fixture: 'spark' }, python));
  });

  afterAll(async () => {
    await Promise.all([theirs?.stop(), ours?.stop()]);
    await stopServers();
  });

  test.each(spark.rows.map(row => [row.name, row] as const))('%s', async (_, row) => {
    const first = await replay(theirs, row, row.expected);
    const second = await replay(ours, row, expectedOfOurs(row, 'python'));
    const differences = row.ours === undefined ? unlikenesses(first.answer, second.answer) : [];
    expect({ theirs: first.faults, ours: second.faults, differences }).toEqual({ theirs: [], ours: [], differences: [] });
  });
});

function running({ server, output }: Start): RunningServer {
  if (server === undefined) throw new Error(`the server has ended:\n${output}`);
  return server;
}
