// The command line.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `Runs the scoring server beside other servers, each alone, in turn, and compares.

  npm run bench:server -- --write                     everything, three rounds, about half an hour; into docs/performance.md
  npm run bench:server -- --quick --servers ours      one short round of some, to see that all works
  npm run bench:server -- --from <results.json>       reports an earlier run again

  --rounds <n>     how often everything is measured (3)
  --seconds <n>    load per cell, whole seconds, after one second of warm-up (3)
  --only <a,b>     workloads, by the start of their names: small-c8,image
  --servers <a,b>  servers, by the start of their names: ours,azureml
  --scratch <dir>  where peers, models and results go (node_modules/.cache/cdktf-model-serving/bench-server)
  --bundle <file>  a scoring-server.js built before, instead of one built now
  --quick          one round of one second, without warm-up
  --write          also writes the report into docs/performance.md`;

/** @throws where an option is unknown or no positive integer. */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      servers: { type: 'string' },
      scratch: { type: 'string', default: 'node_modules/.cache/cdktf-model-serving/bench-server' },
      from: { type: 'string' },
      bundle: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    ...values,
    rounds: positive('rounds', values.rounds ?? (values.quick ? '1' : '3')),
    seconds: positive('seconds', values.seconds ?? (values.quick ? '1' : '3')),
    warmUpSeconds: values.quick ? 0 : 1,
    only: beginsWithOneOf(values.only),
    servers: beginsWithOneOf(values.servers),
    scratch: resolve(values.scratch),
  };
}

function positive(name, text) {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new Error(`--${name} is '${text}'; it must be an integer from 1 to 9999.`);
}

function beginsWithOneOf(list) {
  const starts = list?.split(',').map(item => item.trim());
  return id => starts === undefined || starts.some(start => id.startsWith(start));
}
