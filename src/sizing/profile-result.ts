/**
 * The profile file: what `model-serving profile` writes, people commit and `Sizing.fromProfile` reads.
 *
 * A superset of what Azure ML v1's `Model.profile` returned, under the same names and units, so that scripts that read
 * `recommendedCpu` or `latencyPercentile95InMs` go on working. Latencies are milliseconds, CPU is cores, memory is GB
 * of 1024³ bytes, as the container platforms count.
 */
export interface ProfileResult {
  readonly schemaVersion: 1;

  // Azure ML v1's fields
  readonly name: string;
  readonly description?: string;
  /** `Succeeded` with `error` set is a partial success, as in v1. */
  readonly state: 'Succeeded' | 'Failed';
  readonly error?: string;
  /** ISO 8601, UTC. */
  readonly createdTime: string;
  /** The largest size that was tried. */
  readonly requestedCpu: number;
  readonly requestedMemoryInGB: number;
  readonly requestedQueriesPerSecond: number;
  readonly maxUtilizedCpu: number;
  readonly maxUtilizedMemoryInGB: number;
  readonly totalQueries: number;
  readonly successQueries: number;
  /** 0 to 1. */
  readonly successRate: number;
  readonly averageLatencyInMs: number;
  readonly latencyPercentile50InMs: number;
  readonly latencyPercentile90InMs: number;
  readonly latencyPercentile95InMs: number;
  /** Absent where the sample was too small to resolve it. */
  readonly latencyPercentile99InMs?: number;
  readonly latencyPercentile999InMs?: number;
  readonly measuredQueriesPerSecond: number;
  readonly recommendedCpu: number;
  readonly recommendedMemoryInGB: number;
  /** The target's percentile at the recommended size. */
  readonly recommendationLatencyInMs: number;

  // Ours
  readonly model: ProfiledModel;
  readonly objective: ProfileObjective;
  /** `verified`: the recommended size ran under its real limits and held. `modelled`: computed from measurements only. */
  readonly evidence: 'verified' | 'modelled';
  /** A `--quick` profile resolves less and says so. */
  readonly budget?: 'standard' | 'quick';
  readonly inputs?: ProfiledInputs;
  readonly sessionOptions: ProfiledSessionOptions;
  /** Requests a second that the recommended size carries, and the share of it that the rate takes, 0 to 1. */
  readonly capacity?: number;
  readonly utilization?: number;
  /** The largest rate at which the recommended size is predicted to keep the target. */
  readonly headroomRate?: number;
  /** What bounds the capacity. */
  readonly limitingResource?: 'cpu-quota' | 'engine';
  /** Percentiles of the run that proves the size, with 95 % confidence intervals; `resolved` is false where the sample is too small. */
  readonly percentiles?: readonly ProfiledPercentile[];
  readonly memory?: ProfiledMemory;
  readonly cost?: ProfiledCost;
  /** AKS: how many replicas, and what the autoscaler should hold them at. */
  readonly scaling?: ProfiledScaling;
  /** Other sizes, cheapest first: computed, unless they are the ones that were run. */
  readonly alternatives?: readonly ProfiledAlternative[];
  /** How fast this machine was, and what the result means on another. */
  readonly transfer?: ProfiledTransfer;
  /** Replicas of the recommended size that share the rate; one where absent. */
  readonly replicas?: number;
  /** CPU milliseconds per request over the whole container: server, JSON and model. */
  readonly cpuMsPerRequest: number;
  /** The same, of each measuring window that was kept, at one speed of the cores: what a later profile is compared with. */
  readonly cpuMsSamples?: readonly number[];
  readonly coldStartMs: number;
  readonly loadPeakMemoryInGB: number;
  readonly runPeakMemoryInGB: number;
  readonly verification?: ProfileVerification;
  /** The next cheaper size, and how it did. */
  readonly boundary?: ProfileVerification;
  /** One sentence a person can act on. */
  readonly summary: string;
  /** What to know before trusting the numbers: noise, small samples, no limits available. */
  readonly warnings: readonly string[];
  readonly machine: ProfiledMachine;
}

/** What was profiled: a model, an entry script, or an image. */
export interface ProfiledModel {
  /** A model where absent. */
  readonly kind?: 'onnx' | 'script' | 'image';
  /** File name, or the image's reference. */
  readonly file: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeInBytes: number;
  readonly onnxRuntimeVersion: string;
  /** Of the one model that a script or an image serves, where it is known. */
  readonly modelSha256?: string;
}

export interface ProfileObjective {
  readonly target: ProfileTarget;
  /** Requests per second, Poisson. */
  readonly rate: number;
  /** 0.95 for p95. */
  readonly percentile: number;
  readonly latencyMs: number;
}

export type ProfileTarget = 'local' | 'aci' | 'aks' | 'edge';

export interface ProfiledSessionOptions {
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads: number;
  readonly allowSpinning: boolean;
  /** Engine processes; 1 where absent. */
  readonly workers?: number;
  /** Waiting requests that one run may score together; the server's default where absent. */
  readonly maxBatch?: number;
}

/** What was sent. */
export interface ProfiledInputs {
  readonly count: number;
  /** Inputs that differ from all others. */
  readonly distinct: number;
  /** Made up from the model's signature: cost that depends on values was not seen. */
  readonly synthetic: boolean;
  readonly source: string;
  /** How they arrived. */
  readonly pattern: 'poisson' | 'constant' | 'burst' | 'trace';
}

