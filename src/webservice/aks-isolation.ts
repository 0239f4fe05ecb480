import { NetworkPolicyV1 } from '@cdktf/provider-kubernetes/lib/network-policy-v1';
import { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { METRICS_PORT_NAME, PORT_NAME } from './aks-exposure';
import { ServiceMetadata } from './aks-metadata';

/** What a service's pods may exchange with the network, where the cluster enforces network policies. */
export enum NetworkIsolation {
  /**
   * The scoring port only (and that of metrics, if any), and no connection of their own: a scoring server needs none, DNS included.
   * Entra ID tokens, Application Insights and data collection need one: then DNS and port 443 are open.
   */
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
  /** Whether the server itself calls out. */
  readonly callsOut: boolean;
  /** Port of the metrics, where there are any. */
  readonly metricsPort?: number;
  readonly provider?: TerraformProvider;
}

/** Makes the child `NetworkPolicy`, if any. @internal */
export function isolate(scope: Construct, isolation: NetworkIsolation, request: IsolationRequest): void {
  if (isolation === NetworkIsolation.NONE) return;
  const { metricsPort, callsOut } = request;
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
      ingress: [{ ports: (metricsPort === undefined ? [PORT_NAME] : [PORT_NAME, METRICS_PORT_NAME]).map(tcp) }],
      egress: isolation === NetworkIsolation.INGRESS_AND_EGRESS && callsOut ? [{ ports: CALLS_OUT }] : undefined,
    },
  });
}

const tcp = (port: string) => ({ port, protocol: 'TCP' });

/** Names are looked up, then HTTPS is spoken. */
const CALLS_OUT = [{ port: '53', protocol: 'UDP' }, tcp('53'), tcp('443')];
