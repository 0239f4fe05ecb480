import { Container } from '@cdktf/provider-docker/lib/container';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { Auth } from '../../src/webservice/auth';
import { LocalWebservice, LocalWebserviceProps } from '../../src/webservice/local-webservice';
import { someModel } from '../support/models';
import { Json, Synthesized, synthesize } from '../support/synth';

const REFERENCE = `contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`;
const SIZE = Sizing.fixed({ cpu: 0.7, memoryInGB: 0.6 });

type Extra = Partial<LocalWebserviceProps> | ((scope: TerraformStack) => Partial<LocalWebserviceProps>);

function service(scope: TerraformStack, extra: Extra = {}, id = 'Digits'): LocalWebservice {
  const image = new InferenceImage(scope, `${id}Image`, {
    models: [someModel(scope, { id: `${id}Model`, name: id.toLowerCase() })],
    imageBuild: ImageBuild.prebuilt(REFERENCE),
  });
  return new LocalWebservice(scope, id, { image, sizing: SIZE, ...(typeof extra === 'function' ? extra(scope) : extra) });
}

const synth = (extra: Extra = {}): Synthesized => synthesize(stack => service(stack, extra));
/** The container that serves: the other one, which only takes the keys, is named after it. */
const containerOf = (synthesized: Synthesized): Json =>
  Object.values<Json>(synthesized.resources('docker_container')).find(container => !container.name.endsWith('-keys'));
const label = (container: Json, name: string): string => container.labels.find((entry: Json) => entry.label === name)?.value;

