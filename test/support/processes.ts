import { spawnSync } from 'child_process';

/** Whether a process still runs. One that ended does not, even while its parent has yet to take note of it. */
export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}
