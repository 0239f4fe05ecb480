import { Command, Option } from 'commander';
import * as fs from 'fs';
import * as path from 'path';
import type { ProgressEvent } from '../profiler/progress';
import type { ProfileResult, ProfileTarget } from '../sizing/profile-result';
import { CommandFailure, EXIT, usageFailure } from './failure';
import { programFile, requireOnnxRuntime } from './programs';
import { Terminal } from './terminal';
import { parseDuration, parsePositive } from './values';

/** The options of `profile`, as commander reads them; times in milliseconds. */
export interface ProfileCommandOptions {
  readonly input: string;
  readonly rate: number;
  readonly p50?: number;
  readonly p90?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly target: ProfileTarget;
  readonly out: string;
  readonly report?: string;
  readonly quick?: boolean;
  readonly verify: boolean;
  readonly maxCpu?: number;
  readonly maxMemory?: number;
  readonly name?: string;
  readonly description?: string;
}

const PERCENTILES = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;

const HELP = `
Loads the model in the scoring server of the image, measures what a request costs, and finds the cheapest size at which that
share of the requests, arriving at random at the rate, is answered in time. With Docker or control groups the size is then run
under its real limits ("verified"); without them the result is computed ("modelled").

Example:
  $ model-serving profile models/digits.onnx --input models/digits-samples.json --rate 50 --p95 40ms --target aci \\
      --out profiles/digits.json --report profiles/digits.html`;

export function profileCommand(terminal: Terminal): Command {
  return new Command('profile')
    .description('measure a model and find the smallest size that carries a rate within a latency')
    .argument('<model>', 'the .onnx file')
    .requiredOption('--input <file>', 'request bodies: a JSON array, one body, JSON lines, or CSV with one column')
    .requiredOption('--rate <number>', 'requests a second that one service must carry', parsePositive)
    .option('--p50 <duration>', 'latency that half of the requests keep', parseDuration)
    .option('--p90 <duration>', 'latency that 90 % keep', parseDuration)
    .option(
      '--p95 <duration>',
      'latency that 95 % keep, such as 40ms or 0.2s; exactly one of --p50, --p90, --p95, --p99',
      parseDuration,
    )
    .option('--p99 <duration>', 'latency that 99 % keep', parseDuration)
    .addOption(new Option('--target <target>', 'where it will run').choices(['local', 'aci', 'aks']).makeOptionMandatory())
    .option('--out <file>', 'the profile, which Sizing.fromProfile reads', 'profile.json')
    .option('--report <file>', 'a report with pictures, one HTML file')
    .option('--quick', 'take a third of the time, resolve less')
    .option('--no-verify', 'do not run the size under its real limits')
    .option('--max-cpu <cores>', 'largest size to try (default: 3.5)', parsePositive)
    .option('--max-memory <GB>', 'most memory to try (default: 15)', parsePositive)
    .option('--name <name>', "name of the profile (default: the model's file name)")
    .option('--description <text>', 'what the profile is for')
    .addHelpText('after', HELP)
    .action((model: string, options: ProfileCommandOptions) => run(terminal, model, options));
}

async function run(terminal: Terminal, model: string, options: ProfileCommandOptions): Promise<void> {
  const result = await profileModel(model, options, event => terminal.progress(describe(event)));
  const { out, report } = options;
  if (result.state === 'Failed') throw failed(result, out);
  for (const warning of result.warnings) terminal.note(`note: ${warning}`);
  terminal.result(result.summary, { out, report, profile: result });
  terminal.note(`wrote ${[out, report].filter(Boolean).join(' and ')}`);
  terminal.note(`next: commit ${out} and size the service with it: sizing: Sizing.fromProfile('${out}')`);
}

/** What the command does, for other programs of this package: measures, and writes profile and report. */
export async function profileModel(
  model: string,
  options: ProfileCommandOptions,
  onProgress: (event: ProgressEvent) => void,
): Promise<ProfileResult> {
  const objective = objectiveOf(options);
  if (!fs.existsSync(options.input))
    throw usageFailure(`there is no file "${options.input}"`, 'give --input a file of request bodies');
  for (const file of [options.out, options.report]) prepareFolder(file); // before, and not after, minutes of measuring
  requireOnnxRuntime();
  const { profile, readInputs } = await import('../profiler/profile');
  const found = await profile(
    {
      ...objective,
      model,
      inputs: readInputs(options.input),
      rate: options.rate,
      target: options.target,
      maxCpu: options.maxCpu,
      maxMemoryInGB: options.maxMemory,
      budget: options.quick ? 'quick' : 'standard',
      verify: options.verify,
      name: options.name,
      description: options.description,
      serverBundle: programFile('scoring-server'),
      loadGenerator: programFile('load-generator'),
    },
    onProgress,
  );
  fs.writeFileSync(options.out, `${JSON.stringify(found.result, undefined, 2)}\n`);
  if (options.report) {
    const { renderReport } = await import('../profiler/report');
    fs.writeFileSync(options.report, renderReport(found));
  }
  return found.result;
}

function objectiveOf(options: ProfileCommandOptions): { readonly percentile: number; readonly latencyMs: number } {
  const given = (Object.keys(PERCENTILES) as Array<keyof typeof PERCENTILES>).filter(name => options[name] !== undefined);
  const [name] = given;
  const latencyMs = name && options[name];
  if (given.length === 1 && latencyMs !== undefined) return { percentile: PERCENTILES[name], latencyMs };
  const problem =
    given.length === 0
      ? 'no latency is given'
      : `${given.map(each => `--${each}`).join(' and ')} are given, and one profile has one target`;
  throw usageFailure(problem, 'give exactly one of --p50, --p90, --p95 and --p99, such as --p95 40ms');
}

function prepareFolder(file: string | undefined): void {
  if (file === undefined) return;
  if (fs.statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw usageFailure(`"${file}" is a folder`, 'name the file to write');
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
}

function describe({ message, done, remainingSeconds }: ProgressEvent): string {
  return `${String(Math.round(done * 100)).padStart(3)} %  ${message}  (about ${Math.round(remainingSeconds)} s left)`;
}

function failed(result: ProfileResult, out: string): CommandFailure {
  const fix = `see ${out}; allow more with --max-cpu, --max-memory or a longer latency`;
  return new CommandFailure('PROFILE_FAILED', result.error ?? result.summary, fix, EXIT.failed, { profile: result });
}
