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
  readonly sessionOptions: ProfiledSessionOptions;
  /** Replicas of the recommended size that share the rate; one where absent. */
  readonly replicas?: number;
  /** CPU milliseconds per request over the whole container: server, JSON and model. */
  readonly cpuMsPerRequest: number;
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

export interface ProfiledModel {
  readonly file: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeInBytes: number;
  readonly onnxRuntimeVersion: string;
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
  /** How the limits were set. */
  readonly limits: 'docker' | 'cgroup-v1' | 'cgroup-v2' | 'simulated';
}

export interface ProfiledMachine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryInGB: number;
  readonly platform: string;
  readonly nodeVersion: string;
}
