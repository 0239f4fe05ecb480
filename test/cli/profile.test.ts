import { spawn } from 'child_process';
import { once } from 'events';
import * as fs from 'fs';
import * as path from 'path';
import { sha256File } from '../../src/core/fingerprint';
import { ProfileResult } from '../../src/sizing/profile-result';
import { temporaryFile, temporaryFolder } from '../support/files';
import { bundlePrograms, DIGITS, LABELS, removePrograms, run, SAMPLES } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

const GOAL = ['--input', SAMPLES, '--rate', '20', '--target', 'aci'];
// what is tested is the command: a busy machine may be as it is
const SHORT = ['--quick', '--no-verify', '--allow-noise', '--allow-unsteady'];

const read = (file: string) => JSON.parse(fs.readFileSync(file, 'utf8')) as ProfileResult;

describe('model-serving profile', () => {
  const folder = temporaryFolder();
  const out = path.join(folder, 'new/folder/profile.json');
  const raw = path.join(folder, 'measured.jsonl');
  // measured once, by the first test, and decided again from the raw measurements by the others
  const measured = ['profile', DIGITS, ...GOAL, '--p95', '0.5s', ...SHORT, '--raw', raw];

  test('measures a model and writes profile, report and hand-off', async () => {
    const report = path.join(folder, 'profile.html');
    const handOff = path.join(folder, 'size.json');

    const { code, stdout, stderr } = await run([...measured, '--out', out, '--report', report, '--hand-off', handOff]);

    expect(stderr).toMatch(/^next: .*Sizing\.fromProfile/m);
    expect(code).toBe(0);
    const profile = read(out);
    expect(stdout).toBe(`${profile.summary}\n`);
    expect(profile).toMatchObject({
      state: 'Succeeded',
      objective: { target: 'aci', rate: 20, percentile: 0.95, latencyMs: 500 },
      evidence: 'modelled',
      model: { sha256: sha256File(DIGITS) },
    });
    expect(profile.recommendedCpu).toBeGreaterThan(0);
    expect(fs.readFileSync(report, 'utf8')).toMatch(/^<!doctype html>/i);
    expect(Object.keys(JSON.parse(fs.readFileSync(handOff, 'utf8')) as object)).toEqual(['cpu', 'memoryInGB']);
  });

  test('decides the same, to the byte, from the same raw measurements', async () => {
    const again = path.join(folder, 'again.json');
    expect((await run([...measured, '--out', again])).code).toBe(0);
    expect(fs.readFileSync(again, 'utf8')).toBe(fs.readFileSync(out, 'utf8'));
  });

  test('exits with 5 where a condition fails, and writes the profile all the same', async () => {
    const kept = path.join(folder, 'asserted.json');
    const conditions = ['--assert', 'cpu<=3.5', '--assert', 'evidence==verified'];

    const { code, stdout } = await run([...measured, '--out', kept, ...conditions, '--json']);

    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({
      profile: { state: 'Succeeded' },
      assertions: [{ holds: true }, { holds: false, found: 'modelled' }],
      error: { code: 'ASSERTION_FAILED', problem: 'evidence==verified fails: modelled' },
    });
    expect(read(kept).state).toBe('Succeeded');
  });

  test('exits with 6 where requests cost more than in the baseline', async () => {
    const { cpuMsSamples = [], ...profile } = read(out);
    // many, since a quick profile has few itself
    const half = Array.from({ length: 30 }, () => Math.min(...cpuMsSamples) / 2);
    const halved = JSON.stringify({ ...profile, cpuMsSamples: half });

    const baseline = ['--baseline', temporaryFile('former.json', halved)];
    const { code, stderr } = await run([...measured, '--out', path.join(folder, 'dearer.json'), ...baseline]);

    expect(stderr).toMatch(/^error: regression: \+\d+.* \[REGRESSION_FOUND\]$/m);
    expect(code).toBe(6);
  });

  test('exits with 3 and one JSON value where no size can be fast enough', async () => {
    const missed = path.join(folder, 'missed.json');
    // one core: more would be measured with more threads as well
    const goal = ['--p99', '0.1ms', '--max-cpu', '1'];
    const { code, stdout } = await run(['profile', DIGITS, ...GOAL, ...SHORT, ...goal, '--out', missed, '--json']);

    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'TARGET_UNREACHABLE' } });
    expect(fs.readdirSync(folder).filter(file => file.startsWith('missed'))).toEqual([]);
  });

  test('names the input that the model refuses', async () => {
    const { code, stderr } = await run(['profile', DIGITS, ...GOAL, ...SHORT, '--p95', '1s', '--input', LABELS]);

    expect(code).not.toBe(0);
    expect(stderr).toMatch(/input 1 \(counted from 1\)/);
  });

  test('leaves no process behind when it is interrupted, and says how to go on', async () => {
    // where bundlePrograms puts them
    const programs = path.join(__dirname, '../../node_modules/.cache', `model-serving-cli-${process.pid}`);
    const stopped = path.join(folder, 'stopped.json');
    const args = ['profile', DIGITS, ...GOAL, ...SHORT, '--p95', '0.5s', '--out', stopped];
    const child = spawn(process.execPath, [path.join(programs, 'model-serving.js'), ...args]);
    let stderr = '';
    child.stderr.on('data', chunk => (stderr += chunk));
    await once(child.stderr, 'data'); // its first step: the server is starting

    child.kill('SIGINT');

    expect(await once(child, 'close')).toEqual([130, null]);
    expect(stderr).toMatch(/^error: .* \[INTERRUPTED\]\n {2}fix: .*(--resume|start it again)/m);
    await expectNoProcessOf(programs);
    expect(fs.existsSync(stopped)).toBe(false);
  });

  test.each([
    ['no latency', [], /--p95 40ms/],
    ['two latencies', ['--p95', '40ms', '--p99', '80ms'], /--p95 and --p99 are given/],
    ['a latency without a unit', ['--p95', '40'], /unit, such as 40ms/],
    ['a latency of nothing', ['--p95', '0ms'], /above 0/],
    ['an unknown target', ['--p95', '40ms', '--target', 'moon'], /local, aci, aks, edge/],
    ['a rate of nothing', ['--p95', '40ms', '--rate', '0'], /above 0/],
    ['a folder as output', ['--p95', '40ms', '--out', __dirname], /is a folder/],
    ['inputs that are not there', ['--p95', '40ms', '--input', 'none.json'], /none\.json/],
    ['inputs that hold nothing', ['--p95', '40ms', '--input', temporaryFile('empty.json', '[]')], /no request body/],
    ['a condition that cannot be read', ['--p95', '40ms', '--assert', 'p95<=50'], /a number with ms or s/],
    ['a baseline that is none', ['--p95', '40ms', '--baseline', SAMPLES], /no profile of this version/],
    ['a second subject', ['--p95', '40ms', '--image', 'scoring:1'], /one profile has one subject/],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(['profile', DIGITS, ...GOAL, ...args]);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ {2}fix: .+/m);
  });
});

/** Fails where a process of a program in the folder goes on; one that was just killed may need a moment. */
async function expectNoProcessOf(folder: string): Promise<void> {
  const left = () => commandLines().filter(line => line.includes(folder));
  for (let tries = 0; tries < 50 && left().length > 0; tries++) await new Promise(resolve => setTimeout(resolve, 100));
  expect(left()).toEqual([]);
}

/** Of all processes, where the system shows them as files. */
function commandLines(): string[] {
  const pids = fs.existsSync('/proc/self/cmdline') ? fs.readdirSync('/proc').filter(name => /^\d+$/.test(name)) : [];
  return pids.map(pid => {
    try {
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return ''; // it ended meanwhile
    }
  });
}
