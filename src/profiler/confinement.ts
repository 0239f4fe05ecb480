/** How to start a Node program: command, arguments, environment; `port` where it was decided before the start. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly port?: number;
}

/** CPU periods that passed and those in which the group was stopped for having spent its quota. */
export interface Throttling {
  readonly periods: number;
  readonly throttled: number;
}

/** A place in which one server runs, with or without limits. */
export interface Confinement {
  /** The launch that puts the program into this place. */
  wrap(launch: Launch): Launch;
  /** A file that holds the CPU nanoseconds used so far, where there is one. */
  readonly cpuUsageFile?: CpuUsageFile;
  /**
   * Sets or changes the CPU quota, cores, while the program runs: loading and warming up under a tenth of a core would take
   * minutes and show nothing about requests.
   */
  limitCpu(cores: number): void;
  throttling(): Throttling | undefined;
  /** Whether the kernel killed something in here for memory. */
  outOfMemory(): boolean;
  /** Kills what still runs inside and removes the place. Synchronous, so that a signal handler can call it. */
  dispose(): void;
}

export interface CpuUsageFile {
  readonly path: string;
  /** The line to read in a file of `key value` lines; absent where the file holds one number. */
  readonly key?: string;
  readonly unitsPerMs: number;
}

export type LimitKind = 'cgroup-v1' | 'cgroup-v2' | 'docker';
