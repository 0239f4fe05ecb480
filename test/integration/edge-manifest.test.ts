import { createHash } from 'crypto';
import { App, TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild, InferenceImage, IotEdgeModule, ModelSource, RegisteredModel, Sizing } from '../../src';
import { JsonObject } from '../../src/edge/json';
import { manifestFaults } from '../../src/edge/manifest-rules';
import { MODEL_FILE } from './support/digits';
import { BASE_IMAGE, baseImage, describeWith, docker, terraform } from './support/requirements';
import { run } from './support/run';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(120_000);

const digest = (letter: string) => `contoso.azurecr.io/digits@sha256:${letter.repeat(64)}`;

/** A module whose image only Terraform knows, and whose values look like Terraform's own language. */
function edgeStack(app: App): TerraformStack {
  const stack = new TerraformStack(app, 'edge');
  const reference = new TerraformVariable(stack, 'image', { type: 'string' }).stringValue;
  const model = new RegisteredModel(stack, 'Model', { source: ModelSource.fromFile(MODEL_FILE), lockFile: 'none.lock.json' });
  const image = new InferenceImage(stack, 'Image', { models: [model], imageBuild: ImageBuild.prebuilt(reference) });
  new IotEdgeModule(stack, 'Digits', {
    image,
    sizing: Sizing.fixed({ cpu: 0.5, memoryInGB: 0.25 }),
    desiredProperties: { text: '${not} %{terraform}' },
    createOptions: { Labels: { long: 'x'.repeat(1000) } },
  }).addOutputs();
  return stack;
}

const settingsOf = (manifest: string): Record<string, string> =>
  (JSON.parse(manifest) as { content: { modulesContent: Record<string, Record<string, { settings: Record<string, string> }>> } })
    .content.modulesContent.$edgeAgent['properties.desired.modules.digits'].settings;

describeWith([terraform({})], 'an edge module, applied', () => {
  let project: TerraformProject;

  beforeAll(() => {
    project = new TerraformProject('edge', { TF_VAR_image: digest('a') });
    project.synth(edgeStack);
    project.apply();
  });

  afterAll(() => project.destroy());

  test('has a manifest without a fault, with the image in it and all other text untouched', () => {
    const manifest = project.output('digits_manifest');
    expect(manifestFaults(JSON.parse(manifest) as JsonObject)).toEqual([]);
    expect(settingsOf(manifest).image).toBe(digest('a'));
    expect(manifest).toContain('${not} %{terraform}');
  });

  test('has an id that is the hash of exactly this text', () => {
    const hash = createHash('sha256')
      .update(`${project.output('digits_manifest')}\n`)
      .digest('hex');
    expect(project.output('digits_deployment_id')).toBe(`digits-${hash.slice(0, 8)}`);
  });

  test('needs no change at the second plan', () => {
    expect(project.plan()).toEqual([]);
  });

  test('gets another id with another image', () => {
    const before = project.output('digits_deployment_id');
    project.set({ TF_VAR_image: digest('b') });
    expect(project.plan()).toContain('update output.digits_deployment_id');
    project.apply();
    expect(project.output('digits_deployment_id')).not.toBe(before);
  });

  describeWith([docker, baseImage], 'its create options', () => {
    /** Creates a container as the edge agent does, by the engine's own call. */
    const create = (): string => {
      const settings = settingsOf(project.output('digits_manifest'));
      const keys = Object.keys(settings).filter(key => key.startsWith('createOptions'));
      const options = JSON.parse(
        keys
          .sort()
          .map(key => settings[key])
          .join(''),
      ) as object;
      const probe =
        'id -u; (touch /x || touch /tmp/x && echo only /tmp) 2>/dev/null; grep -E "CapEff|NoNewPrivs" /proc/self/status';
      const body = JSON.stringify({ ...options, Image: BASE_IMAGE, Entrypoint: ['sh', '-c', probe] });
      const headers = ['--header', 'Content-Type: application/json'];
      const call = ['--silent', '--unix-socket', '/var/run/docker.sock', ...headers, '--data', body];
      return (JSON.parse(run('curl', [...call, 'http://localhost/containers/create'])) as { Id: string }).Id;
    };

    test('make a container with the size and without rights', () => {
      const id = create();
      try {
        const said = run('docker', ['start', '--attach', id]).split('\n');
        expect(said).toEqual(['10001', 'only /tmp', 'CapEff:\t0000000000000000', 'NoNewPrivs:\t1']);
        const limits = '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}}';
        expect(run('docker', ['inspect', '--format', limits, id])).toBe('268435456 268435456 500000000');
      } finally {
        run('docker', ['rm', '--force', id]);
      }
    });
  });
});
