import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { ServiceAccountV1 } from '@cdktf/provider-kubernetes/lib/service-account-v1';
import { Fn, ITerraformDependable, TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { dependablesWithin } from '../core/dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { CONTAINER, ENV } from '../core/server-contract';
import { ifKnown, isKnown } from '../core/tokens';
import { addScaling } from './aks-autoscaler';
import { IAksCluster } from './aks-cluster';
import {
  collectionWithoutWorkloadIdentity,
  invalidGpuCores,
  invalidNamespace,
  invalidResourceName,
  probeNeedsOneSuccess,
} from './aks-errors';
import { AksExposure } from './aks-exposure';
import { isolate, NetworkIsolation } from './aks-isolation';
import { objectMeta, Place, serviceMetadata, ServiceMetadata } from './aks-metadata';
import { AksToleration, podSpec } from './aks-pod';
import { makeKeysSecret, makeTelemetrySecret, makeTlsSecret } from './aks-secrets';
import { Autoscale, BoundScale } from './autoscale';
import { bindContainerSecurity, BoundContainerSecurity, ContainerSecurity } from './container-security';
import { literalKey } from './errors';
import { bindProbes, BoundProbes } from './probe';
import { shutdownSeconds } from './shutdown';
import { Tls } from './tls';
import { bindWebservice, BoundWebservice, IWebservice, WebserviceBase } from './webservice';
import { WebserviceProps } from './webservice-props';

/** A service on AKS, or on any other Kubernetes. */
export interface AksWebserviceProps extends WebserviceProps {
  /**
   * Whose nodes may pull the image. The kubernetes provider decides where the service runs.
   * @default - nothing is granted: that the nodes may pull is the cluster's business
   */
  readonly cluster?: IAksCluster;

  /**
   * A namespace that exists. Azure ML v1's `namespace`.
   * @default - a new one with the service's name, which admits only pods of the "restricted" security standard
   */
  readonly namespace?: string;

  /**
   * How many replicas run. Azure ML v1's `autoscale_*` and `num_replicas`.
   * @default Autoscale.between(1, 10)
   */
  readonly scale?: Autoscale;

  /**
   * From where the service can be reached. Azure ML v1's services had a public address.
   * @default AksExposure.clusterOnly()
   */
  readonly exposure?: AksExposure;

  /**
   * Serves HTTPS, ended in the pod.
   * @default - HTTP
   */
  readonly tls?: Tls;

  /**
   * GPUs of one replica, whole ones. Azure ML v1's `gpu_cores`.
   * @default 0
   */
  readonly gpuCores?: number;

  /**
   * What the nodes' device plugin calls a GPU.
   * @default nvidia.com/gpu
   */
  readonly gpuResourceName?: string;

  /**
   * Labels that a node must have to run the service.
   * @default - Linux nodes
   */
  readonly nodeSelector?: { [name: string]: string };

  /**
   * Taints that the pods accept.
   * @default - none
   */
  readonly tolerations?: AksToleration[];

  /**
   * What the pods may exchange with the network, where the cluster enforces network policies.
   * @default NetworkIsolation.INGRESS_AND_EGRESS
   */
  readonly networkIsolation?: NetworkIsolation;

  /**
   * Client id of a managed identity that the service signs in with, as data collection and scripts need it. It must trust
   * the service account `<name>` of the service's namespace (a federated credential), and the cluster must have workload identity.
   * @default - none
   */
  readonly workloadIdentityClientId?: string;

  /**
   * What the container may do on its node.
   * @default - nothing beyond computing: no root, no capabilities, no writing but to /tmp
   */
  readonly containerSecurity?: ContainerSecurity;
}

/** A service on Kubernetes that exists, by what is known of it. */
export interface AksWebserviceAttributes {
  /** Name of the service. */
  readonly webserviceName: string;

  /**
   * Its namespace.
   * @default - the service's name
   */
  readonly namespace?: string;

  /**
   * Scheme, host and port, without a closing slash, where it is not reached through the cluster's own DNS.
   * @default http://<webserviceName>.<namespace>.svc.cluster.local
   */
  readonly baseUri?: string;
}

/** Milliseconds in which a stopping pod still serves, until every node has taken it out of the Service. */
const DRAIN_DELAY_MS = 5000;

/** Seconds for scheduling, pulling and starting a pod, on top of the time that its model may take to load. */
const PULL_SECONDS = 290;

/** Azure ML v1 waited as long for a service on AKS. */
const ROLLOUT_MINUTES = 20;

/**
 * A model served on Kubernetes: rolled out pod by pod, scaled by its CPU, closed to everything but scoring.
 *
 * Terraform waits until the new pods are ready, and the old ones serve until then. A rollout that fails leaves the old pods
 * serving, the apply failed, and Terraform's next plan empty: change the input again, or `kubectl rollout undo`. Changed keys
 * reach the running pods within about a minute, without a rollout.
 *
 * Needs the `kubernetes` provider, configured for the cluster.
 *
 * Throws `AKS_NAMESPACE_INVALID`, `AKS_GPU_CORES_INVALID`, `AKS_RESOURCE_NAME_INVALID`, `AUTH_LITERAL_KEY`,
 * `AKS_PROBE_SUCCESS_THRESHOLD`, `AKS_TAGS_COLLIDE`, `AKS_WORKLOAD_IDENTITY_MISSING`, and what `Autoscale` and all services throw.
 *
 * @see docs/aks-webservice.md
 */
export class AksWebservice extends WebserviceBase {
  /** Brings in a service by its attributes; looks nothing up. */
  public static fromAksWebserviceAttributes(scope: Construct, id: string, attributes: AksWebserviceAttributes): IWebservice {
    return new ImportedAksWebservice(scope, id, attributes);
  }

  public readonly webserviceName: string;
  public readonly scoringUri: string;
  /** Namespace of the service. */
  public readonly namespace: string;
  /** @internal */
  protected readonly _baseUri: string;

  constructor(scope: Construct, id: string, props: AksWebserviceProps) {
    super(scope, id);
    const probes = bindProbes(props.probes);
    throwAll(checkProps(this, props, probes));
    const bound = bindWebservice(this, 'aks', props);
    const scale = (props.scale ?? Autoscale.between(1, 10))._bind(this, bound.size.targetUtilization);
    const security = bindContainerSecurity(props.containerSecurity);
    const metadata = serviceMetadata(this, {
      name: bound.name,
      models: props.image.models,
      tags: bound.tags,
      description: props.description,
    });
    this.webserviceName = bound.name;
    this.namespace = props.namespace ?? makeNamespace(this, bound.name, metadata, security, props.provider);

    const place = { name: bound.name, namespace: this.namespace, metadata, provider: props.provider };
    const deployment = new DeploymentV1(this, 'Resource', {
      provider: props.provider,
      dependsOn: dependablesWithin(this, [...props.image._dependencies, ...pullGrants(props)]),
      metadata: objectMeta(place),
      spec: {
        // with an autoscaler it is that one's business: a number here would undo its work at every apply
        replicas: scale.autoscaler === undefined ? String(scale.minReplicas) : undefined,
        revisionHistoryLimit: 5,
        progressDeadlineSeconds: progressDeadlineSeconds(probes),
        selector: { matchLabels: metadata.selector },
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '0', maxSurge: '1' } },
        template: {
          metadata: { labels: podLabels(metadata, props), annotations: podAnnotations(props, bound) },
          spec: podSpec({
            image: props.image.imageReference,
            environment: { ...bound.environment, ...podEnvironment(props.tls) },
            size: bound.size,
            extendedResources: gpus(props),
            probes,
            security,
            metricsPort: props.metricsPort,
            serviceAccountName: makeServiceAccount(this, place, props.workloadIdentityClientId),
            secretEnvironment: makeTelemetrySecret(this, place, bound),
            keysSecret: makeKeysSecret(this, place, bound),
            tlsSecret: makeTlsSecret(this, place, props.tls),
            selector: metadata.selector,
            nodeSelector: props.nodeSelector,
            tolerations: props.tolerations ?? [],
            terminationGraceSeconds: shutdownSeconds(props, DRAIN_DELAY_MS),
          }),
        },
      },
      timeouts: rolloutTimeouts(probes, scale),
    });
    this.node.defaultChild = deployment;
    addScaling(this, scale, { ...place, deploymentName: deployment.metadata.name });
    isolate(this, props.networkIsolation ?? NetworkIsolation.INGRESS_AND_EGRESS, {
      ...place,
      callsOut: bound.callsOut,
      metricsPort: props.metricsPort,
    });
    const exposure = props.exposure ?? AksExposure.clusterOnly();
    this._baseUri = exposure._bind(this, { ...place, auth: bound.auth, tls: props.tls }).baseUri;
    this.scoringUri = `${this._baseUri}/score`;
  }
}

