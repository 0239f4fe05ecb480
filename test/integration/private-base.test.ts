import * as path from 'path';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformOutput, TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild, InferenceConfig, InferenceImage } from '../../src';
import { temporaryFile } from '../support/files';
import { PrivateRegistry } from './support/private-registry';
import { BASE_IMAGE, baseImage, describeWith, docker, terraform } from './support/requirements';
import { attempt, run } from './support/run';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(300_000);

const PROVIDERS = { docker: { source: 'kreuzwerker/docker', version: '3.6.2' } };
const REPOSITORY = 'scoring/base';

describeWith(
  [docker, baseImage, PrivateRegistry.isInstalled, terraform(PROVIDERS)],
  'a base image of a registry that asks for a login',
  () => {
    let registry: PrivateRegistry;
    let name: string;
    let project: TerraformProject;

    const declare = () =>
      project.synth(app => {
        const stack = new TerraformStack(app, 'private');
        const password = new TerraformVariable(stack, 'password', { type: 'string', sensitive: true }).stringValue;
        new DockerProvider(stack, 'docker', {
          registryAuth: [{ address: registry.host, username: registry.username, password }],
        });
        const inferenceConfig = InferenceConfig.javascript({
          entryScript: temporaryFile('score.js', 'exports.run = input => input;'),
          onnxRuntime: false,
          baseImage: `${REPOSITORY}:7`,
          baseImageRegistry: registry.host,
        });
        const image = new InferenceImage(stack, 'Image', { models: [], inferenceConfig, imageBuild: ImageBuild.docker() });
        new TerraformOutput(stack, 'image', { value: image._localImageId });
        return stack;
      });

    beforeAll(async () => {
      registry = await PrivateRegistry.start();
      name = `${registry.host}/${REPOSITORY}:7`;
      registry.push(BASE_IMAGE, name);
      run('docker', ['rmi', name]);
      project = new TerraformProject('private', { DOCKER_CONFIG: path.join(registry.folder, 'nobody') });
      declare();
    });

    afterAll(async () => {
      project?.destroy();
      attempt('docker', ['rmi', name]);
      await registry?.stop();
    });

    test('is not pulled with a wrong password', () => {
      project.set({ TF_VAR_password: 'wrong' });
      expect(() => project.apply()).toThrow(/pulling image|401|unauthorized|no basic auth/i);
      expect(attempt('docker', ['image', 'inspect', name]).status).not.toBe(0);
    });

    test("is pulled with the docker provider's login, and built upon", () => {
      project.set({ TF_VAR_password: registry.password });
      project.apply();
      const layers = (image: string) =>
        JSON.parse(run('docker', ['inspect', '--format', '{{json .RootFS.Layers}}', image])) as string[];
      const base = layers(BASE_IMAGE);
      expect(layers(project.output('image')).slice(0, base.length)).toEqual(base);
      expect(project.plan()).toEqual([]);
    });

    test('leaves no login in the image', () => {
      const image = project.output('image');
      const history = run('docker', ['history', '--no-trunc', image]) + run('docker', ['inspect', image]);
      for (const secret of [registry.username, registry.password]) expect(history).not.toContain(secret);
    });

    test('stays in the engine when the image is destroyed, as others may build on it', () => {
      project.destroy();
      expect(attempt('docker', ['image', 'inspect', name]).status).toBe(0);
    });
  },
);
