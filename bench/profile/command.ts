import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { SERVER_DEFAULTS } from '../../src/core/server-contract';
import { coreSpeed } from '../../src/profiler/machine';
import { median } from '../../src/profiler/statistics';
import type { ProfileResult } from '../../src/sizing/profile-result';
import { BenchCase, percentileName } from './cases';
import { inputFile, Scratch, subjectFile } from './scratch';

/** One profile made by the command, as its user makes it. */
export interface ProfileRun {
  /** Absent where none was written. */
  readonly profile?: ProfileResult;
  readonly exitCode: number;
  /** What the command said, where it failed. */
  readonly words: string;
  readonly wallMs: number;
  /** Speed of a core that the profile's figures are stated at, multiply-adds per CPU millisecond. */
  readonly speed: number;
}

/** What a case's profile was decided from. */
export const rawFile = (scratch: Scratch, out: string): string => path.join(scratch.folder, 'profiles', `${out}.raw.jsonl`);

/** Runs `model-serving profile` for a case. `out` names the profile and its raw file in the scratch folder, which it keeps where it is told to. */
export async function profileByCommand(
  scratch: Scratch,
  bench: BenchCase,
  out: string,
  extra: readonly string[] = [],
  raw = freshFile(rawFile(scratch, out)),
): Promise<ProfileRun> {
  const file = freshFile(path.join(scratch.folder, 'profiles', `${out}.json`));
  const before = coreSpeed(100);
  const began = performance.now();
  const { exitCode, words } = await runCommand(scratch, [...commandLine(scratch, bench, file), '--raw', raw, ...extra]);
  const wallMs = performance.now() - began;
  const around = (before + coreSpeed(100)) / 2;
  const profile = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as ProfileResult) : undefined;
  return { profile, exitCode, words: exitCode === 0 ? '' : words, wallMs, speed: statedSpeed(raw) ?? around };
}

/** The middle speed beside the windows in which cost was measured; verification runs count for nothing there. */
function statedSpeed(raw: string): number | undefined {
  if (!fs.existsSync(raw)) return undefined;
  const windows = fs
    .readFileSync(raw, 'utf8')
    .matchAll(/"kind":"(?:serial|saturated|batched|at-rate)".*?"coreSpeed":([\d.e+]+)/g);
  const speeds = [...windows].map(([, speed]) => Number(speed));
  return speeds.length === 0 ? undefined : median(speeds);
}

function freshFile(file: string): string {
  fs.rmSync(file, { force: true });
  return file;
}

function commandLine(scratch: Scratch, bench: BenchCase, out: string): string[] {
  const { model, rate, percentile, latencyMs, target } = bench;
  return [
    ...['profile', subjectFile(scratch, model), '--input', inputFile(scratch, model), '--out', out],
    ...['--rate', String(rate), `--${percentileName(percentile)}`, `${latencyMs}ms`, '--target', target],
    // one container, as everywhere in this benchmark
    ...(target === 'aks' ? ['--replicas-max', '1'] : []),
    ...(model.script?.endsWith('.py') ? ['--python', scratch.python] : []),
  ];
}

function runCommand(scratch: Scratch, args: readonly string[]): Promise<{ readonly exitCode: number; readonly words: string }> {
  return new Promise((resolve, reject) => {
    const program = path.join(scratch.programs, 'model-serving.js');
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', reject);
    child.once('close', code => resolve({ exitCode: code ?? 1, words: Buffer.concat(said).toString('utf8').slice(-1500) }));
  });
}

/** What a profile recommends, in the terms of a server to start. */
export interface Recommended {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly settings: {
    readonly threads: number;
    readonly spinning: boolean;
    readonly workers: number;
    readonly maxBatch: number;
  };
}

export function recommendationOf(profile: ProfileResult): Recommended {
  return {
    cpu: profile.recommendedCpu,
    memoryInGB: profile.recommendedMemoryInGB,
    settings: settingsOf(profile.sessionOptions),
  };
}

export const settingsOf = (options: ProfileResult['sessionOptions']): Recommended['settings'] => ({
  threads: options.intraOpNumThreads,
  spinning: options.allowSpinning,
  workers: options.workers ?? 1,
  maxBatch: options.maxBatch ?? SERVER_DEFAULTS.maxBatch,
});

/** Whether a profile, or the refusal to make one, says that the machine was not quiet. */
export function flagsNoise({ profile, words }: Pick<ProfileRun, 'profile' | 'words'>): boolean {
  const said = [words, ...(profile?.warnings ?? [])].join('\n');
  return /HOST_NOISY|disturbed|other programs|hypervisor|too busy|speed of the cores changed|ran at \d+ % of the speed/.test(
    said,
  );
}
