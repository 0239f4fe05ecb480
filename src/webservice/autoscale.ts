import { IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { ifKnown, isKnown } from '../core/tokens';
import { invalidReplicas, invalidTargetUtilization, replicasOutOfOrder } from './aks-errors';

/** When replicas are added and removed. */
export interface AutoscaleOptions {
  /**
   * CPU that the replicas use on average, percent of what each requests. Azure ML v1's `autoscale_target_utilization`,
   * which counted busy replicas instead: a replica that scores all the time is at about 100 in both.
   * @default - what the service's profile found, else 70
   */
  readonly targetUtilization?: number;

  /**
   * Seconds that the load must stay low before replicas are removed.
   * @default 300
   */
  readonly scaleInSeconds?: number;
}

/** How many replicas run. @internal */
export interface BoundScale {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Absent where the number is fixed. */
  readonly autoscaler?: { readonly targetUtilization: number; readonly scaleInSeconds: number };
}

/**
 * How many replicas of a service run: between two numbers, or a fixed one.
 *
 * Azure ML v1 had a switch and four numbers of which only some went together; a value of this class is always one or
 * the other. v1's `autoscale_refresh_seconds` has no counterpart: Kubernetes looks every 15 seconds.
 */
export abstract class Autoscale {
  /** As many as the load needs, at least `minReplicas` and at most `maxReplicas`. */
  public static between(minReplicas: number, maxReplicas: number, options: AutoscaleOptions = {}): Autoscale {
    return new ReplicaRange(minReplicas, maxReplicas, options);
  }

  /** Always this many. Azure ML v1's `num_replicas`. */
  public static fixed(replicas: number): Autoscale {
    return new FixedReplicas(replicas);
  }

  /** Called once, by the service. @internal */
  public abstract _bind(scope: IConstruct, profiledUtilization?: number): BoundScale;
}

class FixedReplicas extends Autoscale {
  constructor(private readonly replicas: number) {
    super();
  }

  public _bind(scope: IConstruct): BoundScale {
    throwAll(checkReplicas(scope, 'replicas', this.replicas));
    return { minReplicas: this.replicas, maxReplicas: this.replicas };
  }
}

class ReplicaRange extends Autoscale {
  constructor(
    private readonly minReplicas: number,
    private readonly maxReplicas: number,
    private readonly options: AutoscaleOptions,
  ) {
    super();
  }

  public _bind(scope: IConstruct, profiledUtilization = 70): BoundScale {
    const { minReplicas, maxReplicas } = this;
    const { targetUtilization = profiledUtilization, scaleInSeconds = 300 } = this.options;
    throwAll([
      ...checkReplicas(scope, 'minReplicas', minReplicas),
      ...checkReplicas(scope, 'maxReplicas', maxReplicas),
      ...checkOrder(scope, minReplicas, maxReplicas),
      ...checkUtilization(scope, targetUtilization),
      ...checkReplicas(scope, 'scaleInSeconds', scaleInSeconds, 0, 3600),
    ]);
    return { minReplicas, maxReplicas, autoscaler: { targetUtilization, scaleInSeconds } };
  }
}

function checkReplicas(scope: IConstruct, what: string, value: number, least = 1, most = 1000): ValidationError[] {
  const isLegal = !isKnown(value) || (Number.isSafeInteger(value) && value >= least && value <= most);
  return isLegal ? [] : [invalidReplicas(scope, what, value, least, most)];
}

function checkOrder(scope: IConstruct, minReplicas: number, maxReplicas: number): ValidationError[] {
  if (!isKnown(minReplicas) || !isKnown(maxReplicas) || minReplicas <= maxReplicas) return [];
  return [replicasOutOfOrder(scope, minReplicas, maxReplicas)];
}

/** Above 100 a replica would have to use more than it requests. */
function checkUtilization(scope: IConstruct, percent: number): ValidationError[] {
  const fault = ifKnown(percent, known =>
    Number.isSafeInteger(known) && known >= 1 && known <= 100 ? undefined : invalidTargetUtilization(scope, known),
  );
  return fault === undefined ? [] : [fault];
}
