import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import * as fs from 'fs';
import * as path from 'path';
import { localStack } from '../../examples/local/stack';
import { Auth, InferenceImage, LocalWebservice, ModelSource, RegisteredModel, Sizing } from '../../src';
import { register } from '../../src/model/model-registry';
import { accuracy, changedModel, LABELS, MODEL_FILE, newKey, SAMPLES, score, writeProfile } from './support/digits';
import { baseImage, describeWith, docker, terraform } from './support/requirements';
import { attempt, eventually, run } from './support/run';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(300_000);

const PROVIDERS = { docker: { source: 'kreuzwerker/docker', version: '3.6.2' } };
const NAME = `digits-test-${process.pid}`;

const inspect = (name: string, format: string) => run('docker', ['inspect', '--format', format, name]);

// each test goes on from where the one before it left the service
describeWith([docker, baseImage, terraform(PROVIDERS)], 'the local example, applied', () => {
  const keys = { first: newKey(), second: newKey() };
  let project: TerraformProject;
  let lockFile: string;

  const declare = (options: { modelFile?: string; profile?: string } = {}) =>
    project.synth(app => localStack(app, 'local', { lockFile, modelFile: MODEL_FILE, webserviceName: NAME, ...options }));
  const scoringUri = () => project.output('digits_scoring_uri');
  const statusWith = async (key?: string) => (await score(scoringUri(), SAMPLES[0], key)).status;

  beforeAll(() => {
    project = new TerraformProject('local', { TF_VAR_digits_primary_key: keys.first });
    lockFile = path.join(project.inputs, 'models.lock.json');
    register(lockFile, { name: 'digits', source: MODEL_FILE });
    declare();
    project.apply();
  });

  afterAll(() => project.destroy());

  test('reads digits as people do, but for the few that the model mistakes', async () => {
    expect(await accuracy(scoringUri(), keys.first)).toBeGreaterThanOrEqual(0.8);
  });

  test('asks for a key', async () => {
    expect([await statusWith(), await statusWith(keys.second)]).toEqual([401, 401]);
  });

  test('needs no change at the second plan', () => {
    expect(project.plan()).toEqual([]);
  });

  test('shows the key to nobody who may look at the containers', () => {
    expect(run('docker', ['inspect', NAME, `${NAME}-keys`])).not.toContain(keys.first);
  });

  test('takes a second key, and then drops the first, without a restart', async () => {
    const started = inspect(NAME, '{{.State.StartedAt}}');
    project.set({ TF_VAR_digits_primary_key: keys.second, TF_VAR_digits_secondary_key: keys.first });
    project.apply();
    await eventually(30, 'the new key', async () => (await statusWith(keys.second)) === 200 || undefined);
    expect(await statusWith(keys.first)).toBe(200);

    project.set({ TF_VAR_digits_secondary_key: undefined });
    project.apply();
    await eventually(30, 'the end of the old key', async () => (await statusWith(keys.first)) === 401 || undefined);
    expect(await statusWith(keys.second)).toBe(200);
    expect(inspect(NAME, '{{.State.StartedAt}}')).toBe(started);
  });

  test('puts another size into force', () => {
    const limits = '{{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}';
    const inBytes = (megabytes: number) => `${megabytes * 1024 ** 2} ${megabytes * 1024 ** 2}`;
    expect(inspect(NAME, limits)).toBe(`50000 100000 ${inBytes(512)}`);

    declare({ profile: writeProfile(project.inputs, MODEL_FILE, { cpu: 0.8, memoryInGB: 0.75 }) });
    project.apply();

    expect(inspect(NAME, limits)).toBe(`80000 100000 ${inBytes(768)}`);
    expect(project.plan()).toEqual([]);
  });

  test('rolls out a changed model as its next version', async () => {
    const before = { container: inspect(NAME, '{{.Id}}'), image: inspect(NAME, '{{.Image}}') };
    const modelFile = changedModel(project.inputs, 'trained again');
    register(lockFile, { name: 'digits', source: modelFile });
    declare({ modelFile });
    project.apply();

    expect(inspect(NAME, '{{.Id}}')).not.toBe(before.container);
    expect(inspect(NAME, '{{index .Config.Labels "cdktf-model-serving.models"}}')).toBe('digits:2');
    expect(attempt('docker', ['image', 'inspect', before.image]).status).not.toBe(0);
    expect((await score(scoringUri(), SAMPLES[0], keys.second)).label).toBe(LABELS[0]);
    expect(project.plan()).toEqual([]);
  });

  test('leaves nothing behind', () => {
    const image = inspect(NAME, '{{.Image}}');
    project.destroy();
    expect(run('docker', ['ps', '--all', '--quiet', '--filter', `name=${NAME}`])).toBe('');
    expect(run('docker', ['volume', 'ls', '--quiet', '--filter', `name=${NAME}`])).toBe('');
    expect(attempt('docker', ['image', 'inspect', image]).status).not.toBe(0);
  });
});

describeWith([docker, baseImage, terraform(PROVIDERS)], 'a local service that cannot load its model', () => {
  test('fails the apply, and is replaced by the next one that can', async () => {
    const name = `${NAME}-broken`;
    const project = new TerraformProject('broken');
    const declare = (modelFile: string) =>
      project.synth(app => stackOf(app, name, modelFile, path.join(project.inputs, 'models.lock.json')));
    try {
      const broken = path.join(project.inputs, 'digits.onnx');
      fs.writeFileSync(broken, 'not a model');
      declare(broken);
      expect(() => project.apply()).toThrow(/healthy/);

      declare(MODEL_FILE);
      project.apply();
      expect((await score(project.output('digits_scoring_uri'), SAMPLES[0])).label).toBe(LABELS[0]);
    } finally {
      project.destroy();
    }
  });
});

/** As the example, without a key and with little patience. */
function stackOf(app: App, webserviceName: string, modelFile: string, lockFile: string): TerraformStack {
  const stack = new TerraformStack(app, 'broken');
  new DockerProvider(stack, 'docker');
  const model = new RegisteredModel(stack, 'Model', { source: ModelSource.fromFile(modelFile), lockFile });
  const image = new InferenceImage(stack, 'Image', { models: [model] });
  new LocalWebservice(stack, 'Digits', {
    image,
    webserviceName,
    sizing: Sizing.fixed({ cpu: 1, memoryInGB: 0.5 }),
    auth: Auth.none(),
    probes: { startup: { failureThreshold: 8 }, readiness: { periodSeconds: 1 } },
  }).addOutputs({ prefix: 'digits' });
  return stack;
}
