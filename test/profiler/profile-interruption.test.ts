import { ChildProcess, execFileSync, spawn } from 'child_process';
import { once } from 'events';
import * as fs from 'fs';
import * as path from 'path';
import { ProfileOptions } from '../../src/profiler/profile';
import { temporaryFolder } from '../support/files';
import { isRunning } from '../support/processes';
import { BRIEF, goal, leftovers, orders, profile } from './support/brief-profile';
import { bundle } from './support/programs';

test('a profile that was killed goes on with what it had measured', async () => {
  orders({ CPU_MS: 2 });
  const journal = path.join(temporaryFolder(), 'raw.jsonl');
  const options = goal({ journal, verify: false });
  const killed = profileElsewhere(options);
  await killed.says(/one request after another, round 2/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const kept = fs.readFileSync(journal, 'utf8').split('\n').filter(Boolean);
  expect(kept.length).toBeGreaterThan(3);

  const { result } = await profile(options);
  expect(result.state).toBe('Succeeded');
  const whole = fs.readFileSync(journal, 'utf8');
  // the line that the kill cut may be missing, and nothing else
  for (const line of kept.slice(0, -1)) expect(whole).toContain(line);
  expect(await leftovers()).toEqual([]);
});

const onPosix = process.platform === 'win32' ? test.skip : test;

onPosix('INTERRUPTED: a signal ends everything that was started', async () => {
  const interrupted = profileElsewhere(goal());
  await interrupted.says(/warming up with/);
  const started = childrenOf(interrupted.child);
  expect(started.length).toBeGreaterThanOrEqual(2);

  interrupted.child.kill('SIGINT');
  await interrupted.says(/INTERRUPTED/);
  await interrupted.ended;
  expect(started.filter(isRunning)).toEqual([]);
  expect(await leftovers(interrupted.child.pid)).toEqual([]);
});

/** A profile in a process of its own, which can be killed as this one cannot. */
interface ProfileElsewhere {
  readonly child: ChildProcess;
  /** Resolves once it has said that; fails where it ends without. */
  says(words: RegExp): Promise<void>;
  readonly ended: Promise<unknown>;
}

function profileElsewhere(options: ProfileOptions): ProfileElsewhere {
  const program = bundle('src/profiler/profile.ts');
  const script = `
    process.on('SIGINT', () => {});
    require(${JSON.stringify(program)})
      .profileWithin(${JSON.stringify(BRIEF)}, ${JSON.stringify(options)}, event => console.log(event.message))
      .catch(error => console.log(error.code));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  let said = '';
  child.stdout.on('data', chunk => (said += chunk));
  const says = async (words: RegExp): Promise<void> => {
    while (!words.test(said) && child.stdout.readable) await Promise.race([once(child.stdout, 'data'), ended]);
    expect(said).toMatch(words);
  };
  return { child, says, ended };
}

function childrenOf({ pid }: ChildProcess): number[] {
  const listed = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  return listed.trim().split(/\s+/).map(Number);
}
