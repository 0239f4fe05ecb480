import { Command, Option } from 'commander';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import type { InputSet } from '../profiler/input-set';
import type { ProfileOptions } from '../profiler/options';
import type { ProgressListener } from '../profiler/progress';
import type { ProfileResult } from '../sizing/profile-result';
import { CommandFailure, EXIT } from './failure';
import { Checks, failureOf, tellChecks } from './profile/checks';
import * as given from './profile/options';
import { ProgressDisplay } from './profile/progress-display';
import { RawFile } from './profile/raw-file';
import { programFile, requireOnnxRuntime } from './programs';
import { Terminal } from './terminal';
import { collect, parseAbove, parseDuration, parsePositive, parseUncertainFactor, parseWhole } from './values';

export type { ProfileCommandOptions } from './profile/options';

const HELP = `
Starts the scoring server of the image, measures what a request costs, and finds the cheapest size at which that share of the
requests, arriving at the rate, is answered in time. With Docker or control groups the size is then run under its real limits
("verified"); without them the result is computed ("modelled"). Ctrl-C leaves nothing behind; --resume goes on where it stopped.

Example:
  $ model-serving profile models/digits.onnx --input models/digits-samples.json --rate 50 --p95 40ms --target aci \\
      --out profiles/digits.json --report profiles/digits.html
  $ model-serving profile --image my-scoring-image --input rows.csv --rate 20 --p99 200ms --target aks --replicas-max 10
  $ model-serving profile score.py --model models/digits.onnx --input rows.csv --rate 20 --p95 0.2s --target aci \\
      --assert 'cost-per-1000<=0.002' --baseline profiles/main.json

More: docs/profiling.md`;

export function profileCommand(terminal: Terminal): Command {
  return new Command('profile')
    .description('measure a model, an entry script or an image and find the cheapest size that carries a rate within a latency')
    .optionsGroup('What to profile:')
    .argument('[model]', 'an .onnx file or its folder, or an entry script')
    .option('--model <path>', "an entry script's model")
    .option('--entry-script <file>', 'a .py, .js or .ts file with init and run')
    .option('--inference-config <file>', "Azure ML v1's inferenceconfig.json")
    .option('--image <reference>', 'a built scoring image; needs Docker')
    .option('--python <path>', 'the Python that runs a .py entry script (default: python3)')
    .optionsGroup('What it must carry:')
    .option('--input <path>', 'what is sent: JSON, CSV, .npy, ONNX test data or a recorded trace (default: made up, for a model)')
    .requiredOption('--rate <number>', 'requests a second that one service must carry', parsePositive)
    .option('--p50 <duration>', 'latency that half of the requests keep', parseDuration)
    .option('--p90 <duration>', 'latency that 90 % keep', parseDuration)
    .option('--p95 <duration>', 'latency that 95 % keep, such as 40ms or 0.2s; exactly one of these five', parseDuration)
    .option('--p99 <duration>', 'latency that 99 % keep', parseDuration)
    .option('--p99.9 <duration>', 'latency that 99.9 % keep', parseDuration)
    .addOption(choice('--pattern <kind>', 'how requests arrive (default: poisson)', ['poisson', 'constant', 'burst', 'trace']))
    .option('--burst-factor <number>', 'burst: rate in busy times, in times of the mean (default: 3)', parseAbove(1, 100))
    .optionsGroup('Where it will run:')
    .addOption(
      choice('--target <target>', 'decides which sizes are legal and what they cost', [
        'local',
        'aci',
        'aks',
        'edge',
      ]).makeOptionMandatory(),
    )
    .option('--max-cpu <cores>', 'largest size to try (default: 3.5)', parsePositive)
    .option('--max-memory <GB>', 'most memory to try (default: 15)', parsePositive)
    .option('--max-batch <number>', 'waiting requests that one run may score together (default: 32)', parseWhole(1, 1024))
    .option('--replicas-max <number>', 'aks: most replicas (default: 50)', parseWhole(1, 1000))
    .addOption(choice('--balancer <kind>', 'aks: how replicas share requests (default: random)', ['random', 'pooled']))
    .option('--prices <file>', "prices to compare by (default: the package's own, dated)")
    .option('--speed-factor <number>', "a target core's speed in times of one here: 0.8 or 0.8±10%", parseUncertainFactor)
    .optionsGroup('How it is measured:')
    .option('--quick', 'take a quarter of the time, resolve less')
    .option('--no-verify', 'do not run the size under its real limits')
    .option('--allow-noise', 'on a busy machine, take the calmest half of the measurements and say so')
    .option('--allow-unsteady', 'where costs never settle, take the dearest part and say so')
    .option('--resume', 'go on with what an interrupted run has measured')
    .option('--raw <file>', 'keep the raw measurements; where the file is there, decide from it instead of measuring')
    .optionsGroup('What comes out:')
    .option('--out <file>', 'the profile, which Sizing.fromProfile reads', 'profile.json')
    .option('--report <file>', 'a report with pictures, one HTML file')
    .option('--hand-off <file>', "Azure ML v1's hand-off: JSON with cpu and memoryInGB")
    .option('--assert <condition>', `fail unless it holds, such as 'p95<=50ms'; may be repeated`, collect)
    .option('--baseline <file>', 'a former profile: fail where requests cost significantly more than in it')
    .option('--name <name>', 'name of the profile (default: that of the model, script or image)')
    .option('--description <text>', 'what the profile is for')
    .addHelpText('after', HELP)
    .action((model: string | undefined, options: given.ProfileCommandOptions) => run(terminal, model, options));
}

