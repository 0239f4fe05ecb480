import { DeploymentV1 } from '@cdktf/provider-kubernetes/lib/deployment-v1';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { NetworkIsolation } from '../../src/webservice/aks-isolation';
import { AksWebservice, AksWebserviceProps } from '../../src/webservice/aks-webservice';
import { Auth } from '../../src/webservice/auth';
import { Autoscale } from '../../src/webservice/autoscale';
import { Tls } from '../../src/webservice/tls';
import { someModel } from '../support/models';
import { Json, Synthesized, synthesize } from '../support/synth';

const REFERENCE = `contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`;
const SIZE = Sizing.fixed({ cpu: 0.7, memoryInGB: 0.6 });
const DEPLOYMENT = 'kubernetes_deployment_v1';

type Extra = Partial<AksWebserviceProps> | ((scope: TerraformStack) => Partial<AksWebserviceProps>);

function service(scope: TerraformStack, extra: Extra = {}, id = 'Digits', version?: number): AksWebservice {
  const image = new InferenceImage(scope, `${id}Image`, {
    models: [someModel(scope, { id: `${id}Model`, name: id.toLowerCase(), version })],
    imageBuild: ImageBuild.prebuilt(REFERENCE),
  });
  return new AksWebservice(scope, id, { image, sizing: SIZE, ...(typeof extra === 'function' ? extra(scope) : extra) });
}

const synth = (extra: Extra = {}): Synthesized => synthesize(stack => service(stack, extra));
const deploymentOf = (extra: Extra = {}): Json => synth(extra).resource(DEPLOYMENT);
const podOf = (extra: Extra = {}): Json => deploymentOf(extra).spec.template.spec;
const containerOf = (extra: Extra = {}): Json => podOf(extra).container[0];
const environmentOf = (extra: Extra = {}): Json =>
  Object.fromEntries(containerOf(extra).env.map((entry: Json) => [entry.name, entry.value]));
const certificate = (scope: TerraformStack, hostName?: string) =>
  Tls.fromPem({
    certificate: 'PEM',
    privateKey: new TerraformVariable(scope, 'tls_key', { type: 'string', sensitive: true }).stringValue,
    hostName,
  });

