import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { App, TerraformStack } from 'cdktf';
import * as path from 'path';
import { aksStack } from '../../examples/aks/stack';
import {
  AksWebservice,
  Auth,
  Autoscale,
  ContainerRegistry,
  InferenceImage,
  ModelSource,
  RegisteredModel,
  Sizing,
} from '../../src';
import { register } from '../../src/model/model-registry';
import { accuracy, changedModel, LABELS, MODEL_FILE, newKey, SAMPLES, score } from './support/digits';
import { get, kubectl, pods, readyPods, serviceUri } from './support/kubernetes';
import { Load } from './support/load';
import { LocalRegistry } from './support/registry';
import {
  baseImage,
  clusterNetwork,
  describeWith,
  docker,
  kubeconfig,
  kubernetes,
  registry as registryThere,
  terraform,
} from './support/requirements';
import { eventually } from './support/run';
import { roundsFor, SLOW_MODEL, work } from './support/slow-model';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(400_000);

const REQUIREMENTS = [
  docker,
  baseImage,
  registryThere,
  kubernetes,
  clusterNetwork,
  terraform({
    docker: { source: 'kreuzwerker/docker', version: '3.6.2' },
    kubernetes: { source: 'hashicorp/kubernetes', version: '2.38.0' },
  }),
];

interface Autoscaler {
  readonly status: {
    readonly currentMetrics?: ReadonlyArray<{
      readonly resource?: { readonly current: { readonly averageUtilization?: number } };
    }>;
  };
}