class ImportedAksWebservice extends WebserviceBase {
  public readonly webserviceName: string;
  public readonly scoringUri: string;
  /** @internal */
  protected readonly _baseUri: string;

  constructor(scope: Construct, id: string, attributes: AksWebserviceAttributes) {
    super(scope, id);
    const namespace = attributes.namespace ?? attributes.webserviceName;
    this.webserviceName = attributes.webserviceName;
    this._baseUri = attributes.baseUri ?? `http://${attributes.webserviceName}.${namespace}.svc.cluster.local`;
    this.scoringUri = `${this._baseUri}/score`;
  }
}

function makeNamespace(
  scope: Construct,
  name: string,
  metadata: ServiceMetadata,
  security: BoundContainerSecurity,
  provider?: TerraformProvider,
): string {
  const isRestricted = security.userId !== 0 && !security.allowPrivilegeEscalation && security.keepCapabilities.length === 0;
  const level = isRestricted ? 'restricted' : 'privileged';
  const namespace = new NamespaceV1(scope, 'Namespace', {
    provider,
    metadata: {
      name,
      labels: {
        ...metadata.labels,
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/warn': 'restricted',
      },
      annotations: metadata.annotations,
    },
  });
  return namespace.metadata.name;
}

/** Of its own, so that neither rights nor pull secrets of other workloads reach it. */
function makeServiceAccount(scope: Construct, place: Place, clientId?: string): string {
  const metadata = objectMeta(place);
  const identity = clientId && { 'azure.workload.identity/client-id': clientId };
  const account = new ServiceAccountV1(scope, 'ServiceAccount', {
    provider: place.provider,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...identity } },
    automountServiceAccountToken: false,
  });
  return account.metadata.name;
}

