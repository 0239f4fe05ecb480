import * as fs from 'fs';
import * as path from 'path';
import { explain } from '../../src/cli/explain';
import { EXIT } from '../../src/cli/failure';
import { generateKey, writeKeys } from '../../src/cli/keys';
import { post } from '../../src/cli/post';
import { profileModel } from '../../src/cli/profile';
import { programFile } from '../../src/cli/programs';
import { registerModel } from '../../src/cli/register';
import { Terminal } from '../../src/cli/terminal';
import { ENV } from '../../src/core/server-contract';
import type { LaunchedServer } from '../../src/scoring/launch';
import { table } from './table';

// bundled, this file is programs/quickstart.js
const ROOT = path.resolve(__dirname, '..');
const OUT = path.join(ROOT, 'quickstart.out');
const MODEL = path.join(ROOT, 'models', 'digits.onnx');
const SAMPLES = path.join(ROOT, 'models', 'digits-samples.json');
const LABELS = path.join(ROOT, 'models', 'digits-labels.json');

const LOCK_FILE = path.join(OUT, 'models.lock.json');
const PROFILE = path.join(OUT, 'profile.json');
const REPORT = path.join(OUT, 'profile.html');

/** Rows of the table at the end. */
const SHOWN = 8;
/** The profile's remarks that are shown here. */
const NOTED = 2;

const terminal = new Terminal(false);
const say = (text = ''): void => terminal.piece(text);
const relative = (file: string): string => path.relative(process.cwd(), file) || '.';

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find(argument => argument !== '--keep');
  if (unknown !== undefined) {
    process.stderr.write(`error: unknown option '${unknown}'\n  fix: the only one is --keep: npm run quickstart -- --keep\n`);
    process.exitCode = EXIT.usage;
    return;
  }
  fs.rmSync(OUT, { recursive: true, force: true });
  fs.mkdirSync(OUT);
  await register();
  await measure();
  await synthesize();
  await serve(args.includes('--keep'));
}

async function register(): Promise<void> {
  say('1  Register the model');
  const { model } = await registerModel(MODEL, {
    name: 'digits',
    tag: { area: 'vision' },
    property: { trainedBy: 'models/train_digits.py' },
    description: 'Handwritten digits, 8x8 pixels',
    sampleInput: SAMPLES,
    signature: true,
    lockFile: LOCK_FILE,
  });
  const names = (tensors: ReadonlyArray<{ name: string; type: string; shape: ReadonlyArray<number | string> }> = []): string =>
    tensors.map(({ name, type, shape }) => `${name} ${type}[${shape.join(', ')}]`).join(', ');
  say(`   ${model.name}:${model.version}  sha256 ${model.sha256.slice(0, 12)}…  ${model.sizeInBytes} bytes`);
  say(`   ${names(model.signature?.inputs)} → ${names(model.signature?.outputs)}`);
  say(`   ${relative(LOCK_FILE)}`);
}

async function measure(): Promise<void> {
  say('\n2  Measure it: 50 requests a second, 95 % of them within 40 ms');
  const options = { input: SAMPLES, rate: 50, p95: 40, target: 'aci', out: PROFILE, report: REPORT, verify: true } as const;
  const result = await profileModel(MODEL, options, ({ message, remainingSeconds }) =>
    terminal.progress(`   ${message} (about ${Math.round(remainingSeconds)} s left)`),
  );
  say(`   ${result.summary}`);
  for (const warning of result.warnings.slice(0, NOTED)) say(`   note: ${warning}`);
  const more = result.warnings.length - NOTED;
  if (more > 0) say(`   note: ${more} more in the report`);
  say(`   ${relative(PROFILE)}, ${relative(REPORT)}`);
}

async function synthesize(): Promise<void> {
  say('\n3  Write Terraform for three targets, from one set of props');
  terminal.progress('   synthesizing …');
  const { synthesizeStacks } = await import('./stacks'); // loads cdktf and the providers' bindings
  const outdir = path.join(OUT, 'cdktf.out');
  const stacks = synthesizeStacks({ modelFile: MODEL, lockFile: LOCK_FILE, profile: PROFILE, outdir });
  const rows = stacks.map(({ name, target, cpu, memory, file }) => [name, target, cpu, memory, relative(file)]);
  say(table(['stack', 'target', 'cores', 'memory', 'Terraform'], rows, '   '));
}

async function serve(keep: boolean): Promise<void> {
  say('\n4  Serve it, with the server that goes into the image');
  const { launchScoringServer } = await import('../../src/scoring/launch');
  const key = generateKey();
  const keys = writeKeys(key, OUT);
  process.once('exit', keys.remove);
  const server = await launchScoringServer({
    bundle: programFile('scoring-server'),
    modelPath: MODEL,
    ownGroup: keep, // so that a Ctrl-C is ours to handle
    env: { [ENV.auth]: 'keys', [ENV.keysDirectory]: keys.directory, [ENV.serviceName]: 'digits' },
  });
  const kept = keep ? untilStopped(server) : undefined; // from now on Ctrl-C is a clean end
  await scoreSamples(server, key);
  say(`\n   scoring  ${server.scoringUri}`);
  say(`   swagger  ${server.swaggerUri}`);
  if (kept === undefined) {
    await server.stop();
    say('   stopped cleanly');
  } else {
    say(`   key      ${key}`);
    say('   running; Ctrl-C stops it');
    await kept;
    say('   stopped cleanly');
  }
  say(
    `\nNext: open ${relative(REPORT)} in a browser; put RegisteredModel, InferenceImage and a webservice into a stack of your own: README.md`,
  );
}

async function scoreSamples(server: LaunchedServer, key: string): Promise<void> {
  const samples = JSON.parse(fs.readFileSync(SAMPLES, 'utf8')) as object[];
  const labels = JSON.parse(fs.readFileSync(LABELS, 'utf8')) as number[];
  const endpoint = { url: server.scoringUri, key, timeoutMs: 10_000 };
  const rows: string[][] = [];
  let right = 0;
  for (const [index, sample] of samples.entries()) {
    const answer = JSON.parse(await post(endpoint, JSON.stringify(sample), `sample ${index + 1}`)) as Answer;
    const [predicted] = answer.label;
    const matches = predicted === labels[index];
    if (matches) right++;
    const sure = `${(answer.probabilities[0][predicted] * 100).toFixed(1)} %`;
    rows.push([String(index + 1), String(predicted), String(labels[index]), sure, matches ? '' : 'wrong']);
  }
  say(table(['sample', 'predicted', 'true', 'sure', ''], rows.slice(0, SHOWN), '   '));
  say(`   ${right} of ${samples.length} images that training never saw are read correctly`);
}

interface Answer {
  readonly label: readonly number[];
  readonly probabilities: ReadonlyArray<readonly number[]>;
}

/** Resolves when a signal has stopped the server. */
async function untilStopped(server: LaunchedServer): Promise<void> {
  const onSignal = (): void => void server.stop();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  await server.exited;
}

main(process.argv.slice(2)).catch(error => {
  const failure = explain(error);
  terminal.failure(failure);
  process.exitCode = failure.exitCode;
});
