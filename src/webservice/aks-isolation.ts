import { NetworkPolicyV1 } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { PORT_NAME } from './aks-exposure';
import { ServiceMetadata } from './aks-metadata';

/** What a service's pods may exchange with the network, where the cluster enforces network policies. */
export enum NetworkIsolation {
  /** The scoring port only, and no connection of their own: a scoring server needs none, DNS included. */
  INGRESS_AND_EGRESS = 'ingress-and-egress',
  /** The scoring port only; the pods may call out, as an entry script that fetches features must. */
  INGRESS = 'ingress',
  /** Whatever the cluster allows. */
  NONE = 'none',
}

/** What is isolated. @internal */
export interface IsolationRequest {
  readonly name: string;
  readonly namespace: string;
  readonly metadata: ServiceMetadata;
  readonly provider?: TerraformProvider;
}

/** Makes the child `NetworkPolicy`, if any. @internal */
export function isolate(scope: Construct, isolation: NetworkIsolation, request: IsolationRequest): void {
  if (isolation === NetworkIsolation.NONE) return;
  new NetworkPolicyV1(scope, 'NetworkPolicy', {
    provider: request.provider,
    metadata: {
      name: request.name,
      namespace: request.namespace,
      labels: request.metadata.labels,
      annotations: request.metadata.annotations,
    },
    spec: {
      podSelector: { matchLabels: request.metadata.selector },
      policyTypes: isolation === NetworkIsolation.INGRESS ? ['Ingress'] : ['Ingress', 'Egress'],
      // who may connect is the Service's business; named in it and not here, egress is refused
      ingress: [{ ports: [{ port: PORT_NAME, protocol: 'TCP' }] }],
    },
  });
}