/** Workload identity is given to pods that ask for it. */
function podLabels(metadata: ServiceMetadata, { workloadIdentityClientId }: AksWebserviceProps): { [name: string]: string } {
  const identity = workloadIdentityClientId && { 'azure.workload.identity/use': 'true' };
  return { ...metadata.podLabels, ...identity };
}

/** A renewed certificate or connection string rolls out: what the server read at its start would not do for long. */
function podAnnotations(
  { tls, metricsPort }: AksWebserviceProps,
  { secretEnvironment }: BoundWebservice,
): { [name: string]: string } | undefined {
  const secrets = Object.values(secretEnvironment);
  const annotations = {
    ...(tls && { 'cdktf-model-serving/certificate': Fn.sha256(tls._pem.certificate) }),
    ...(secrets.length > 0 && { 'cdktf-model-serving/telemetry': Fn.sha256(secrets.join(' ')) }),
    ...(metricsPort !== undefined && {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': String(metricsPort),
      'prometheus.io/path': '/metrics',
    }),
  };
  return Object.keys(annotations).length === 0 ? undefined : annotations;
}

function podEnvironment(tls: Tls | undefined): Record<string, string> {
  return {
    [ENV.drainDelayMs]: String(DRAIN_DELAY_MS),
    ...(tls === undefined ? {} : { [ENV.tlsDirectory]: CONTAINER.tlsDirectory }),
  };
}

function gpus(props: AksWebserviceProps): Record<string, number> {
  const count = props.gpuCores ?? 0;
  return count === 0 ? {} : { [props.gpuResourceName ?? 'nvidia.com/gpu']: count };
}

function pullGrants(props: AksWebserviceProps): ITerraformDependable[] {
  const { registry } = props.image;
  return registry === undefined ? [] : (props.cluster?.grantPull(registry) ?? []);
}

/** Kubernetes counts it from the last progress, so it covers one pod: its pull, and the time that its probe allows. */
function progressDeadlineSeconds({ startup }: BoundProbes): number {
  return startup.initialDelaySeconds + startup.failureThreshold * startup.periodSeconds + PULL_SECONDS;
}

/** Longer than the deadline, so that Kubernetes' reason is reported and not just that time ran out. */
function rolloutTimeouts(probes: BoundProbes, scale: BoundScale): { create: string; update: string } {
  const deadlineMinutes = Math.ceil(progressDeadlineSeconds(probes) / 60) + 1;
  // surge is one pod at a time; a minute each is generous for all but the first, which pulls
  const pods = isKnown(scale.maxReplicas) ? scale.maxReplicas : 0;
  const timeout = `${Math.max(ROLLOUT_MINUTES, deadlineMinutes + pods)}m`;
  return { create: timeout, update: timeout };
}

function checkProps(scope: IConstruct, props: AksWebserviceProps, probes: BoundProbes): ValidationError[] {
  const faults: Array<ValidationError | undefined> = [
    ifKnown(props.namespace, name =>
      // Azure ML v1's own rule, which is Kubernetes'
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) ? undefined : invalidNamespace(scope, name),
    ),
    ifKnown(props.gpuCores, count => (Number.isSafeInteger(count) && count >= 0 ? undefined : invalidGpuCores(scope, count))),
    ifKnown(props.gpuResourceName, name =>
      /^[a-z0-9.-]+\/[a-zA-Z0-9._-]{1,63}$/.test(name) ? undefined : invalidResourceName(scope, name),
    ),
    props.collectModelData !== undefined && props.workloadIdentityClientId === undefined
      ? collectionWithoutWorkloadIdentity(scope)
      : undefined,
    props.tls?._keyIsLiteral ? literalKey(scope, 'the private key of tls') : undefined,
    ...(['liveness', 'startup'] as const).map(which =>
      ifKnown(probes[which].successThreshold, count => (count === 1 ? undefined : probeNeedsOneSuccess(scope, which, count))),
    ),
  ];
  return faults.filter(fault => fault !== undefined);
}
