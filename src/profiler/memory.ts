import * as fs from 'fs';
import { roundUpToStep, SizeGrid } from '../sizing/compute-size';
import { portableResidentBytes, processTree, residentMemory } from './process-tree';

export const GIBIBYTE = 1024 ** 3;

/** What Kubernetes' and Robusta's recommenders add to the highest use they saw; the worst phase is inside the sample here. */
export const MEMORY_MARGIN = 1.15;

/** Memory of the whole container at one moment, bytes. */
export interface MemoryPoint {
  /** Milliseconds since the server was started. */
  readonly atMs: number;
  readonly anonymous: number;
  readonly file: number;
}

/** The smallest legal memory, GB, that holds the peak and the margin; at least the grid's minimum. */
export function memoryForPeak(peakBytes: number, grid: SizeGrid): number {
  const step = Math.max(grid.searchStep.memoryInGB, grid.memoryStepInGB);
  const needed = Math.max((peakBytes * MEMORY_MARGIN) / GIBIBYTE, grid.minMemoryInGB);
  return roundUpToStep(needed, step);
}

/**
 * Watches the memory of a process tree from the moment it is made.
 *
 * The peak takes each process's kernel high-water mark, which no sampling misses, and counts a file that several processes
 * map once, as a fresh container would be charged for it. The marks need not fall together, so the peak errs upwards.
 */
export class MemoryWatch {
  public readonly points: MemoryPoint[] = [];
  private readonly started = performance.now();
  private readonly timer: NodeJS.Timeout;
  private readonly ownHighWater = new Map<number, number>();
  private mapped = 0;
  private portablePeak = 0;
  private pids: number[] = [];
  private samples = 0;

  constructor(
    private readonly root: number,
    intervalMs = 25,
  ) {
    const portable = process.platform !== 'linux';
    this.timer = setInterval(() => this.sample(), portable ? 500 : intervalMs);
    this.timer.unref();
  }

  /** Bytes that a container would have needed so far. */
  peak(): number {
    this.pids = processTree(this.root);
    this.sample();
    this.mapped = Math.max(this.mapped, mappedFileBytes(this.pids));
    let own = 0;
    for (const bytes of this.ownHighWater.values()) own += bytes;
    return Math.max(own + this.mapped, this.portablePeak);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    const atMs = performance.now() - this.started;
    if (process.platform !== 'linux') return this.samplePortably(atMs);
    if (this.samples++ % 8 === 0) this.pids = processTree(this.root);
    let anonymous = 0;
    let file = 0;
    for (const pid of this.pids) {
      const memory = residentMemory(pid);
      if (!memory) continue;
      anonymous += memory.anonymous;
      file = Math.max(file, memory.file);
      const own = Math.max(memory.anonymous, memory.highWater - memory.file);
      this.ownHighWater.set(pid, Math.max(own, this.ownHighWater.get(pid) ?? 0));
    }
    if (anonymous + file > 0) this.points.push({ atMs, anonymous, file });
  }

  private samplePortably(atMs: number): void {
    const anonymous = portableResidentBytes(this.root);
    this.portablePeak = Math.max(this.portablePeak, anonymous);
    this.points.push({ atMs, anonymous, file: 0 });
  }
}

/** Resident bytes of the files that a set of processes maps, each part of each file counted once. */
function mappedFileBytes(pids: readonly number[]): number {
  const parts = new Map<string, number>();
  for (const pid of pids) {
    for (const [part, bytes] of parseMappedFiles(readMaps(pid))) parts.set(part, Math.max(bytes, parts.get(part) ?? 0));
  }
  let total = 0;
  for (const bytes of parts.values()) total += bytes;
  return total;
}

/** Resident bytes without private copies, by `file@offset`, from the text of `/proc/PID/smaps`. */
export function parseMappedFiles(smaps: string): Map<string, number> {
  const parts = new Map<string, number>();
  let part: string | undefined;
  for (const line of smaps.split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) \S+ (\d+)\s+(\/.*)$/.exec(line);
    if (mapping) part = `${mapping[3]}@${mapping[1]}`;
    else if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) part = undefined;
    else if (part && line.startsWith('Rss:')) add(parts, part, kibibytes(line));
    else if (part && line.startsWith('Anonymous:')) add(parts, part, -kibibytes(line));
  }
  return parts;
}

const kibibytes = (line: string): number => Number(/(\d+) kB/.exec(line)?.[1] ?? 0) * 1024;

function add(parts: Map<string, number>, part: string, bytes: number): void {
  parts.set(part, (parts.get(part) ?? 0) + bytes);
}

function readMaps(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/smaps`, 'utf8');
  } catch {
    return '';
  }
}
