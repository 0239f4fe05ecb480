import {
  HorizontalPodAutoscalerV2,
  HorizontalPodAutoscalerV2SpecBehavior,
} from '@cdktf/provider-kubernetes/lib/horizontal-pod-autoscaler-v2';
import { PodDisruptionBudgetV1 } from '@cdktf/provider-kubernetes/lib/pod-disruption-budget-v1';
import { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { isKnown } from '../core/tokens';
import { ServiceMetadata } from './aks-metadata';
import { BoundScale } from './autoscale';

/** What is scaled. @internal */
export interface ScaleRequest {
  readonly name: string;
  readonly namespace: string;
  readonly deploymentName: string;
  readonly metadata: ServiceMetadata;
  readonly provider?: TerraformProvider;
}

/** Makes the child `Autoscaler`, if any, and the child `DisruptionBudget` where there can be several replicas. @internal */
export function addScaling(scope: Construct, scale: BoundScale, request: ScaleRequest): void {
  const metadata = {
    name: request.name,
    namespace: request.namespace,
    labels: request.metadata.labels,
    annotations: request.metadata.annotations,
  };
  if (scale.autoscaler !== undefined) addAutoscaler(scope, scale, scale.autoscaler, request, metadata);
  if (isKnown(scale.maxReplicas) && scale.maxReplicas < 2) return;
  new PodDisruptionBudgetV1(scope, 'DisruptionBudget', {
    provider: request.provider,
    metadata,
    // unlike a minimum, this never keeps a node from being drained while one replica runs
    spec: { maxUnavailable: '1', selector: { matchLabels: request.metadata.selector } },
  });
}

function addAutoscaler(
  scope: Construct,
  scale: BoundScale,
  autoscaler: NonNullable<BoundScale['autoscaler']>,
  request: ScaleRequest,
  metadata: { name: string; namespace: string; labels: { [name: string]: string }; annotations: { [name: string]: string } },
): void {
  new HorizontalPodAutoscalerV2(scope, 'Autoscaler', {
    provider: request.provider,
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: request.deploymentName },
      minReplicas: scale.minReplicas,
      maxReplicas: scale.maxReplicas,
      metric: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: autoscaler.targetUtilization } },
        },
      ],
      behavior: behavior(autoscaler.scaleInSeconds),
    },
  });
}

/** Out at once, in late, as Azure ML v1's router did. In full: what is left out the API fills in, and each plan would differ. */
function behavior(scaleInSeconds: number): HorizontalPodAutoscalerV2SpecBehavior {
  return {
    scaleUp: [
      {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Max',
        policy: [
          { type: 'Pods', value: 4, periodSeconds: 15 },
          { type: 'Percent', value: 100, periodSeconds: 15 },
        ],
      },
    ],
    scaleDown: [
      {
        stabilizationWindowSeconds: scaleInSeconds,
        selectPolicy: 'Max',
        policy: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
      },
    ],
  };
}
