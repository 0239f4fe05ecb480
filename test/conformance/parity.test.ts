import { stopServers } from '../scoring/support/server';
import { findPython, startAzureMl } from './azureml-server';
import { countLine } from './count';
import { startOurs } from './our-server';
import { Setup } from './row';
import { Answers, ourSuites, replaySuite, startSuite } from './suites';

jest.setTimeout(60_000);

const { python, missing } = findPython();

afterAll(async () => {
  await stopServers();
  process.stderr.write(`\n${countLine()}\n`);
});

if (python === undefined) {
  process.stderr.write(`\nskipped: parity with Azure ML's server: ${missing}\n`);
  test.todo(`parity with Azure ML's server (skipped: ${missing})`);
} else {
  const answers: Answers = new Map();
  const startTheirs = (setup: Setup): ReturnType<typeof startAzureMl> => startAzureMl(python, setup);
  replaySuite("Azure ML's server", 'python', startTheirs, { expectedOf: row => row.expected, keep: answers });
  startSuite("Azure ML's server: starts", 'python', startTheirs, false);
  ourSuites('this server, Python', 'python', setup => startOurs('python', setup, python), answers);
}
