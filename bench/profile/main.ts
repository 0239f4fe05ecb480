import * as fs from 'fs';
import * as path from 'path';
import { BenchModel } from './cases';
import { Ledger } from './ledger';
import { BenchOptions, HELP, readOptions } from './options';
import { planSteps } from './plan';
import { renderReport, writeReport } from './report';
import { Results } from './results';
import { prepareScratch, Scratch } from './scratch';
import { Testbed } from './testbed';

const DOCUMENT = 'docs/profiling-accuracy.md';
const ORACLE = 'bench/profile/oracle.json';

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) return console.log(HELP);
  const file = path.join(options.scratch, 'results.json');
  if (options.fresh) fs.rmSync(file, { force: true });
  const ledger = new Ledger(new Results(file));
  if (!options.report) await measureAll(ledger, prepareScratch(options.scratch, options.programs), options);
  console.log(`\n${renderReport(ledger)}`);
  if (!options.write) return;
  await writeReport(ledger, DOCUMENT, ORACLE);
  console.log(`Written into ${DOCUMENT} and ${ORACLE}.`);
}

/** Does what is left to do, one step after another; one that fails is reported and left for the next start. */
async function measureAll(ledger: Ledger, scratch: Scratch, options: BenchOptions): Promise<void> {
  const beds = new Testbeds(scratch);
  const steps = planSteps(ledger, scratch, options).filter(step => !step.isDone());
  let left = steps.reduce((total, step) => total + step.seconds, 0);
  console.log(`${steps.length} steps, about ${Math.ceil(left / 60)} minutes.`);
  try {
    for (const [index, step] of steps.entries()) {
      const said = await tell(() => step.run(() => beds.of(step.model)));
      left -= step.seconds;
      console.log(`[${index + 1}/${steps.length}, ${Math.ceil(left / 60)} min left] ${step.name}: ${said}`);
    }
  } finally {
    beds.close();
  }
}

async function tell(run: () => Promise<string>): Promise<string> {
  try {
    return await run();
  } catch (error) {
    return `NOT DONE: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** One testbed at a time: steps of a model follow each other. */
class Testbeds {
  private open: { readonly model: BenchModel; readonly testbed: Testbed } | undefined;

  constructor(private readonly scratch: Scratch) {}

  async of(model: BenchModel | undefined): Promise<Testbed> {
    if (!model) throw new Error('this step has no model');
    if (this.open?.model !== model) {
      this.close();
      this.open = { model, testbed: await Testbed.open(this.scratch, model) };
    }
    return this.open.testbed;
  }

  close(): void {
    this.open?.testbed.close();
    this.open = undefined;
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`${error instanceof Error ? error.message : String(error)} See --help.`);
  process.exitCode = 1;
});