describe('AksWebservice pods', () => {
  test('request what was measured and may use no more, in the units that Kubernetes gives back', () => {
    expect(containerOf().resources).toEqual({
      requests: { cpu: '700m', memory: '615Mi' },
      limits: { cpu: '700m', memory: '615Mi' },
    });
    const whole = Sizing.fixed({ cpu: 2, memoryInGB: 4, cpuLimit: 3, memoryInGBLimit: 4.5 });
    expect(containerOf({ sizing: whole }).resources).toEqual({
      requests: { cpu: '2', memory: '4Gi' },
      limits: { cpu: '3', memory: '4608Mi' },
    });
  });

  test('take a size that only Terraform knows', () => {
    const { resources } = containerOf(stack => {
      const cores = new TerraformVariable(stack, 'cores', { type: 'number' }).numberValue;
      const memory = new TerraformVariable(stack, 'memory', { type: 'number' }).numberValue;
      return { sizing: Sizing.fixed({ cpu: cores, memoryInGB: memory }) };
    });
    expect(resources.requests).toEqual({ cpu: '${var.cores}', memory: '${var.memory}Gi' });
  });

  test('run the image by digest and pull it once', () => {
    expect(containerOf()).toMatchObject({ image: REFERENCE, image_pull_policy: 'IfNotPresent' });
  });

  test('meet the restricted pod security standard', () => {
    const pod = podOf();
    expect(pod).toMatchObject({ automount_service_account_token: false, enable_service_links: false });
    expect(pod.security_context).toEqual({
      run_as_non_root: true,
      run_as_user: '10001',
      run_as_group: '10001',
      fs_group: '10001',
      seccomp_profile: { type: 'RuntimeDefault' },
    });
    expect(pod.container[0].security_context).toEqual({
      privileged: false,
      allow_privilege_escalation: false,
      read_only_root_filesystem: true,
      run_as_non_root: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test('can write to /tmp and nowhere else', () => {
    const pod = podOf({ auth: Auth.none() });
    expect(pod.volume).toEqual([{ name: 'scratch', empty_dir: { size_limit: '1Gi' } }]);
    expect(pod.container[0].volume_mount).toEqual([{ name: 'scratch', mount_path: '/tmp' }]);
  });

  test('are asked by three probes, of which one waits for the model', () => {
    const { startup_probe, readiness_probe, liveness_probe } = containerOf();
    expect(liveness_probe).toMatchObject({ http_get: { path: '/', port: 'score', scheme: 'HTTP' }, period_seconds: 10 });
    expect(readiness_probe).toMatchObject({ http_get: { path: '/health/ready' }, period_seconds: 5, failure_threshold: 1 });
    expect(startup_probe).toMatchObject({ http_get: { path: '/health/ready' }, period_seconds: 2, failure_threshold: 155 });
  });

  test('are given time to answer their last request', () => {
    expect(podOf().termination_grace_period_seconds).toBe(71);
    expect(podOf({ scoringTimeoutMs: 1000, maxQueueWaitMs: 500 }).termination_grace_period_seconds).toBe(12);
    expect(environmentOf()).toMatchObject({ MODEL_SERVING_DRAIN_DELAY_MS: '5000' });
    const unknown = podOf(stack => ({
      scoringTimeoutMs: new TerraformVariable(stack, 'timeout', { type: 'number' }).numberValue,
    }));
    expect(unknown.termination_grace_period_seconds).toBe('${ceil((((500 + var.timeout) + 10000) / 1000))}');
  });

  test('hand the server every limit of v1', () => {
    expect(environmentOf({ scoringTimeoutMs: 1500, maxConcurrentRequests: 3, maxQueueWaitMs: 700 })).toMatchObject({
      SCORING_TIMEOUT_MS: '1500',
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '3',
      MODEL_SERVING_MAX_QUEUE_WAIT_MS: '700',
    });
  });

  test('spread over zones and nodes without refusing to start', () => {
    const spread: Json[] = podOf().topology_spread_constraint;
    expect(spread.map(constraint => [constraint.topology_key, constraint.when_unsatisfiable])).toEqual([
      ['topology.kubernetes.io/zone', 'ScheduleAnyway'],
      ['kubernetes.io/hostname', 'ScheduleAnyway'],
    ]);
  });

  test('ask for whole GPUs under the name that the cluster has for them', () => {
    expect(containerOf({ gpuCores: 2 }).resources.limits).toMatchObject({ 'nvidia.com/gpu': '2' });
    const amd = containerOf({ gpuCores: 1, gpuResourceName: 'amd.com/gpu' }).resources;
    expect(amd.limits).toEqual(amd.requests);
    expect(amd.limits).toMatchObject({ 'amd.com/gpu': '1' });
    expect(Object.keys(containerOf({ gpuCores: 0 }).resources.limits)).toEqual(['cpu', 'memory']);
  });

  test('go where they are sent, on Linux', () => {
    const pod = podOf({
      nodeSelector: { sku: 'gpu' },
      tolerations: [{ key: 'sku', value: 'gpu', effect: 'NoSchedule' }, { key: 'spot' }],
    });
    expect(pod.node_selector).toEqual({ 'kubernetes.io/os': 'linux', sku: 'gpu' });
    expect(pod.toleration).toEqual([
      { key: 'sku', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
      { key: 'spot', operator: 'Exists' },
    ]);
  });
});

describe('AksWebservice keys', () => {
  test('are mounted as files of a secret, and stand in no environment', () => {
    const synthesized = synth();
    const { data, type } = synthesized.resource('kubernetes_secret_v1');
    expect({ data, type }).toEqual({
      type: 'Opaque',
      data: {
        primary: '${var.digits_primary_key}',
        secondary: '${coalesce(var.digits_secondary_key, var.digits_primary_key)}',
      },
    });
    const pod = synthesized.resource(DEPLOYMENT).spec.template.spec;
    expect(pod.volume[1]).toMatchObject({ name: 'keys', secret: { default_mode: '0440' } });
    expect(pod.container[0].volume_mount[1]).toEqual({
      name: 'keys',
      mount_path: '/run/secrets/model-serving/keys',
      read_only: true,
    });
    expect(JSON.stringify(pod.container[0].env)).not.toContain('_key');
  });

  test('do not restart the service when they change', () => {
    const deployment = (variable: string) =>
      deploymentOf(stack => ({
        auth: Auth.keys({ primaryKey: new TerraformVariable(stack, variable, { type: 'string' }).stringValue }),
      }));
    expect(deployment('one')).toEqual(deployment('another'));
  });

  test('need no secret where anybody may call', () => {
    expect(synth({ auth: Auth.none() }).resources('kubernetes_secret_v1')).toEqual({});
  });
});

describe('AksWebservice rollout', () => {
  test('starts a new pod before it ends an old one', () => {
    expect(deploymentOf().spec.strategy).toEqual({
      type: 'RollingUpdate',
      rolling_update: { max_unavailable: '0', max_surge: '1' },
    });
  });

  test('is given up by Kubernetes before Terraform stops waiting', () => {
    const usual = deploymentOf();
    expect(usual.spec.progress_deadline_seconds).toBe(600);
    expect(deploymentOf({ scale: Autoscale.fixed(1) }).timeouts).toEqual({ create: '20m', update: '20m' });
    const slow = deploymentOf({ probes: { startup: { failureThreshold: 1800 } } });
    expect(slow.spec.progress_deadline_seconds).toBe(3890);
    expect(parseInt(slow.timeouts.create, 10) * 60).toBeGreaterThan(3890);
  });

  test('never touches the selector, which Kubernetes does not let change', () => {
    const selector = (build: (stack: TerraformStack) => void) =>
      synthesize(build).resource(DEPLOYMENT).spec.selector.match_labels as object;
    const first = selector(stack => service(stack));
    const second = selector(stack => service(stack, { tags: { team: 'vision' }, description: 'new' }, 'Digits', 2));
    expect(first).toEqual({ 'app.kubernetes.io/name': 'digits', 'app.kubernetes.io/instance': 'digits' });
    expect(second).toEqual(first);
  });

  test('is not caused by new tags or another description', () => {
    expect(deploymentOf({ tags: { team: 'vision' }, description: 'new' }).spec.template).toEqual(deploymentOf().spec.template);
  });

  test('is caused by a new certificate', () => {
    const annotations = deploymentOf(stack => ({ tls: certificate(stack) })).spec.template.metadata.annotations;
    expect(annotations).toEqual({ 'cdktf-model-serving/certificate': '${sha256("PEM")}' });
  });
});

describe('AksWebservice replicas', () => {
  test('follow the load between one and ten by default, as v1 had it', () => {
    const synthesized = synth();
    const { spec } = synthesized.resource('kubernetes_horizontal_pod_autoscaler_v2');
    expect(spec).toMatchObject({ min_replicas: 1, max_replicas: 10 });
    expect(spec.metric[0].resource).toEqual({ name: 'cpu', target: { type: 'Utilization', average_utilization: 70 } });
    expect(spec.scale_target_ref).toMatchObject({ api_version: 'apps/v1', kind: 'Deployment' });
  });

  test('are left to the autoscaler where there is one', () => {
    expect(deploymentOf().spec).not.toHaveProperty('replicas');
    expect(deploymentOf({ scale: Autoscale.fixed(3) }).spec.replicas).toBe('3');
    expect(synth({ scale: Autoscale.fixed(3) }).resources('kubernetes_horizontal_pod_autoscaler_v2')).toEqual({});
  });

  test('are drained one at a time where there can be several', () => {
    const budget = synth({ scale: Autoscale.between(1, 2) }).resource('kubernetes_pod_disruption_budget_v1').spec;
    expect(budget).toMatchObject({ max_unavailable: '1' });
    expect(synth({ scale: Autoscale.fixed(1) }).resources('kubernetes_pod_disruption_budget_v1')).toEqual({});
  });

  test('may be a number that only Terraform knows', () => {
    const scale = (stack: TerraformStack) => ({
      scale: Autoscale.fixed(new TerraformVariable(stack, 'replicas', { type: 'number' }).numberValue),
    });
    const synthesized = synth(scale);
    expect(synthesized.resource(DEPLOYMENT).spec.replicas).toBe('${var.replicas}');
    expect(Object.keys(synthesized.resources('kubernetes_pod_disruption_budget_v1'))).toHaveLength(1);
  });
});

describe('AksWebservice namespace', () => {
  test('is its own, and admits only restricted pods', () => {
    const { metadata } = synth().resource('kubernetes_namespace_v1');
    expect(metadata.name).toBe('digits');
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('admits more where the service asks for more', () => {
    const { metadata } = synth({ containerSecurity: { keepCapabilities: ['SYS_NICE'] } }).resource('kubernetes_namespace_v1');
    expect(metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'privileged' });
  });

  test('is not made where one is given, and holds everything', () => {
    const synthesized = synth({ namespace: 'models' });
    expect(synthesized.resources('kubernetes_namespace_v1')).toEqual({});
    const all = Object.values<Json>(synthesized.json.resource).flatMap(type => Object.values<Json>(type));
    expect(all.map(resource => resource.metadata.namespace)).toEqual(all.map(() => 'models'));
  });

  test.each(['Models', '-a', 'a-', 'a.b', 'a'.repeat(64), ''])('may not be called %p', namespace => {
    expect(() => synth({ namespace })).toThrow('AKS_NAMESPACE_INVALID');
  });
});

describe('AksWebservice metadata', () => {
  const metadataOf = (tags: { [name: string]: string }, description?: string) =>
    deploymentOf({ tags, description }).metadata as { labels: object; annotations: object };

  test('makes labels of the tags that Kubernetes takes as labels', () => {
    expect(metadataOf({ team: 'vision', 'contoso.com/cost': '42' }).labels).toMatchObject({
      team: 'vision',
      'contoso.com/cost': '42',
    });
  });

  test('makes annotations of all others', () => {
    const { labels, annotations } = metadataOf({ owner: 'Ada Lovelace', 'cost center': '42', ['x'.repeat(70)]: 'long' });
    expect(annotations).toMatchObject({
      'tag.cdktf-model-serving/owner': 'Ada Lovelace',
      'tag.cdktf-model-serving/cost-center': '42',
      [`tag.cdktf-model-serving/${'x'.repeat(63)}`]: 'long',
    });
    expect(Object.keys(labels)).not.toContain('owner');
  });

  test('does not let a tag take the place of a label that Kubernetes or the selector needs', () => {
    const { labels } = metadataOf({ 'app.kubernetes.io/name': 'other', 'pod-security.kubernetes.io/enforce': 'privileged' });
    expect(labels).toMatchObject({ 'app.kubernetes.io/name': 'digits' });
    expect(labels).not.toHaveProperty('pod-security.kubernetes.io/enforce');
  });

  test('refuses two tags that would become one annotation', () => {
    expect(() => metadataOf({ 'cost center': '1', 'cost%center': '2' })).toThrow(/AKS_TAGS_COLLIDE/);
  });

  test('says which models are served, and what for', () => {
    expect(metadataOf({}, 'reads digits').annotations).toEqual({
      'cdktf-model-serving/models': 'digits:1',
      'kubernetes.io/description': 'reads digits',
    });
  });
});

describe('AksWebservice network', () => {
  test('lets in requests and lets out nothing', () => {
    const { spec } = synth().resource('kubernetes_network_policy_v1');
    expect(spec.policy_types).toEqual(['Ingress', 'Egress']);
    expect(spec.ingress).toEqual([{ ports: [{ port: 'score', protocol: 'TCP' }] }]);
    expect(spec).not.toHaveProperty('egress');
  });

  test('can be opened outwards, or left to the cluster', () => {
    const ingress = synth({ networkIsolation: NetworkIsolation.INGRESS }).resource('kubernetes_network_policy_v1');
    expect(ingress.spec.policy_types).toEqual(['Ingress']);
    expect(synth({ networkIsolation: NetworkIsolation.NONE }).resources('kubernetes_network_policy_v1')).toEqual({});
  });
});

describe('AksWebservice', () => {
  test('has the deployment as its default child', () => {
    synthesize(stack => expect(service(stack).node.defaultChild).toBeInstanceOf(DeploymentV1));
  });

  test('passes the provider to everything that it makes', () => {
    const synthesized = synthesize(stack => {
      new KubernetesProvider(stack, 'kubernetes');
      service(stack, { provider: new KubernetesProvider(stack, 'other', { alias: 'other' }), tls: certificate(stack) });
    });
    const all = Object.values<Json>(synthesized.json.resource).flatMap(type => Object.values<Json>(type));
    expect(all.length).toBeGreaterThanOrEqual(9);
    expect(all.map(resource => resource.provider)).toEqual(all.map(() => 'kubernetes.other'));
  });

  test('does not collide with a second one', () => {
    const synthesized = synthesize(stack => {
      service(stack, {}, 'Digits');
      service(stack, {}, 'Letters');
    });
    expect(Object.keys(synthesized.resources(DEPLOYMENT))).toHaveLength(2);
    expect(Object.keys(synthesized.resources('kubernetes_namespace_v1'))).toHaveLength(2);
  });

  test('can be brought in by its attributes', () => {
    const synthesized = synthesize(stack => {
      const known = AksWebservice.fromAksWebserviceAttributes(stack, 'Known', { webserviceName: 'digits', namespace: 'models' });
      expect(known.swaggerUri).toBe('http://digits.models.svc.cluster.local/swagger.json');
      const outside = { webserviceName: 'digits', baseUri: 'https://digits.contoso.com' };
      AksWebservice.fromAksWebserviceAttributes(stack, 'Outside', outside).addOutputs();
    });
    expect(synthesized.outputs().digits_scoring_uri.value).toBe('https://digits.contoso.com/score');
    expect(synthesized.json.resource).toBeUndefined();
  });

  test('reports all faults of its own at once', () => {
    const faulty = { namespace: 'A', gpuCores: 0.5, gpuResourceName: 'gpu', probes: { liveness: { successThreshold: 2 } } };
    expect(() => synth(faulty)).toThrow(
      /AKS_NAMESPACE_INVALID[^]*AKS_GPU_CORES_INVALID[^]*AKS_RESOURCE_NAME_INVALID[^]*AKS_PROBE_SUCCESS_THRESHOLD/,
    );
  });

  test('refuses an image that no node could pull', () => {
    const build = (stack: TerraformStack) => {
      const image = new InferenceImage(stack, 'Image', { models: [someModel(stack)] });
      new AksWebservice(stack, 'Digits', { image, sizing: SIZE });
    };
    expect(() => synthesize(build)).toThrow('IMAGE_NOT_PUSHED');
  });

  test('refuses a private key in the program', () => {
    expect(() => synth({ tls: Tls.fromPem({ certificate: 'PEM', privateKey: 'PEM' }) })).toThrow('AUTH_LITERAL_KEY');
  });

  test.each([
    { liveness: { periodSeconds: 0 } },
    { startup: { failureThreshold: 1.5 } },
    { readiness: { initialDelaySeconds: -1 } },
  ])('refuses the probe %j', probes => {
    expect(() => synth({ probes })).toThrow('PROBE_NUMBER_INVALID');
  });

  test('refuses a probe that only Terraform knows, as the wait for a rollout follows from it', () => {
    const unknown = (stack: TerraformStack) => ({
      probes: { startup: { periodSeconds: new TerraformVariable(stack, 'period', { type: 'number' }).numberValue } },
    });
    expect(() => synth(unknown)).toThrow(/probes.startup.periodSeconds is known to Terraform only/);
  });
});