export interface ProfiledPercentile {
  /** 0.95 for p95. */
  readonly percentile: number;
  /** False: the sample was too small to bound it, and `latencyMs` is absent. */
  readonly resolved: boolean;
  readonly latencyMs?: number;
  /** 95 % confidence interval. */
  readonly intervalMs?: readonly [number, number];
  readonly samples: number;
  /** Independent requests that the samples are worth: those in one queue wait together. */
  readonly effectiveSamples: number;
}

/** GB of 1024³ bytes: own pages of all processes and the files they map. */
export interface ProfiledMemory {
  readonly loadPeakInGB: number;
  readonly runPeakInGB: number;
  /** Most own (anonymous) pages at one time. */
  readonly anonymousPeakInGB: number;
  /** What the recommendation stands on, without its margin: own pages, and of the mapped files what is used again and again. */
  readonly neededInGB?: number;
  /** The smallest limit at which nothing was read again from disk, where it was looked for. */
  readonly kneeInGB?: number;
  /** Peak by requests that were in flight together. */
  readonly byConcurrency?: ReadonlyArray<{ readonly concurrency: number; readonly peakInGB: number }>;
}

export interface ProfiledCost {
  readonly currency: string;
  /** What one replica is billed as, which may be more than it requests. */
  readonly billedCpu: number;
  readonly billedMemoryInGB: number;
  /** All replicas together. */
  readonly perHour: number;
  /** At the objective's rate, around the clock. */
  readonly per1000Requests: number;
  /** Whose prices, of what day. */
  readonly prices: string;
}

export interface ProfiledScaling {
  readonly balancer: 'pooled' | 'random';
  readonly replicas: number;
  /** A balancer that gives each request to a free replica. */
  readonly replicasPooled: number;
  /** A balancer that picks a replica at random, as a Kubernetes Service does. */
  readonly replicasRandom: number;
  /** Azure ML v1's formula: rate × mean time / 0.7, percentiles left aside. */
  readonly replicasAzureMlV1: number;
  /** CPU use, of the request, at which the autoscaler should add a replica, percent. */
  readonly targetCpuUtilizationPercent: number;
  /** `guaranteed`: limit = request, as verified. `no-cpu-limit`: what is used is requested, and spare CPU may be taken. */
  readonly policies: ReadonlyArray<{
    readonly name: 'guaranteed' | 'no-cpu-limit';
    readonly cpuRequest: number;
    readonly cpuLimit?: number;
    readonly memoryInGB: number;
    readonly note: string;
  }>;
}

export interface ProfiledAlternative {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly replicas: number;
  readonly sessionOptions: ProfiledSessionOptions;
  /** The objective's percentile, milliseconds; absent where the rate exceeds its capacity. */
  readonly latencyMs?: number;
  readonly capacity: number;
  readonly costPerHour?: number;
  readonly evidence: 'verified' | 'failed' | 'modelled';
}

export interface ProfiledTransfer {
  /** Single-precision multiply-adds of one core, 10⁹ a second, and bytes it streams from memory, 10⁹ a second; medians while measuring. */
  readonly hostGigaMultiplyAdds: number;
  readonly hostMemoryGigabytes: number;
  /** Speed of a target core as a multiple of this machine's; 1 where nobody said. */
  readonly factor: number;
  /** Relative uncertainty of the factor, 0.15 for ±15 %. */
  readonly uncertainty: number;
  readonly statement: string;
}

export interface ProfileVerification {
  readonly cpu: number;
  readonly memoryInGB: number;
  readonly holds: boolean;
  /** `unresolved`: too few requests to say either with 95 % confidence; `holds` is false then. */
  readonly verdict?: 'holds' | 'fails' | 'unresolved';
  /** Requests a second, where more were sent than asked for, to prove a low rate in reasonable time. */
  readonly rate?: number;
  readonly requests: number;
  readonly latencyMs: number;
  /** 95 % confidence interval of `latencyMs`; absent where the sample cannot bound it. */
  readonly latencyIntervalMs?: readonly [number, number];
  /** Share of CPU periods in which the container was throttled, 0 to 1. */
  readonly throttledRatio?: number;
  /** How late the latest hundredth of requests was sent, milliseconds; it counts as latency. */
  readonly sendLagP99Ms?: number;
  /** Share of one core that the load generator used beside it. */
  readonly generatorCores?: number;
  /** How the limits were set. */
  readonly limits: 'docker' | 'cgroup-v1' | 'cgroup-v2' | 'simulated';
}

export interface ProfiledMachine {
  readonly cpuModel: string;
  readonly cores: number;
  /** Cores that the profiler itself was allowed, where a control group around it is limited: larger sizes are not seen there. */
  readonly cpuQuota?: number;
  readonly memoryInGB: number;
  readonly platform: string;
  readonly nodeVersion: string;
  /** Those that ONNX Runtime has kernels for, such as `avx2`, `avx512_vnni`, `asimddp`. */
  readonly instructionSets?: readonly string[];
  /** Whether a hypervisor is below; only x86 says so. */
  readonly virtualised?: boolean;
  /** Version of the control groups that set the limits, 1 or 2. */
  readonly cgroupVersion?: number;
}
