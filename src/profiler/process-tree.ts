import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { readOr } from './read-or';

/** CPU and waiting time of a process and all below it, milliseconds since they started. */
export interface TreeTimes {
  readonly cpuMs: number;
  /** Time that threads were ready to run but had no processor. Zero where the system does not say. */
  readonly runQueueWaitMs: number;
}

/** The process and all its descendants that live now; the process itself first. */
export function processTree(root: number): number[] {
  return process.platform === 'linux' ? linuxTree(root) : portableTree(root).map(row => row.pid);
}

/**
 * Times of a set of processes. Linux counts nanoseconds for each thread (`schedstat`); elsewhere `ps` gives CPU time in
 * hundredths of a second and no waiting time.
 */
export function treeTimes(root: number, pids: readonly number[] = processTree(root)): TreeTimes {
  return process.platform === 'linux' ? linuxTimes(pids) : { cpuMs: portableCpuMs(root), runQueueWaitMs: 0 };
}

/** Whether there is such a process, of whichever user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function linuxTree(root: number): number[] {
  const found = [root];
  for (const pid of found) {
    for (const thread of listThreads(pid)) {
      const children = readOr(`/proc/${pid}/task/${thread}/children`, '');
      for (const child of children.split(' ')) if (child) found.push(Number(child));
    }
  }
  return found;
}

function linuxTimes(pids: readonly number[]): TreeTimes {
  let cpu = 0;
  let wait = 0;
  for (const pid of pids) {
    for (const thread of listThreads(pid)) {
      const [ran, waited] = readOr(`/proc/${pid}/task/${thread}/schedstat`, '0 0').split(' ');
      cpu += Number(ran);
      wait += Number(waited);
    }
  }
  return { cpuMs: cpu / 1e6, runQueueWaitMs: wait / 1e6 };
}

/**
 * Times that a set of processes had to wait for a page from disk since they started, those of ended children included. Zero where
 * the system does not say.
 */
export function majorFaults(pids: readonly number[]): number {
  return pids.reduce((total, pid) => total + parseMajorFaults(readOr(`/proc/${pid}/stat`, '')), 0);
}

/** Own and ended children's, from the text of `/proc/PID/stat`; the program's name may hold spaces and parentheses. */
export function parseMajorFaults(stat: string): number {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(afterName[9] ?? 0) + Number(afterName[10] ?? 0);
}

/** Resident memory of one process, bytes: its own pages and those of mapped files. */
export interface ResidentMemory {
  readonly anonymous: number;
  readonly file: number;
  /** The most that was ever resident, both kinds together. */
  readonly highWater: number;
}

export function residentMemory(pid: number): ResidentMemory | undefined {
  const status = readOr(`/proc/${pid}/status`, '');
  if (!status.includes('VmRSS')) return undefined;
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { anonymous: field('RssAnon') + field('RssShmem'), file: field('RssFile'), highWater: field('VmHWM') };
}

/** Resident bytes of a process and all below it, where only `ps` is there to ask. */
export function portableResidentBytes(root: number): number {
  return portableTree(root).reduce((total, row) => total + row.rssKiB * 1024, 0);
}

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly rssKiB: number;
  readonly cpuMs: number;
}

/** The tree as the POSIX `ps` shows it; empty where there is none. */
function portableTree(root: number): ProcessRow[] {
  const rows = processRows();
  const found = rows.filter(row => row.pid === root);
  for (const row of found) found.push(...rows.filter(other => other.parent === row.pid && other.pid !== row.pid));
  return found;
}

const portableCpuMs = (root: number): number => portableTree(root).reduce((total, row) => total + row.cpuMs, 0);

function processRows(): ProcessRow[] {
  try {
    return parseProcessTable(execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' }));
  } catch {
    return [];
  }
}

/** Rows of `ps -o pid=,ppid=,rss=,time=`; time is `[[days-]hours:]minutes:seconds[.hundredths]`. */
export function parseProcessTable(text: string): ProcessRow[] {
  return text
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields.length === 4)
    .map(([pid, parent, rss, time]) => ({
      pid: Number(pid),
      parent: Number(parent),
      rssKiB: Number(rss),
      cpuMs: parseTime(time),
    }));
}

function parseTime(time: string): number {
  const [clock, days] = time.split('-').reverse();
  const seconds = clock.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return (seconds + Number(days ?? 0) * 86_400) * 1000;
}

function listThreads(pid: number): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // ended meanwhile
  }
}
