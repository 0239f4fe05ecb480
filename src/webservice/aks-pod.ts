import {
  DeploymentV1SpecTemplateSpec,
  DeploymentV1SpecTemplateSpecContainer,
  DeploymentV1SpecTemplateSpecContainerEnv,
  DeploymentV1SpecTemplateSpecContainerLivenessProbe,
  DeploymentV1SpecTemplateSpecContainerPort,
  DeploymentV1SpecTemplateSpecContainerVolumeMount,
  DeploymentV1SpecTemplateSpecToleration,
  DeploymentV1SpecTemplateSpecTopologySpreadConstraint,
  DeploymentV1SpecTemplateSpecVolume,
} from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { CONTAINER } from '../core/server-contract';
import { BoundSize } from '../sizing/sizing';
import { METRICS_PORT_NAME, PORT_NAME } from './aks-exposure';
import { cpuQuantity, memoryQuantity } from './aks-quantity';
import { BoundContainerSecurity } from './container-security';
import { BoundProbe, BoundProbes } from './probe';

/** A taint that a service's pods accept, such as the one that keeps others off GPU nodes. */
export interface AksToleration {
  /**
   * Key of the taint.
   * @default - every taint
   */
  readonly key?: string;

  /**
   * Value of the taint.
   * @default - any
   */
  readonly value?: string;

  /**
   * `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
   * @default - every effect
   */
  readonly effect?: string;
}

/** Variables whose values stand in a Secret, under their own names. @internal */
export interface SecretEnvironment {
  readonly secretName: string;
  readonly variables: readonly string[];
}

/** Everything that a service's pods are made of. @internal */
export interface PodRequest {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secretEnvironment?: SecretEnvironment;
  /** Port of the metrics, where there are any. */
  readonly metricsPort?: number;
  readonly size: BoundSize;
  /** Name and whole number, such as `nvidia.com/gpu: 1`. */
  readonly extendedResources: Readonly<Record<string, number>>;
  readonly probes: BoundProbes;
  readonly security: BoundContainerSecurity;
  readonly serviceAccountName: string;
  /** Name of the Secret with the keys. */
  readonly keysSecret?: string;
  /** Name of the Secret with the certificate. */
  readonly tlsSecret?: string;
  readonly selector: { [name: string]: string };
  readonly nodeSelector?: { [name: string]: string };
  readonly tolerations: readonly AksToleration[];
  readonly terminationGraceSeconds: number;
}

/** A pod of the kind that Kubernetes' own "restricted" security standard accepts. @internal */
export function podSpec(request: PodRequest): DeploymentV1SpecTemplateSpec {
  const { userId } = request.security;
  return {
    serviceAccountName: request.serviceAccountName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: request.terminationGraceSeconds,
    nodeSelector: { 'kubernetes.io/os': 'linux', ...request.nodeSelector },
    toleration: request.tolerations.map(renderToleration),
    topologySpreadConstraint: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(key => spread(key, request.selector)),
    securityContext: {
      runAsNonRoot: userId !== 0,
      runAsUser: String(userId),
      runAsGroup: String(userId),
      // lets the server read the mounted keys, which nobody else on the node can
      fsGroup: String(userId),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    container: [container(request)],
    volume: volumes(request),
  };
}

function container(request: PodRequest): DeploymentV1SpecTemplateSpecContainer {
  const { security } = request;
  return {
    name: 'scoring',
    image: request.image,
    // a digest never changes what it names
    imagePullPolicy: 'IfNotPresent',
    port: ports(request),
    env: environment(request),
    resources: resources(request),
    ...renderProbes(request.probes, request.tlsSecret === undefined ? 'HTTP' : 'HTTPS'),
    securityContext: {
      privileged: false,
      allowPrivilegeEscalation: security.allowPrivilegeEscalation,
      readOnlyRootFilesystem: security.readOnlyRootFilesystem,
      runAsNonRoot: security.userId !== 0,
      capabilities: { drop: ['ALL'], add: security.keepCapabilities.length > 0 ? security.keepCapabilities : undefined },
    },
    volumeMount: volumeMounts(request),
  };
}

function ports({ metricsPort }: PodRequest): DeploymentV1SpecTemplateSpecContainerPort[] {
  const score = { name: PORT_NAME, containerPort: CONTAINER.port, protocol: 'TCP' };
  return metricsPort === undefined ? [score] : [score, { name: METRICS_PORT_NAME, containerPort: metricsPort, protocol: 'TCP' }];
}

function environment({ environment: plain, secretEnvironment }: PodRequest): DeploymentV1SpecTemplateSpecContainerEnv[] {
  const { secretName = '', variables = [] } = secretEnvironment ?? {};
  return [
    ...Object.entries(plain)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value })),
    ...variables.map(name => ({ name, valueFrom: { secretKeyRef: { name: secretName, key: name } } })),
  ];
}

function resources({ size, extendedResources }: PodRequest) {
  const extended = Object.fromEntries(Object.entries(extendedResources).map(([name, count]) => [name, String(count)]));
  return {
    requests: { cpu: cpuQuantity(size.cpu), memory: memoryQuantity(size.memoryInGB), ...extended },
    limits: { cpu: cpuQuantity(size.cpuLimit), memory: memoryQuantity(size.memoryInGBLimit), ...extended },
  };
}

function renderProbes(probes: BoundProbes, scheme: 'HTTP' | 'HTTPS') {
  const render = ({ path, ...numbers }: BoundProbe): DeploymentV1SpecTemplateSpecContainerLivenessProbe => ({
    httpGet: { path, port: PORT_NAME, scheme },
    ...numbers,
  });
  return {
    startupProbe: render(probes.startup),
    readinessProbe: render(probes.readiness),
    livenessProbe: render(probes.liveness),
  };
}

function volumes(request: PodRequest): DeploymentV1SpecTemplateSpecVolume[] {
  const secret = (name: string, secretName: string) => ({ name, secret: { secretName, defaultMode: '0440' } });
  return [
    { name: 'scratch', emptyDir: { sizeLimit: '1Gi' } },
    ...(request.keysSecret === undefined ? [] : [secret('keys', request.keysSecret)]),
    ...(request.tlsSecret === undefined ? [] : [secret('tls', request.tlsSecret)]),
  ];
}

/** Whole folders: the kubelet renews a changed secret in those, never in a single mounted file. */
function volumeMounts(request: PodRequest): DeploymentV1SpecTemplateSpecContainerVolumeMount[] {
  return [
    { name: 'scratch', mountPath: CONTAINER.scratch },
    ...(request.keysSecret === undefined ? [] : [{ name: 'keys', mountPath: CONTAINER.keysDirectory, readOnly: true }]),
    ...(request.tlsSecret === undefined ? [] : [{ name: 'tls', mountPath: CONTAINER.tlsDirectory, readOnly: true }]),
  ];
}

function renderToleration(toleration: AksToleration): DeploymentV1SpecTemplateSpecToleration {
  return { ...toleration, operator: toleration.value === undefined ? 'Exists' : 'Equal' };
}

/** Spreads the pods of one revision; where that is not possible, a pod beside another is better than none. */
function spread(topologyKey: string, selector: { [name: string]: string }): DeploymentV1SpecTemplateSpecTopologySpreadConstraint {
  return {
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: [{ matchLabels: selector }],
    matchLabelKeys: ['pod-template-hash'],
  };
}
