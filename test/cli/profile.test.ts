import * as fs from 'fs';
import * as path from 'path';
import { sha256File } from '../../src/core/fingerprint';
import { ProfileResult } from '../../src/sizing/profile-result';
import { temporaryFile, temporaryFolder } from '../support/files';
import { bundlePrograms, DIGITS, LABELS, removePrograms, run, SAMPLES } from './cli';

beforeAll(bundlePrograms);
afterAll(removePrograms);

const GOAL = ['--input', SAMPLES, '--rate', '20', '--target', 'aci'];

describe('model-serving profile', () => {
  test('measures a model and writes profile and report', async () => {
    const folder = temporaryFolder();
    const out = path.join(folder, 'new/folder/profile.json');
    const report = path.join(folder, 'profile.html');

    const files = ['--out', out, '--report', report];
    const { code, stdout, stderr } = await run(['profile', DIGITS, ...GOAL, '--p95', '0.5s', ...files, '--quick', '--no-verify']);

    expect(stderr).toMatch(/^next: .*Sizing\.fromProfile/m);
    expect(code).toBe(0);
    const profile = JSON.parse(fs.readFileSync(out, 'utf8')) as ProfileResult;
    expect(stdout).toBe(`${profile.summary}\n`);
    expect(profile).toMatchObject({
      state: 'Succeeded',
      objective: { target: 'aci', rate: 20, percentile: 0.95, latencyMs: 500 },
      evidence: 'modelled',
      model: { sha256: sha256File(DIGITS) },
    });
    expect(profile.recommendedCpu).toBeGreaterThan(0);
    expect(fs.readFileSync(report, 'utf8')).toMatch(/^<!doctype html>/i);
  });

  test('exits with 3 and one JSON value where no size can be fast enough', async () => {
    const out = path.join(temporaryFolder(), 'profile.json');
    const goal = ['--p99', '0.1ms', '--out', out, '--quick', '--no-verify', '--json'];

    const { code, stdout } = await run(['profile', DIGITS, ...GOAL, ...goal]);

    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'TARGET_UNREACHABLE' } });
    expect(fs.existsSync(out)).toBe(false);
  });

  test('names the input that the model refuses', async () => {
    const { code, stderr } = await run(['profile', DIGITS, '--input', LABELS, '--rate', '20', '--target', 'aci', '--p95', '1s']);

    expect(code).toBe(1);
    expect(stderr).toMatch(/refused input 1 /);
  });

  test.each([
    ['no latency', [], /--p95 40ms/],
    ['two latencies', ['--p95', '40ms', '--p99', '80ms'], /--p95 and --p99 are given/],
    ['a latency without a unit', ['--p95', '40'], /unit, such as 40ms/],
    ['a latency of nothing', ['--p95', '0ms'], /above 0/],
    ['an unknown target', ['--p95', '40ms', '--target', 'moon'], /local, aci, aks/],
    ['a rate of nothing', ['--p95', '40ms', '--rate', '0'], /above 0/],
    ['a folder as output', ['--p95', '40ms', '--out', __dirname], /is a folder/],
    ['inputs that are not there', ['--p95', '40ms', '--input', 'none.json'], /none\.json/],
    ['inputs that hold nothing', ['--p95', '40ms', '--input', temporaryFile('empty.json', '[]')], /no request body/],
  ])('exits with 2 for %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(['profile', DIGITS, ...GOAL, ...args]);

    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^ {2}fix: .+/m);
  });
});
