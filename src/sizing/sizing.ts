import { Annotations } from 'cdktf';
import { IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { SERVER_DEFAULTS } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { roundUpToStep, SizeGrid, SIZE_GRIDS } from './compute-size';
import { billedAtMinimum, limitBelowRequest, sizeAboveUsual, sizeNotMeasured, sizeNotPositive } from './errors';
import { FromProfileOptions, sizeFromProfile } from './from-profile';
import { ProfileTarget } from './profile-result';

/** CPU and memory of one replica. */
export interface ComputeSize {
  /** Cores; 0.5 is half a core. */
  readonly cpu: number;

  /** GB of 1024³ bytes. */
  readonly memoryInGB: number;

  /**
   * Most that the container may use when the machine has it to spare, cores. At least `cpu`.
   * @default - `cpu`: what was measured is what it gets
   */
  readonly cpuLimit?: number;

  /**
   * Most memory before the container is killed, GB. At least `memoryInGB`.
   * @default - `memoryInGB`
   */
  readonly memoryInGBLimit?: number;

  /**
   * Threads that ONNX Runtime uses within one request. More threads than whole cores make a throttled container slower.
   * @default - the profile's choice, else the whole cores of `cpu`, at least 1
   */
  readonly intraOpThreads?: number;

  /**
   * Whether idle threads wait busily for the next request: faster at two threads or more, at the cost of CPU when idle.
   * @default false
   */
  readonly allowSpinning?: boolean;
}

/** A size that is legal on its target, every field known. @internal */
export interface BoundSize {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly cpuLimit: number;
  readonly memoryInGBLimit: number;
  readonly intraOpThreads: number;
  readonly allowSpinning: boolean;
  /** Engine processes, where a profile chose them. */
  readonly workers?: number;
  /** Waiting requests that one run may score together, where a profile chose it. */
  readonly maxBatch?: number;
  /** CPU use, percent of `cpu`, at which a replica should be added, where a profile found it. */
  readonly targetUtilization?: number;
}

/** What is sized. @internal */
export interface SizingRequest {
  readonly target: ProfileTarget;
  /** SHA-256 of the models that are served. */
  readonly modelDigests: readonly string[];
}

/** How big a service is. */
export abstract class Sizing {
  /** A size that somebody decided. It is rounded up to what the target can give. */
  public static fixed(size: ComputeSize): Sizing {
    return new FixedSizing(size);
  }

  /**
   * The size that `model-serving profile` measured: pure reading, no network.
   *
   * Another model than the profiled one is an error annotation, so that synth fails until it is measured again.
   * Engine processes, batches and the autoscaler's target follow the profile too, where the service says nothing else.
   * @param file a profile, absolute or relative to the folder that synth runs in
   */
  public static fromProfile(file: string, options: FromProfileOptions = {}): Sizing {
    return new ProfileSizing(file, options);
  }

  /** Azure ML v1's 0.1 cores and 0.5 GB, with a warning: the choice where there is none. @internal */
  public static _unmeasured(): Sizing {
    return new UnmeasuredSizing();
  }

  /** Called once, by the service. @internal */
  public abstract _bind(scope: IConstruct, request: SizingRequest): BoundSize;
}

class FixedSizing extends Sizing {
  constructor(private readonly size: ComputeSize) {
    super();
  }

  public _bind(scope: IConstruct, request: SizingRequest): BoundSize {
    throwAll(checkSize(scope, this.size));
    return fitTarget(scope, request.target, this.size);
  }
}

class UnmeasuredSizing extends Sizing {
  public _bind(scope: IConstruct, request: SizingRequest): BoundSize {
    const size = { cpu: 0.1, memoryInGB: 0.5 };
    Annotations.of(scope).addWarning(sizeNotMeasured(size.cpu, size.memoryInGB));
    return fitTarget(scope, request.target, size);
  }
}

class ProfileSizing extends Sizing {
  constructor(
    private readonly file: string,
    private readonly options: FromProfileOptions,
  ) {
    super();
  }

  public _bind(scope: IConstruct, request: SizingRequest): BoundSize {
    const { workers, maxBatch, targetUtilization, ...size } = sizeFromProfile(scope, this.file, this.options, request);
    return { ...fitTarget(scope, request.target, size), workers, maxBatch, targetUtilization };
  }
}

function checkSize(scope: IConstruct, size: ComputeSize): ValidationError[] {
  const amounts = Object.entries({ ...size }).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const faults = amounts
    .filter(([, value]) => isKnown(value) && !(Number.isFinite(value) && value > 0))
    .map(([name, value]) => sizeNotPositive(scope, name, value));
  if (isBelow(size.cpuLimit, size.cpu)) faults.push(limitBelowRequest(scope, 'cpu', size.cpuLimit!, size.cpu));
  if (isBelow(size.memoryInGBLimit, size.memoryInGB)) {
    faults.push(limitBelowRequest(scope, 'memoryInGB', size.memoryInGBLimit!, size.memoryInGB));
  }
  return faults;
}

const isBelow = (limit: number | undefined, request: number) =>
  limit !== undefined && isKnown(limit) && isKnown(request) && limit < request;

/** Rounds up to what the target can give, and says so where that is not to be had everywhere or costs more than it looks. */
function fitTarget(scope: IConstruct, target: ProfileTarget, size: ComputeSize): BoundSize {
  const grid = SIZE_GRIDS[target];
  const cpu = fitCpu(size.cpu, grid);
  const memoryInGB = fitMemory(size.memoryInGB, grid);
  const { hardMaximum } = grid;
  if (cpu > grid.maxCpu) Annotations.of(scope).addWarning(sizeAboveUsual(target, 'cores', cpu, grid.maxCpu, hardMaximum?.cpu));
  if (memoryInGB > grid.maxMemoryInGB)
    Annotations.of(scope).addWarning(sizeAboveUsual(target, 'GB', memoryInGB, grid.maxMemoryInGB, hardMaximum?.memoryInGB));
  noteBilledMinimum(scope, grid, cpu, memoryInGB);
  return {
    cpu,
    memoryInGB,
    cpuLimit: fitCpu(size.cpuLimit ?? size.cpu, grid),
    memoryInGBLimit: fitMemory(size.memoryInGBLimit ?? size.memoryInGB, grid),
    intraOpThreads: size.intraOpThreads ?? (isKnown(size.cpu) ? Math.max(1, Math.floor(cpu)) : SERVER_DEFAULTS.intraOpThreads),
    allowSpinning: size.allowSpinning ?? SERVER_DEFAULTS.allowSpinning,
  };
}

function noteBilledMinimum(scope: IConstruct, grid: SizeGrid, cpu: number, memoryInGB: number): void {
  const minimum = grid.billableMinimum;
  if (minimum === undefined || !isKnown(cpu) || !isKnown(memoryInGB)) return;
  if (cpu < minimum.cpu || memoryInGB < minimum.memoryInGB) {
    Annotations.of(scope).addInfo(billedAtMinimum(minimum.cpu, minimum.memoryInGB));
  }
}

const fitCpu = (cpu: number, grid: SizeGrid) => (isKnown(cpu) ? Math.max(grid.minCpu, roundUpToStep(cpu, grid.cpuStep)) : cpu);

const fitMemory = (memory: number, grid: SizeGrid) =>
  isKnown(memory) ? Math.max(grid.minMemoryInGB, roundUpToStep(memory, grid.memoryStepInGB)) : memory;
