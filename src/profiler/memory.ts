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

/** Steps in which memory is recommended, GB. */
export const memoryStep = (grid: SizeGrid): number => Math.max(grid.searchStep.memoryInGB, grid.memoryStepInGB);

/** The smallest legal memory, GB, that holds the peak and the margin; at least the grid's minimum. */
export function memoryForPeak(peakBytes: number, grid: SizeGrid): number {
  const needed = Math.max((peakBytes * MEMORY_MARGIN) / GIBIBYTE, grid.minMemoryInGB);
  return roundUpToStep(needed, memoryStep(grid));
}

/** What a server needed, as a journal keeps it. Bytes; a container's share, all processes together. */
export interface MemoryFigures {
  /** At most some hundred, ascending in time; of each stretch the highest. */
  readonly points: readonly MemoryPoint[];
  /** Milliseconds since the server was started, when loading was over. */
  readonly loadedAtMs: number;
  /** The most while loading: often more than what remains. */
  readonly loadPeakBytes: number;
  /** The most of all. */
  readonly peakBytes: number;
  /** The most of own pages, without those of mapped files. */
  readonly anonymousPeakBytes: number;
  /**
   * What to size by: the most while running, or while loading without half of the mapped files' pages. Under a limit those
   * make room for the moment of the load peak, and are read again once instead of with each request.
   */
  readonly neededBytes: number;
}

interface LoadPhase {
  readonly atMs: number;
  readonly peak: number;
  readonly anonymousPeak: number;
}

/** Each process costs about two ten-thousandths of a second; what lies between two samples is in the marks. */
const SAMPLE_MS = 100;
/** Asking `ps` starts a process. */
const PORTABLE_SAMPLE_MS = 500;
/** Processes are looked for in every so many samples: a server seldom starts any. */
const SAMPLES_PER_TREE = 8;
const MAX_POINTS = 300;

/**
 * Watches the memory of a process tree from the moment it is made.
 *
 * Each sample takes the kernel's high-water mark of each process and sets it back, so that nothing between two samples is missed
 * and only marks of the same moment are added. Where setting back is not allowed, marks of different moments are added, and
 * the peak errs upwards. A file that several processes map counts once, as a fresh container would be charged for it.
 */
export class MemoryWatch {
  private readonly points: MemoryPoint[] = [];
  private readonly started = performance.now();
  private readonly timer: NodeJS.Timeout;
  private pids: number[] = [];
  private samples = 0;
  /** Of own pages, since the phase began. */
  private phasePeak = 0;
  private mapped = 0;
  private load?: LoadPhase;

  constructor(
    private readonly root: number,
    intervalMs = process.platform === 'linux' ? SAMPLE_MS : PORTABLE_SAMPLE_MS,
  ) {
    this.timer = setInterval(() => this.sample(), intervalMs);
    this.timer.unref();
  }

  /** Loading is over: what comes now is running. */
  endLoad(): void {
    if (this.load) return;
    const peak = this.peak();
    this.load = { atMs: this.elapsedMs(), peak, anonymousPeak: this.phasePeak };
    this.phasePeak = 0;
    this.sample();
  }

  /** Bytes that a container would have held so far. Reads every mapping: some milliseconds for each process. */
  peak(): number {
    this.samples = 0;
    this.sample();
    this.mapped = Math.max(this.mapped, mappedFileBytes(this.pids));
    return this.anonymousPeak + this.mapped;
  }

  /** All of it; where loading was not said to be over, it still is under way. */
  figures(): MemoryFigures {
    const peakBytes = this.peak();
    const { anonymousPeak, load, mapped } = this;
    return {
      points: thinned(this.points, MAX_POINTS),
      loadedAtMs: load?.atMs ?? this.elapsedMs(),
      loadPeakBytes: load?.peak ?? peakBytes,
      peakBytes,
      anonymousPeakBytes: anonymousPeak,
      neededBytes: load ? Math.max(load.anonymousPeak + mapped / 2, this.phasePeak + mapped) : peakBytes,
    };
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private get anonymousPeak(): number {
    return Math.max(this.phasePeak, this.load?.anonymousPeak ?? 0);
  }

  private elapsedMs(): number {
    return Math.round(performance.now() - this.started);
  }

  private sample(): void {
    const atMs = this.elapsedMs();
    if (process.platform !== 'linux') return this.keep(atMs, portableResidentBytes(this.root), 0, 0);
    if (this.samples++ % SAMPLES_PER_TREE === 0) this.pids = processTree(this.root);
    let anonymous = 0;
    let file = 0;
    let highWater = 0;
    for (const pid of this.pids) {
      const memory = residentMemory(pid);
      if (!memory) continue;
      forgetHighWater(pid);
      anonymous += memory.anonymous;
      file = Math.max(file, memory.file);
      highWater += Math.max(memory.anonymous, memory.highWater - memory.file);
    }
    this.keep(atMs, anonymous, file, highWater);
  }

  private keep(atMs: number, anonymous: number, file: number, highWater: number): void {
    if (anonymous + file > 0) this.points.push({ atMs, anonymous, file });
    this.phasePeak = Math.max(this.phasePeak, anonymous, highWater);
  }
}

/** The kernel's own way to begin a new high-water mark, proc(5); only for the same user's processes. */
function forgetHighWater(pid: number): void {
  try {
    fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // another user's, or ended meanwhile: the mark stays that of its whole life
  }
}

/** The highest point of each of `most` stretches. */
function thinned(points: readonly MemoryPoint[], most: number): MemoryPoint[] {
  const stretch = Math.ceil(points.length / most);
  const total = ({ anonymous, file }: MemoryPoint) => anonymous + file;
  return Array.from({ length: Math.ceil(points.length / Math.max(stretch, 1)) }, (_, i) =>
    points.slice(i * stretch, (i + 1) * stretch).reduce((highest, point) => (total(point) > total(highest) ? point : highest)),
  );
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
