import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { Auth, InferenceImage, LocalWebservice, ModelSource, RegisteredModel, Sizing } from '../../src';
import { localStack } from '../../examples/local/stack';
import { accuracy, MODEL_FILE, newKey, SAMPLES, score, writeProfile } from './support/digits';
import { DockerRun } from './support/docker-run';
import { baseImage, describeWith, docker } from './support/requirements';
import { attempt, eventually, run } from './support/run';
import { roundsFor, SLOW_MODEL, work } from './support/slow-model';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(180_000);

const answers = (uri: string) =>
  eventually(
    60,
    `an answer of ${uri}`,
    async () => (await fetch(`${uri}/health/ready`, { signal: AbortSignal.timeout(2_000) })).status === 200 || undefined,
  );

describeWith([docker, baseImage], 'the image of the local example in a container of the profiled size', () => {
  const name = `digits-docker-test-${process.pid}`;
  const key = newKey();
  let project: TerraformProject;
  let container: DockerRun;
  let buildLog: string;
  let uri: string;

  beforeAll(async () => {
    project = new TerraformProject('local');
    const profile = writeProfile(project.inputs, MODEL_FILE, { cpu: 0.6, memoryInGB: 0.3 });
    const lockFile = `${project.inputs}/models.lock.json`;
    project.write(app => localStack(app, 'local', { modelFile: MODEL_FILE, lockFile, profile }));
    container = new DockerRun(project, name);
    buildLog = container.build();
    uri = container.start({ primary: key, secondary: key });
    await answers(uri);
  });

  afterAll(() => {
    container?.clean();
    project.remove();
  });

  test('was built by copying alone, without a network', () => {
    expect(container.network).toBe('none');
    expect(buildLog).toMatch(/COPY/);
    expect(buildLog).not.toMatch(/\bRUN\b/);
  });

  test('says that it is healthy, as Azure ML did', async () => {
    expect(await (await fetch(`${uri}/`)).text()).toBe('Healthy');
  });

  test('asks for a key', async () => {
    expect((await score(`${uri}/score`, SAMPLES[0])).status).toBe(401);
    expect((await score(`${uri}/score`, SAMPLES[0], newKey())).status).toBe(401);
  });

  test('reads digits as people do, but for the few that the model mistakes', async () => {
    expect(await accuracy(`${uri}/score`, key)).toBeGreaterThanOrEqual(0.8);
  });

  test('runs under the limits of the profile', () => {
    const format = '{{.HostConfig.CpuQuota}}/{{.HostConfig.CpuPeriod}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}';
    const memory = 308 * 1024 ** 2;
    expect(run('docker', ['inspect', '--format', format, name])).toBe(`60000/100000 ${memory} ${memory}`);
  });

  test('can write to /tmp and nowhere else', () => {
    const touch = (file: string) => attempt('docker', ['exec', name, 'touch', file]);
    expect(touch('/tmp/file').status).toBe(0);
    for (const file of ['/file', '/opt/model-serving/file', '/run/secrets/model-serving/keys/third']) {
      expect(touch(file).stderr).toContain('Read-only file system');
    }
  });

  test('runs as nobody in particular, without any privilege', () => {
    const status = run('docker', ['exec', name, 'cat', '/proc/1/status']);
    expect(status).toMatch(/^Uid:\s+10001\s+10001/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  test('has the key in no environment', () => {
    expect(run('docker', ['inspect', name])).not.toContain(key);
    expect(run('docker', ['exec', name, 'cat', '/proc/1/environ'])).not.toContain(key);
  });

  test('passes the health check that the service gives to Docker', () => {
    const check = container.healthcheck();
    expect(attempt('docker', ['exec', name, ...check.slice(1)]).status).toBe(0);
    const elsewhere = check.slice(1).map(argument => argument.replace('/health/ready', '/nowhere'));
    expect(attempt('docker', ['exec', name, ...elsewhere]).status).not.toBe(0);
  });
});

describeWith([docker, baseImage], 'a container that is busy', () => {
  const name = `slow-docker-test-${process.pid}`;
  let project: TerraformProject;
  let container: DockerRun;
  let uri: string;

  beforeAll(async () => {
    project = new TerraformProject('slow');
    project.write(app => slowStack(app, `${project.inputs}/models.lock.json`));
    container = new DockerRun(project, name);
    container.build();
    uri = container.start();
    await answers(uri);
  });

  afterAll(() => {
    container?.clean();
    project.remove();
  });

  test('says that it is alive while a request runs, and answers that request before it stops', async () => {
    const request = work(`${uri}/score`, await roundsFor(`${uri}/score`, 4));
    let isRunning = true;
    void request.finally(() => (isRunning = false));
    await new Promise(resolve => setTimeout(resolve, 500));
    const health = await (await fetch(`${uri}/`)).text();
    expect([health, isRunning]).toEqual(['Healthy', true]);

    const stopped = eventually(60, 'the end of the container', () =>
      run('docker', ['inspect', '--format', '{{.State.Running}}', name]) === 'false' ? true : undefined,
    );
    run('docker', ['kill', '--signal', 'TERM', name]);
    expect(isRunning).toBe(true);
    expect((await request).status).toBe(200);
    await stopped;
    expect(run('docker', ['inspect', '--format', '{{.State.ExitCode}}', name])).toBe('0');
  });
});

function slowStack(app: App, lockFile: string): TerraformStack {
  const stack = new TerraformStack(app, 'slow');
  new DockerProvider(stack, 'docker');
  const model = new RegisteredModel(stack, 'Model', { source: ModelSource.fromFile(SLOW_MODEL), lockFile });
  const image = new InferenceImage(stack, 'Image', { models: [model] });
  new LocalWebservice(stack, 'Slow', { image, auth: Auth.none(), sizing: Sizing.fixed({ cpu: 0.5, memoryInGB: 0.5 }) });
  return stack;
}
