import { ServiceV1, ServiceV1SpecPort } from '@cdktf/provider-kubernetes/lib/service-v1';
import { Annotations, TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { throwAll, ValidationError } from '../core/errors';
import { ifKnown } from '../core/tokens';
import { invalidDnsLabel, openToAll, openWithoutTls } from './aks-errors';
import { ServiceMetadata } from './aks-metadata';
import { BoundAuth } from './auth';
import { Tls } from './tls';

/** Name of the port in the pod and in the Service. @internal */
export const PORT_NAME = 'score';

/** Name of the pod's second port, which no Service leads to. @internal */
export const METRICS_PORT_NAME = 'metrics';

/** What is exposed. @internal */
export interface ExposureRequest {
  readonly name: string;
  readonly namespace: string;
  readonly metadata: ServiceMetadata;
  readonly auth: BoundAuth;
  readonly tls?: Tls;
  readonly provider?: TerraformProvider;
}

/** Options of `AksExposure.internalLoadBalancer`. */
export interface InternalLoadBalancerOptions {
  /**
   * Subnet that gives the address.
   * @default - the nodes' subnet
   */
  readonly subnetName?: string;

  /**
   * A fixed address of the subnet.
   * @default - a free one
   */
  readonly ipAddress?: string;
}

/** Options of `AksExposure.publicLoadBalancer`. */
export interface PublicLoadBalancerOptions {
  /**
   * Azure's host name for the address: `<dnsLabel>.<region>.cloudapp.azure.com`.
   * @default - an address only
   */
  readonly dnsLabel?: string;

  /**
   * CIDR ranges that may connect, such as `203.0.113.0/24`.
   * @default - everybody
   */
  readonly allowedRanges?: string[];
}

/** From where a service can be reached. */
export abstract class AksExposure {
  /** From inside the cluster only: `http://<name>.<namespace>.svc.cluster.local/score`. */
  public static clusterOnly(): AksExposure {
    return new ClusterOnly();
  }

  /** From the cluster's virtual network and what is connected to it. */
  public static internalLoadBalancer(options: InternalLoadBalancerOptions = {}): AksExposure {
    return new InternalLoadBalancer(options);
  }

  /** From the internet, as Azure ML v1's services on AKS were. */
  public static publicLoadBalancer(options: PublicLoadBalancerOptions = {}): AksExposure {
    return new PublicLoadBalancer(options);
  }

  /** Called once, by the service: makes its child `Service`. @internal */
  public _bind(scope: Construct, request: ExposureRequest): BoundExposure {
    throwAll(this._check(scope));
    this._warn(scope, request);
    const settings = this._settings();
    const service = new ServiceV1(scope, 'Service', {
      provider: request.provider,
      metadata: {
        name: request.name,
        namespace: request.namespace,
        labels: request.metadata.labels,
        annotations: { ...request.metadata.annotations, ...settings.annotations },
      },
      spec: {
        type: settings.type,
        selector: request.metadata.selector,
        port: [servicePort(request.tls)],
        loadBalancerIp: settings.ipAddress,
        loadBalancerSourceRanges: settings.allowedRanges,
      },
    });
    const scheme = request.tls === undefined ? 'http' : 'https';
    return { service, baseUri: `${scheme}://${request.tls?.hostName ?? this._host(request, service)}` };
  }

  /** @internal */
  protected abstract _settings(): ServiceSettings;

  /** Host name or address, where the certificate does not name one. @internal */
  protected _host(_request: ExposureRequest, service: ServiceV1): string {
    return service.status.get(0).loadBalancer.get(0).ingress.get(0).ip;
  }

  /** @internal */
  protected _check(_scope: IConstruct): ValidationError[] {
    return [];
  }

  /** @internal */
  protected _warn(_scope: IConstruct, _request: ExposureRequest): void {}
}

/** A Service and where it answers. @internal */
export interface BoundExposure {
  readonly service: ServiceV1;
  /** Scheme, host and port, without a closing slash. */
  readonly baseUri: string;
}

interface ServiceSettings {
  readonly type: 'ClusterIP' | 'LoadBalancer';
  readonly annotations?: { [name: string]: string };
  readonly ipAddress?: string;
  readonly allowedRanges?: string[];
}

class ClusterOnly extends AksExposure {
  protected _settings(): ServiceSettings {
    return { type: 'ClusterIP' };
  }

  protected override _host(request: ExposureRequest): string {
    return `${request.name}.${request.namespace}.svc.cluster.local`;
  }
}

/** Source of the annotations: AKS, "Use an internal load balancer" and "Use a public standard load balancer". */
const AZURE = 'service.beta.kubernetes.io/azure';

class InternalLoadBalancer extends AksExposure {
  constructor(private readonly options: InternalLoadBalancerOptions) {
    super();
  }

  protected _settings(): ServiceSettings {
    const { subnetName, ipAddress } = this.options;
    return {
      type: 'LoadBalancer',
      ipAddress,
      annotations: {
        [`${AZURE}-load-balancer-internal`]: 'true',
        ...(subnetName === undefined ? {} : { [`${AZURE}-load-balancer-internal-subnet`]: subnetName }),
      },
    };
  }
}

class PublicLoadBalancer extends AksExposure {
  constructor(private readonly options: PublicLoadBalancerOptions) {
    super();
  }

  protected _settings(): ServiceSettings {
    const { dnsLabel, allowedRanges } = this.options;
    return {
      type: 'LoadBalancer',
      allowedRanges,
      annotations: dnsLabel === undefined ? undefined : { [`${AZURE}-dns-label-name`]: dnsLabel },
    };
  }

  protected override _check(scope: IConstruct): ValidationError[] {
    const fault = ifKnown(this.options.dnsLabel, label =>
      /^[a-z][a-z0-9-]{1,61}[a-z0-9]$/.test(label) ? undefined : invalidDnsLabel(scope, label),
    );
    return fault === undefined ? [] : [fault];
  }

  protected override _warn(scope: IConstruct, request: ExposureRequest): void {
    const isOpen = this.options.allowedRanges === undefined;
    if (request.tls === undefined) {
      Annotations.of(scope).addWarning(openWithoutTls(IN_CLEAR[request.auth.mode]));
    }
    if (request.auth.mode === 'none' && isOpen) Annotations.of(scope).addWarning(openToAll());
  }
}

/** What travels in clear without TLS. */
const IN_CLEAR = { keys: 'keys and data', entra: 'tokens and data', none: 'data' } as const;

/** The load balancer asks `/` itself, in the protocol named here, and leaves out nodes that do not answer. */
function servicePort(tls: Tls | undefined): ServiceV1SpecPort {
  const isTls = tls !== undefined;
  return {
    name: PORT_NAME,
    port: isTls ? 443 : 80,
    targetPort: PORT_NAME,
    protocol: 'TCP',
    appProtocol: isTls ? 'https' : 'http',
  };
}
