// The scoring server beside other servers; see `--help`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './server/machine.mjs';
import { HELP, readOptions } from './server/options.mjs';
import { writeReport, render } from './server/report.mjs';
import { runAll } from './server/run.mjs';
import { prepare, versions } from './server/scratch.mjs';
import { SERVERS } from './server/servers.mjs';
import { addedBytes } from './server/image_size.mjs';
import { groups, WORKLOADS } from './server/workloads.mjs';

const DOCUMENT = 'docs/performance.md';
const options = readOptionsOrEnd();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const run = options.from ? JSON.parse(readFileSync(options.from, 'utf8')) : await measureAll();
const report = render(run);
console.log(`\n${report}`);
if (options.write) {
  writeReport(DOCUMENT, report);
  console.log(`Written into ${DOCUMENT}.`);
}

function readOptionsOrEnd() {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error.message} See --help.`);
    process.exit(2);
  }
}

async function measureAll() {
  const { scratch, rounds, seconds, warmUpSeconds } = options;
  const servers = SERVERS.filter(server => options.servers(server.id));
  const workloads = WORKLOADS.filter(workload => options.only(workload.id));
  if (servers.length === 0 || workloads.length === 0) {
    console.error(`Nothing to measure. Servers: ${ids(SERVERS)}. Workloads: ${ids(WORKLOADS)}.`);
    process.exit(2);
  }
  const missing = prepare(scratch, options.bundle);
  for (const [name, problem] of Object.entries(missing)) console.log(`Without ${name}: ${problem}`);
  const file = join(scratch, 'results.json');
  const about = {
    machine: describeMachine(),
    versions: versions(scratch),
    settings: { rounds, seconds, warmUpSeconds },
    image: addedBytes(scratch),
  };
  const save = results => writeFileSync(file, JSON.stringify({ ...about, ...results }));
  const results = await runAll({
    servers,
    groups: groups(workloads),
    ...{ rounds, seconds, warmUpSeconds, scratch, missing, save },
    progress: line => console.log(line),
  });
  if (existsSync(file)) console.log(`\nAll figures: ${file}`);
  return { ...about, ...results };
}

function ids(list) {
  return list.map(item => item.id).join(', ');
}
