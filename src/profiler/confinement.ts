/** How to start a program. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** The program's own variables, on top of this process's environment; undefined takes one away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where it was decided before the start. */
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
  /**
   * A container's first process; absent where the program is started as a child of this process. Not there yet: undefined. There, but
   * on a machine whose processes cannot be seen from here, as Docker Desktop's: without a `pid`.
   */
  root?(): Promise<ContainerRoot | undefined>;
  /** Whether the kernel killed something in here for memory. */
  outOfMemory(): boolean;
  /** Kills what still runs inside and removes the place. Synchronous, so that a signal handler can call it. */
  dispose(): void;
}

/** What is known of a container once it runs. */
export interface ContainerRoot {
  readonly pid?: number;
  /** Where this machine reaches the server's metrics. */
  readonly metricsPort?: number;
}

export interface CpuUsageFile {
  readonly path: string;
  /** The line to read in a file of `key value` lines; absent where the file holds one number. */
  readonly key?: string;
  readonly unitsPerMs: number;
}

export type LimitKind = 'cgroup-v1' | 'cgroup-v2' | 'docker';
