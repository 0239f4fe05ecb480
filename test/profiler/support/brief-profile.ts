import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { Budget } from '../../../src/profiler/budget';
import { cgroupHost } from '../../../src/profiler/cgroup';
import { Profile, ProfileOptions, profileWithin } from '../../../src/profiler/profile';
import { ProgressListener } from '../../../src/profiler/progress';
import { DIGITS, FIXTURE_SERVER, loadGenerator } from './programs';

// on a busy machine a profile takes its time
jest.setTimeout(120_000);

/** Just enough to go through every step: what is asserted must hold for any figures. */
export const BRIEF: Budget = {
  ...{ expectedMs: 3000, warmUpCapMs: 600, warmUpBatchMs: 35, repeats: 2, serialMs: 80, concurrentMs: 60 },
  ...{ atRateMs: 200, atRateRounds: 1, retakes: 0, compareSettings: false, batchConcurrency: [], batchMs: 100 },
  ...{ operators: false, cliff: false, verifyMinMs: 500, verifyMaxMs: 1000, settleMs: 200, compileCpuMs: 10, saturatedMs: 100 },
  ...{ startNoMoreAfterMs: 3000, giveUpAfterMs: 5000 },
};

let generator: string;
beforeAll(() => (generator = loadGenerator()));

/** A goal that the fixture reaches with ease; what it must not, each test orders. A busy machine may be as it is. */
export const goal = (options: Partial<ProfileOptions> = {}): ProfileOptions => ({
  model: DIGITS,
  inputs: [{ image: [1] }, { image: [2] }],
  rate: 100,
  latencyMs: 2000,
  target: 'aci',
  allowNoise: true,
  allowUnsteady: true,
  serverBundle: FIXTURE_SERVER,
  loadGenerator: generator,
  ...options,
});

export const profile = (options: ProfileOptions, progress?: ProgressListener): Promise<Profile> =>
  profileWithin(BRIEF, options, progress);

/** Environment that the fixture server reads, for one test. */
export function orders(values: Record<string, string | number>): void {
  for (const [name, value] of Object.entries(values)) process.env[`FIXTURE_${name}`] = String(value);
}
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('FIXTURE_')) delete process.env[name];
});

/** What a profile in the process `parent` left behind, once what was just killed had time to go: control groups and processes. */
export async function leftovers(parent: number = process.pid): Promise<string[]> {
  for (let tries = 0; tries < 50 && found(parent).length > 0; tries++) await new Promise(resolve => setTimeout(resolve, 100));
  return found(parent);
}

function found(parent: number): string[] {
  const host = cgroupHost();
  const mounts = host?.version === 1 ? [host.cpu, host.memory] : host ? [host.root] : [];
  const groups = mounts.flatMap(mount =>
    fs.readdirSync(mount).filter(entry => entry.startsWith(`model-serving-profile-${parent}-`)),
  );
  const { stdout } = spawnSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(parent)], { encoding: 'utf8' });
  const children = stdout.split('\n').filter(line => /load-generator|fixture-server|main\.js/.test(line));
  return [...groups, ...children.filter(line => !/^\s*\d+ Z/.test(line))];
}
