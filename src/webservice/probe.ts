import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';
import { invalidProbe } from './errors';

/** How often a container is asked, and how often it may fail. */
export interface ProbeOptions {
  /**
   * Seconds from one question to the next.
   * @default 10
   */
  readonly periodSeconds?: number;

  /**
   * Seconds before the first question.
   * @default 0
   */
  readonly initialDelaySeconds?: number;

  /**
   * Seconds that an answer may take.
   * @default 2
   */
  readonly timeoutSeconds?: number;

  /**
   * Answers in a row that make a failed container good again.
   * @default 1
   */
  readonly successThreshold?: number;

  /**
   * Failures in a row that count.
   * @default 3
   */
  readonly failureThreshold?: number;
}

/** Every number known. @internal */
export interface BoundProbe {
  readonly path: string;
  readonly periodSeconds: number;
  readonly initialDelaySeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** The questions that a platform asks a service. Where a number is left out, Azure ML v1's holds. */
export interface ServiceProbes {
  /**
   * Failing it restarts the container. Asked at `/`, which answers while a request runs.
   *
   * v1 waited 310 seconds before the first question, as it had no startup probe; here the startup probe covers that time.
   * @default - every 10 s, 2 s to answer, 3 failures
   */
  readonly liveness?: ProbeOptions;

  /**
   * Failing it takes the container out of the traffic. Asked at `/health/ready`.
   * @default - every 5 s, 2 s to answer, 1 failure
   */
  readonly readiness?: ProbeOptions;

  /**
   * Holds the other two back until the model has loaded, where the platform has such a probe.
   * @default - every 2 s, at most 310 s in all
   */
  readonly startup?: ProbeOptions;
}

/** The three probes as every target renders them. @internal */
export interface BoundProbes {
  readonly liveness: BoundProbe;
  readonly readiness: BoundProbe;
  readonly startup: BoundProbe;
}

const DEFAULTS = { periodSeconds: 10, initialDelaySeconds: 0, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 3 };

/** Seconds that v1 gave a model to load before it asked. */
const LOAD_SECONDS = 310;

/** @internal */
export function bindProbes(probes: ServiceProbes = {}): BoundProbes {
  const startup = { ...DEFAULTS, periodSeconds: 2, ...probes.startup };
  return {
    liveness: { path: '/', ...DEFAULTS, ...probes.liveness },
    readiness: { path: '/health/ready', ...DEFAULTS, periodSeconds: 5, failureThreshold: 1, ...probes.readiness },
    startup: {
      path: '/health/ready',
      ...startup,
      failureThreshold: probes.startup?.failureThreshold ?? Math.ceil(LOAD_SECONDS / startup.periodSeconds),
    },
  };
}

/**
 * Faults of the numbers that were given. They must be known at synth: how long a deployment may take follows from them.
 *
 * @internal
 */
export function checkProbes(scope: IConstruct, probes: ServiceProbes = {}): ValidationError[] {
  return Object.entries({ ...probes }).flatMap(([which, options]: [string, ProbeOptions | undefined]) =>
    Object.entries({ ...options }).flatMap(([what, value]: [string, number | undefined]) => {
      const least = what === 'initialDelaySeconds' ? 0 : 1;
      const isLegal = value === undefined || (isKnown(value) && Number.isSafeInteger(value) && value >= least);
      return isLegal ? [] : [invalidProbe(scope, `${which}.${what}`, value, least)];
    }),
  );
}
