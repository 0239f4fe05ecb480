import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import type { BenchCase } from '../cases';
import { flagsNoise, profileByCommand, ProfileRun, rawFile, recommendationOf, Recommended } from '../command';
import { Scratch } from '../scratch';

/** One profile's answer, as far as repeats are compared. */
export interface Answer {
  readonly answer?: Recommended;
  readonly cpuMsPerRequest?: number;
  readonly flagged: boolean;
  readonly failure?: string;
  readonly wallMs: number;
  readonly speed: number;
}

/** The same profile again, on a quiet machine. */
export async function profileAgain(scratch: Scratch, bench: BenchCase, index: number): Promise<Answer> {
  return answerOf(await profileByCommand(scratch, bench, `${bench.id}-repeat-${index}`));
}

/** The same profile beside a program that keeps core 0 busy. */
export async function profileBesideNeighbour(scratch: Scratch, bench: BenchCase, index: number): Promise<Answer> {
  const neighbour = spawn('taskset', ['-c', '0', process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  try {
    // it would refuse an answer; here the answer is what is looked at
    return answerOf(await profileByCommand(scratch, bench, `${bench.id}-noise-${index}`, ['--allow-noise']));
  } finally {
    neighbour.kill('SIGKILL');
  }
}

/** Decides twice more from the raw file of the case's profile; true where all three profiles are the same bytes. */
export async function sameBytesFromRaw(scratch: Scratch, bench: BenchCase): Promise<boolean> {
  const written = (name: string) => fs.readFileSync(path.join(scratch.folder, 'profiles', `${name}.json`), 'utf8');
  const all = new Set([written(bench.id)]);
  for (const name of [`${bench.id}-raw-1`, `${bench.id}-raw-2`]) {
    const raw = rawFile(scratch, name);
    fs.copyFileSync(rawFile(scratch, bench.id), raw);
    const { exitCode, words } = await profileByCommand(scratch, bench, name, [], raw);
    if (exitCode !== 0) throw new Error(`profile --raw failed: ${words}`);
    all.add(written(name));
  }
  return all.size === 1;
}

export function answerOf(run: ProfileRun): Answer {
  const { profile, words, wallMs, speed } = run;
  return {
    answer: profile?.state === 'Succeeded' ? recommendationOf(profile) : undefined,
    cpuMsPerRequest: profile?.cpuMsPerRequest,
    flagged: flagsNoise(run),
    failure: words || undefined,
    ...{ wallMs, speed },
  };
}