const choice = (flags: string, description: string, choices: readonly string[]): Option =>
  new Option(flags, description).choices(choices);

async function run(terminal: Terminal, model: string | undefined, options: given.ProfileCommandOptions): Promise<void> {
  const { checkAssertions, checkAssertionSyntax } = await import('../profiler/assertions');
  const { compareToBaseline, readBaseline } = await import('../profiler/baseline');
  // before, and not after, minutes of measuring; also because --out may be the baseline's own file
  checkAssertionSyntax(options.assert ?? []);
  const baseline = options.baseline === undefined ? undefined : readBaseline(options.baseline);
  if (options.input === undefined && given.isPlainModel(given.subjectOf(model, options)))
    terminal.warn('no --input: requests are made up from what the model says it takes; cost that depends on values is not seen');

  const profile = await watched(terminal, model, options);
  if (profile.state === 'Failed') throw failed(profile, options.out);
  const checks: Checks = {
    ...(options.assert && { assertions: checkAssertions(profile, options.assert) }),
    ...(baseline && { baseline: compareToBaseline(profile, baseline) }),
  };
  tell(terminal, options, profile, checks);
}

/** Measures with a display; a signal says how to go on and leaves as a signal does, which ends everything that was started. */
async function watched(
  terminal: Terminal,
  model: string | undefined,
  options: given.ProfileCommandOptions,
): Promise<ProfileResult> {
  const display = new ProgressDisplay(terminal);
  const onSignal = (signal: NodeJS.Signals): void => {
    display.stop();
    terminal.failure(interrupted(options));
    process.exit(128 + os.constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await profileModel(model, options, display.show);
  } finally {
    display.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What the command does, for other programs of this package: measures, and writes profile, report and hand-off. */
export async function profileModel(
  argument: string | undefined,
  options: given.ProfileCommandOptions,
  onProgress: ProgressListener,
): Promise<ProfileResult> {
  const objective = given.objectiveOf(options);
  const subject = given.subjectOf(argument, options);
  given.checkLoad(options, subject);
  for (const file of [options.out, options.report, options.handOff, options.raw]) given.prepareFolder(file);
  if (given.isPlainModel(subject)) requireOnnxRuntime();
  const inputs = options.input === undefined ? undefined : await readInputs(options.input, subject);
  const { profile } = await import('../profiler/profile');
  const raw = new RawFile(options);
  try {
    const found = await profile(
      {
        ...subject,
        ...objective,
        inputs,
        rate: options.rate,
        target: options.target,
        pattern: given.patternOf(options, inputs),
        maxCpu: options.maxCpu,
        maxMemoryInGB: options.maxMemory,
        maxReplicas: options.replicasMax,
        balancer: options.balancer,
        maxBatch: options.maxBatch,
        prices: options.prices,
        speedFactor: options.speedFactor?.factor,
        speedUncertainty: options.speedFactor?.uncertainty,
        budget: options.quick ? 'quick' : 'standard',
        verify: options.verify,
        allowNoise: options.allowNoise,
        allowUnsteady: options.allowUnsteady,
        journal: raw.path,
        name: options.name,
        description: options.description,
        ...programs(),
      },
      onProgress,
    );
    fs.writeFileSync(options.out, `${JSON.stringify(found.result, undefined, 2)}\n`);
    if (options.report) fs.writeFileSync(options.report, (await import('../profiler/report')).renderReport(found));
    if (options.handOff) fs.writeFileSync(options.handOff, (await import('../profiler/hand-off')).handOff(found.result));
    raw.finish();
    return found.result;
  } catch (error) {
    raw.finish(error);
    throw error;
  }
}

/** What a model takes tells rows from batches, and a body from its envelope. */
async function readInputs(input: string, subject: given.ProfiledSubject): Promise<InputSet> {
  const { readInputSet } = await import('../profiler/inputs');
  const { model = '' } = subject;
  if (!given.isPlainModel(subject) || !model.endsWith('.onnx')) return readInputSet(input);
  const { readSignature } = await import('../scoring/onnx-signature');
  // a model that cannot be loaded is told in more detail once the server has tried
  return readInputSet(input, await readSignature(model).catch(() => undefined));
}

function programs(): Pick<ProfileOptions, 'serverBundle' | 'loadGenerator' | 'operatorProfiler'> {
  const serverBundle = programFile('scoring-server');
  const operatorProfiler = path.join(path.dirname(serverBundle), 'operator-profile.js');
  return {
    serverBundle,
    loadGenerator: programFile('load-generator'),
    ...(fs.existsSync(operatorProfiler) && { operatorProfiler }),
  };
}

function tell(terminal: Terminal, options: given.ProfileCommandOptions, profile: ProfileResult, checks: Checks): void {
  const { out, report, handOff, raw } = options;
  const value = { out, report, handOff, raw, profile, ...checks };
  const failure = failureOf(checks, value);
  if (profile.error) terminal.warn(`the profile succeeded in part: ${profile.error}`);
  for (const warning of profile.warnings) terminal.note(`note: ${warning}`);
  if (failure) terminal.piece(profile.summary);
  else terminal.result(profile.summary, value);
  tellChecks(terminal, checks, failure);
  terminal.note(`wrote ${listed([out, report, handOff, raw])}`);
  if (failure) throw failure;
  terminal.note(`next: commit ${out} and size the service with it: sizing: Sizing.fromProfile('${out}')`);
}

const listed = (files: ReadonlyArray<string | undefined>): string =>
  new Intl.ListFormat('en', { type: 'conjunction' }).format(files.filter(file => file !== undefined));

/** A signal ended it; nothing that it started goes on. */
const interrupted = (options: given.ProfileCommandOptions) =>
  new CommandFailure(
    'INTERRUPTED',
    'the profile was interrupted, and everything that it started is ended',
    RawFile.wayOn(options) ?? 'start it again',
  );

function failed(result: ProfileResult, out: string): CommandFailure {
  const fix = `see ${out}; allow more with --max-cpu, --max-memory or a longer latency`;
  return new CommandFailure('PROFILE_FAILED', result.error ?? result.summary, fix, EXIT.failed, { profile: result });
}