describeWith(REQUIREMENTS, 'Kubernetes', () => {
  let registry: LocalRegistry;

  beforeAll(async () => {
    registry = await LocalRegistry.start();
  });

  afterAll(() => registry?.stop());

  // each test goes on from where the one before it left the service
  describe('the AKS example, applied', () => {
    const name = `digits-test-${process.pid}`;
    const keys = { first: newKey(), second: newKey() };
    let project: TerraformProject;
    let lockFile: string;
    let uri: string;

    const declare = (modelFile = MODEL_FILE) =>
      project.synth(app => aksStack(app, 'aks', { lockFile, modelFile, registry: registry.host, webserviceName: name }));

    beforeAll(() => {
      project = new TerraformProject('aks', { TF_VAR_digits_primary_key: keys.first, KUBE_CONFIG_PATH: kubeconfig() });
      lockFile = path.join(project.inputs, 'models.lock.json');
      register(lockFile, { name: 'digits', source: MODEL_FILE });
      declare();
      project.apply();
      uri = serviceUri(name, name);
    });

    afterAll(() => project?.destroy());

    test('is ready when the apply ends', () => {
      expect(readyPods(name).length).toBeGreaterThanOrEqual(1);
    });

    test('runs the image that was pushed, by its digest', () => {
      const { sha256_digest: digest } = project.resource('docker_registry_image', /^Image_Push/);
      expect(pods(name).map(pod => pod.spec.containers[0].image)).toContain(`${registry.host}/aks-image@${String(digest)}`);
    });

    test('scores real samples with the key, and nothing without it', async () => {
      expect(await accuracy(`${uri}/score`, keys.first)).toBeGreaterThanOrEqual(0.8);
      expect((await score(`${uri}/score`, SAMPLES[0])).status).toBe(401);
      expect((await score(`${uri}/score`, SAMPLES[0], keys.second)).status).toBe(401);
    });

    test('needs no change at the second plan', () => {
      expect(project.plan()).toEqual([]);
    });

    test('is measured by its autoscaler, which brings it to the least number of replicas', async () => {
      await eventually(120, 'a second replica', () => (readyPods(name).length === 2 ? true : undefined));
      const utilization = await eventually(120, 'a measured utilisation', () => {
        const { status } = get<Autoscaler>(name, 'horizontalpodautoscaler', name);
        return status.currentMetrics?.[0]?.resource?.current.averageUtilization;
      });
      expect(utilization).toBeGreaterThanOrEqual(0);
      expect(project.plan()).toEqual([]);
    });

    test('may write to /tmp and nowhere else, in a pod without a service account token', () => {
      const touch = (file: string) => () => kubectl('--namespace', name, 'exec', `deployment/${name}`, '--', 'touch', file);
      expect(touch('/tmp/file')).not.toThrow();
      expect(touch('/opt/model-serving/file')).toThrow(/Read-only file system/);
      expect(touch('/run/secrets/model-serving/keys/third')).toThrow(/Read-only file system/);
      const look = () => kubectl('--namespace', name, 'exec', `deployment/${name}`, '--', 'ls', '/run/secrets/kubernetes.io');
      expect(look).toThrow(/No such file/);
    });

    test('rolls out the next version of the model without one failed request', async () => {
      const before = readyPods(name);
      const modelFile = changedModel(project.inputs, 'trained again');
      register(lockFile, { name: 'digits', source: modelFile });
      declare(modelFile);
      const load = Load.start(() => score(`${uri}/score`, SAMPLES[0], keys.first));
      await project.applyAside();
      const { outcomes, total } = await load.stop();

      expect(outcomes).toEqual({ [`200 label ${LABELS[0]}`]: total });
      expect(total).toBeGreaterThan(20);
      expect(readyPods(name).filter(pod => before.includes(pod))).toEqual([]);
      // the autoscaler's number, not the Deployment's default of one
      expect(readyPods(name)).toHaveLength(2);
      const annotation = "jsonpath={.metadata.annotations['cdktf-model-serving/models']}";
      expect(kubectl('--namespace', name, 'get', 'deployment', name, '--output', annotation)).toBe('digits:2');
    });

    test('takes another key without a restart', async () => {
      const before = readyPods(name);
      project.set({ TF_VAR_digits_primary_key: keys.second, TF_VAR_digits_secondary_key: keys.first });
      project.apply();
      // the kubelet writes a changed secret within its sync period and cache delay, about a minute
      await eventually(150, 'the new key in every replica', async () => {
        const statuses = await Promise.all(Array.from({ length: 8 }, () => score(`${uri}/score`, SAMPLES[0], keys.second)));
        return statuses.every(({ status }) => status === 200) || undefined;
      });
      expect((await score(`${uri}/score`, SAMPLES[0], keys.first)).status).toBe(200);
      expect(readyPods(name)).toEqual(before);
    });

    test('leaves nothing behind', () => {
      project.destroy();
      expect(kubectl('get', 'namespaces', '--output', 'name')).not.toContain(`namespace/${name}`);
    });
  });

  describe('a service that is busy', () => {
    const name = `slow-test-${process.pid}`;
    let project: TerraformProject;

    beforeAll(() => {
      project = new TerraformProject('slow', { KUBE_CONFIG_PATH: kubeconfig() });
      project.synth(app => slowStack(app, name, registry.host, path.join(project.inputs, 'models.lock.json')));
      project.apply();
    });

    afterAll(() => project?.destroy());

    test('answers its probes while requests run: it stays ready and is not restarted', async () => {
      const uri = serviceUri(name, name);
      // longer than the liveness probe would forgive, were the answer to wait for the request
      const request = work(`${uri}/score`, await roundsFor(`${uri}/score`, 8));
      const seen: number[] = [];
      let isRunning = true;
      void request.finally(() => (isRunning = false));
      while (isRunning) {
        seen.push((await fetch(`${uri}/`)).status, readyPods(name).length);
        await new Promise(resolve => setTimeout(resolve, 250));
      }
      expect((await request).status).toBe(200);
      expect([...new Set(seen)].sort()).toEqual([1, 200]);
      expect(pods(name).map(pod => pod.status.containerStatuses?.[0].restartCount)).toEqual([0]);
    });
  });
});

/** One replica of a model that takes as long as it is told to, asked every second whether it lives. */
function slowStack(app: App, name: string, host: string, lockFile: string): TerraformStack {
  const stack = new TerraformStack(app, 'slow');
  new DockerProvider(stack, 'docker', { registryAuth: [{ address: `http://${host}`, authDisabled: true }] });
  new KubernetesProvider(stack, 'kubernetes');
  const model = new RegisteredModel(stack, 'Model', { source: ModelSource.fromFile(SLOW_MODEL), lockFile });
  const registry = ContainerRegistry.fromLoginServer(stack, 'Registry', host);
  new AksWebservice(stack, 'Slow', {
    image: new InferenceImage(stack, 'Image', { models: [model], registry }),
    webserviceName: name,
    sizing: Sizing.fixed({ cpu: 0.5, memoryInGB: 0.5 }),
    scale: Autoscale.fixed(1),
    auth: Auth.none(),
    probes: { liveness: { periodSeconds: 1, timeoutSeconds: 1 }, readiness: { periodSeconds: 1, timeoutSeconds: 1 } },
  });
  return stack;
}