describe('LocalWebservice', () => {
  test('gives the container the measured limits in the form that the provider applies', () => {
    const container = containerOf(synth());
    expect(container).toMatchObject({ cpu_period: 100_000, cpu_quota: 70_000, memory: 615, memory_swap: 615 });
    expect(container).not.toHaveProperty('cpus');
  });

  test('takes the limits, not the requests, where they differ', () => {
    const sizing = Sizing.fixed({ cpu: 0.5, memoryInGB: 0.5, cpuLimit: 2, memoryInGBLimit: 1 });
    expect(containerOf(synth({ sizing }))).toMatchObject({ cpu_quota: 200_000, memory: 1024, memory_swap: 1024 });
  });

  test('lets Terraform compute limits that it knows first', () => {
    const container = containerOf(
      synth(stack => {
        const cores = new TerraformVariable(stack, 'cores', { type: 'number' }).numberValue;
        return { sizing: Sizing.fixed({ cpu: cores, memoryInGB: 1 }) };
      }),
    );
    expect(container.cpu_quota).toBe('${ceil((var.cores * 100000))}');
    expect(label(container, 'cdktf-model-serving.settings')).toContain('var.cores');
  });

  test('locks the container down', () => {
    expect(containerOf(synth())).toMatchObject({
      read_only: true,
      user: '10001:10001',
      capabilities: { drop: ['ALL'] },
      security_opts: ['no-new-privileges:true'],
      tmpfs: { '/tmp': 'rw,noexec,nosuid,nodev' },
    });
  });

  test('opens each lock on request', () => {
    const container = containerOf(
      synth({
        containerSecurity: {
          readOnlyRootFilesystem: false,
          userId: 1234,
          keepCapabilities: ['SYS_NICE'],
          allowPrivilegeEscalation: true,
        },
      }),
    );
    expect(container).toMatchObject({
      read_only: false,
      user: '1234:1234',
      capabilities: { drop: ['ALL'], add: ['SYS_NICE'] },
    });
    expect(container).not.toHaveProperty('security_opts');
  });

  test('listens on this machine only, at a port that Docker chooses and Terraform reports', () => {
    const synthesized = synthesize(stack => service(stack).addOutputs());
    expect(containerOf(synthesized).ports).toEqual([{ internal: 5001, ip: '127.0.0.1', protocol: 'tcp' }]);
    expect(synthesized.outputs().digits_scoring_uri.value).toMatch(
      /^http:\/\/127\.0\.0\.1:\$\{docker_container\.[^.]+\.ports\[0\]\.external\}\/score$/,
    );
  });

  test('knows its URIs at synth where the port is given', () => {
    synthesize(stack => {
      const local = service(stack, { port: 6789 });
      expect([local.scoringUri, local.swaggerUri, local.healthUri]).toEqual([
        'http://127.0.0.1:6789/score',
        'http://127.0.0.1:6789/swagger.json',
        'http://127.0.0.1:6789/',
      ]);
    });
  });

  test.each([
    ['0.0.0.0', '127.0.0.1'],
    ['192.168.1.5', '192.168.1.5'],
    ['::1', '[::1]'],
  ])('bound to %s is called at %s', (bindAddress, host) => {
    const synthesized = synthesize(stack => {
      expect(service(stack, { bindAddress, port: 80 }).scoringUri).toBe(`http://${host}:80/score`);
    });
    expect(containerOf(synthesized).ports[0].ip).toBe(bindAddress);
  });

  test('makes apply wait until the model is ready, and fail where it is not', () => {
    const container = containerOf(synth());
    expect(container).toMatchObject({ wait: true, wait_timeout: 60 });
    expect(container.healthcheck).toMatchObject({ interval: '5s', timeout: '2s', retries: 3, start_period: '1m0s' });
    expect(container.healthcheck.test.join(' ')).toContain('GET /health/ready');
  });

  test('gives a slow model the time that its probe says', () => {
    const probes = { startup: { failureThreshold: 1900 }, readiness: { periodSeconds: 60 } };
    const container = containerOf(synth({ probes }));
    expect(container.wait_timeout).toBe(3800);
    expect(container.healthcheck).toMatchObject({ start_period: '1h3m20s', interval: '1m0s' });
  });

  test('replaces the container on a change that the provider would report and not apply', () => {
    const settings = (extra: Extra) => label(containerOf(synth(extra)), 'cdktf-model-serving.settings');
    const usual = settings({});
    expect(settings({})).toBe(usual);
    expect(settings({ sizing: Sizing.fixed({ cpu: 0.8, memoryInGB: 0.6 }) })).not.toBe(usual);
    expect(settings({ probes: { liveness: { failureThreshold: 9 } } })).not.toBe(usual);
    expect(settings({ description: 'another' })).toBe(usual);
  });

  test('puts the keys into a volume through a container that never runs', () => {
    const synthesized = synth();
    const keys = synthesized.resource('docker_container', 'Keys');
    const volume = expect.stringMatching(/^\$\{docker_volume\.Digits_KeyVolume_[0-9A-F]+\.name\}$/);
    expect(keys).toMatchObject({ start: false, must_run: false, network_mode: 'none' });
    expect(keys.volumes).toEqual([{ container_path: '/run/secrets/model-serving/keys', volume_name: volume }]);
    expect(keys.upload.map((file: Json) => [file.file, file.content, file.permissions])).toEqual([
      ['/run/secrets/model-serving/keys/primary', '${var.digits_primary_key}', '0444'],
      ['/run/secrets/model-serving/keys/secondary', '${coalesce(var.digits_secondary_key, var.digits_primary_key)}', '0444'],
    ]);
    const container = containerOf(synthesized);
    expect(container.volumes).toEqual([{ ...keys.volumes[0], read_only: true }]);
    expect(container.depends_on).toContainEqual(expect.stringMatching(/^docker_container\.Digits_Keys_/));
  });

  test('shows a key neither in the environment nor in the labels', () => {
    const { env, labels } = containerOf(synth());
    expect(JSON.stringify({ env, labels })).not.toContain('_key');
  });

  test('makes nothing for keys without authentication', () => {
    const synthesized = synth({ auth: Auth.none() });
    expect(Object.keys(synthesized.resources('docker_container'))).toHaveLength(1);
    expect(synthesized.resources('docker_volume')).toEqual({});
    expect(containerOf(synthesized).env).toContain('MODEL_SERVING_AUTH=none');
  });

  test('warns of a service that other machines can use without a key', () => {
    const open = { auth: Auth.none(), bindAddress: '0.0.0.0' };
    expect(synth(open).annotations('warning').join()).toContain('LOCAL_OPEN_TO_ALL');
    expect(synth({ ...open, bindAddress: '127.0.0.1' }).annotations('warning')).toEqual([]);
    expect(synth({ bindAddress: '0.0.0.0' }).annotations('warning')).toEqual([]);
  });

  test('pulls an image that exists by digest, and leaves it behind', () => {
    const synthesized = synth();
    expect(synthesized.resource('docker_image')).toEqual({ name: REFERENCE, keep_locally: true });
    expect(containerOf(synthesized).image).toMatch(/^\$\{docker_image\.Digits_Image_[0-9A-F]+\.image_id\}$/);
  });

  test('runs an image that this engine built without pulling it', () => {
    const synthesized = synthesize(stack => {
      const image = new InferenceImage(stack, 'Image', { models: [someModel(stack)] });
      new LocalWebservice(stack, 'Digits', { image, sizing: SIZE });
    });
    expect(Object.keys(synthesized.resources('docker_image'))).toEqual([expect.stringMatching(/^Image_/)]);
    expect(containerOf(synthesized).image).toMatch(/^\$\{docker_image\.Image_[0-9A-F]+\.image_id\}$/);
  });

  test('can be found by its labels, and carries tags as labels', () => {
    const container = containerOf(synth({ tags: { team: 'vision' }, description: 'reads digits' }));
    expect(label(container, 'cdktf-model-serving.service')).toBe('digits');
    expect(label(container, 'cdktf-model-serving.models')).toBe('digits:1');
    expect(label(container, 'cdktf-model-serving.description')).toBe('reads digits');
    expect(label(container, 'team')).toBe('vision');
  });

  test('stops after the last request has been answered', () => {
    expect(containerOf(synth()).destroy_grace_seconds).toBe(66);
    expect(containerOf(synth({ scoringTimeoutMs: 1000, maxQueueWaitMs: 1000 })).destroy_grace_seconds).toBe(7);
  });

  test('survives a restart of the machine, and bounds its logs', () => {
    expect(containerOf(synth())).toMatchObject({
      restart: 'unless-stopped',
      log_driver: 'json-file',
      log_opts: { 'max-size': '10m', 'max-file': '3' },
    });
  });

  test('passes the provider to everything that it makes', () => {
    const synthesized = synthesize(stack => {
      new DockerProvider(stack, 'docker');
      service(stack, { provider: new DockerProvider(stack, 'other', { alias: 'other' }) });
    });
    const made = ['docker_container', 'docker_volume', 'docker_image'].flatMap(type =>
      Object.values<Json>(synthesized.resources(type)),
    );
    expect(made.map(resource => resource.provider)).toEqual(made.map(() => 'docker.other'));
  });

  test('has the container as its default child', () => {
    synthesize(stack => {
      const { defaultChild } = service(stack).node;
      expect(defaultChild).toBeInstanceOf(Container);
      (defaultChild as Container).addOverride('restart', 'no');
    });
  });

  test('does not collide with a second one', () => {
    const synthesized = synthesize(stack => {
      service(stack, {}, 'Digits');
      service(stack, {}, 'Letters');
    });
    const names = Object.values<Json>(synthesized.resources('docker_container')).map(container => container.name);
    expect(names.sort()).toEqual(['digits', 'digits-keys', 'letters', 'letters-keys']);
  });

  test('reports all faults of its own at once', () => {
    expect(() => synth({ port: 0, bindAddress: 'localhost' })).toThrow(/LOCAL_PORT_INVALID[^]*LOCAL_BIND_ADDRESS_INVALID/);
  });

  test.each([0, 65536, 80.5, -1])('refuses the port %p', port => {
    expect(() => synth({ port })).toThrow(`the port ${port} is not a whole number from 1 to 65535`);
  });

  test('leaves a port that only Terraform knows to it', () => {
    const synthesized = synth(stack => ({ port: new TerraformVariable(stack, 'port', { type: 'number' }).numberValue }));
    expect(containerOf(synthesized).ports[0].external).toBe('${var.port}');
  });
});
