import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

export const invalidReplicas = (scope: IConstruct, what: string, value: number, least: number, most: number) =>
  new ValidationError(scope, 'AUTOSCALE_NUMBER_INVALID', {
    problem: `${what} is ${value}; it must be a whole number from ${least} to ${most}`,
    fix: 'give Autoscale.between(1, 10) or Autoscale.fixed(2), for example',
  });

export const replicasOutOfOrder = (scope: IConstruct, minReplicas: number, maxReplicas: number) =>
  new ValidationError(scope, 'AUTOSCALE_OUT_OF_ORDER', {
    problem: `minReplicas is ${minReplicas}, more than maxReplicas ${maxReplicas}`,
    fix: `swap them: Autoscale.between(${maxReplicas}, ${minReplicas})`,
  });

export const invalidTargetUtilization = (scope: IConstruct, percent: number) =>
  new ValidationError(scope, 'AUTOSCALE_UTILIZATION_INVALID', {
    problem: `targetUtilization is ${percent}; it must be a whole number of percent from 1 to 100`,
    fix: 'give 70 for 70 %, or leave it out',
  });

export const invalidNamespace = (scope: IConstruct, namespace: string) =>
  new ValidationError(scope, 'AKS_NAMESPACE_INVALID', {
    problem: `the namespace "${namespace}" is not allowed: 1 to 63 lower-case letters, digits and dashes, no dash at either end`,
    fix: 'give the name of a namespace that exists, or leave it out: the service then makes its own',
  });

export const invalidGpuCores = (scope: IConstruct, gpuCores: number) =>
  new ValidationError(scope, 'AKS_GPU_CORES_INVALID', {
    problem: `gpuCores is ${gpuCores}; it must be a whole number from 0, as a GPU is not shared`,
    fix: 'give the number of GPUs of one replica, or leave it out',
  });

export const invalidResourceName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'AKS_RESOURCE_NAME_INVALID', {
    problem: `"${name}" is not the name of an extended resource, which has a domain before a slash`,
    fix: "give what the nodes' device plugin advertises, such as nvidia.com/gpu: kubectl describe node",
  });

export const invalidDnsLabel = (scope: IConstruct, label: string) =>
  new ValidationError(scope, 'AKS_DNS_LABEL_INVALID', {
    problem: `the DNS label "${label}" is not allowed: 3 to 63 lower-case letters, digits and dashes, starting with a letter, not ending with a dash`,
    fix: 'choose another dnsLabel',
  });

export const openWithoutTls = (what: string) =>
  `[AKS_PUBLIC_WITHOUT_TLS] the service has a public address and no tls, so ${what} cross the internet unencrypted; ` +
  'give tls: Tls.fromPem(…), or keep it inside: AksExposure.internalLoadBalancer()';

export const openToAll = () =>
  '[AKS_PUBLIC_WITHOUT_AUTH] the service has a public address and Auth.none(), so anybody may use it; ' +
  'leave auth out, or give AksExposure.publicLoadBalancer({ allowedRanges: […] })';

export const tagsCollide = (scope: IConstruct, first: string, second: string, annotation: string) =>
  new ValidationError(scope, 'AKS_TAGS_COLLIDE', {
    problem: `the tags "${first}" and "${second}" both become the annotation ${annotation}`,
    fix: 'rename one of them',
  });

export const probeNeedsOneSuccess = (scope: IConstruct, which: string, count: number) =>
  new ValidationError(scope, 'AKS_PROBE_SUCCESS_THRESHOLD', {
    problem: `probes.${which}.successThreshold is ${count}; Kubernetes allows only 1 here`,
    fix: 'leave it out, or set it for readiness, where it may be more',
  });

export const collectionWithoutWorkloadIdentity = (scope: IConstruct) =>
  new ValidationError(scope, 'AKS_WORKLOAD_IDENTITY_MISSING', {
    problem: 'collectModelData is given, but the pods have no identity to write with',
    fix: 'give workloadIdentityClientId: a managed identity with Storage Blob Data Contributor on the container and a federated credential for the service account',
  });
