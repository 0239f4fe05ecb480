import * as fs from 'fs';
import * as path from 'path';
import { TerraformOutput, TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { PushLogin } from '../../src/image/push-login';
import { ImagePlatform } from '../../src/image/image-platform';
import { InferenceConfig } from '../../src/image/inference-config';
import { InferenceImage, InferenceImageProps } from '../../src/image/inference-image';
import { ModelSource } from '../../src/model/model-source';
import { RegisteredModel } from '../../src/model/registered-model';
import { ContainerRegistry } from '../../src/workspace/container-registry';
import { temporaryFolder } from '../support/files';
import { someModel } from '../support/models';
import { synthesize, Synthesized } from '../support/synth';

const DIGEST = 'a'.repeat(64);

function imageOf(stack: TerraformStack, props: Partial<InferenceImageProps> = {}): InferenceImage {
  return new InferenceImage(stack, 'Image', { models: props.models ?? [someModel(stack)], ...props });
}

const synthesizeImage = (props: Partial<InferenceImageProps> = {}) => synthesize(stack => void imageOf(stack, props));

/** The context's folder, found as Terraform finds it. */
const contextOf = (result: Synthesized) => path.join(result.stackdir, result.resource('docker_image').build.context);

const read = (result: Synthesized, file: string) => fs.readFileSync(path.join(contextOf(result), file), 'utf8');

const revisionOf = (props: (stack: TerraformStack) => Partial<InferenceImageProps>) => {
  let revision = '';
  synthesize(stack => void (revision = imageOf(stack, props(stack)).imageRevision));
  return revision;
};

describe('the build context', () => {
  test('holds the model under azureml-models/<name>/<version> and the runtime of one platform only', () => {
    const result = synthesizeImage();
    expect(read(result, 'azureml-models/digits/1/digits.onnx')).toBe('trained');
    const architectures = path.join(contextOf(result), 'node_modules/onnxruntime-node/bin/napi-v6/linux');
    expect(fs.readdirSync(architectures)).toEqual(['x64']);
    expect(fs.existsSync(path.join(contextOf(result), 'server/scoring-server.js'))).toBe(true);
  });

  test('has a Dockerfile that only copies, seldom changed layers first, and runs as a user without rights', () => {
    const lines = read(synthesizeImage(), 'Dockerfile').split('\n');
    expect(lines.filter(line => line.startsWith('COPY')).map(line => (JSON.parse(line.slice(5)) as string[])[0])).toEqual([
      'node_modules',
      'server',
      'azureml-models',
    ]);
    expect(lines.filter(line => /^(RUN|ADD)/.test(line))).toEqual([]);
    expect(lines).toContain('USER 10001:10001');
    expect(lines).toContain('ENV ORT_DISABLE_TELEMETRY="1"');
  });

  test('gives AZUREML_MODEL_DIR the folder of the one model, or the folder of all', () => {
    expect(read(synthesizeImage(), 'Dockerfile')).toContain('ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models/digits/1"');
    const several = synthesize(stack => {
      imageOf(stack, { models: [someModel(stack), someModel(stack, { id: 'Other', name: 'faces', version: 4 })] });
    });
    expect(read(several, 'Dockerfile')).toContain('ENV AZUREML_MODEL_DIR="/var/azureml-app/azureml-models"');
    expect(read(several, 'azureml-models/faces/4/faces.onnx')).toBe('trained');
  });

  test("leaves out what the model folder's .dockerignore excludes", () => {
    const folder = temporaryFolder({ 'm/model.onnx': 'm', 'm/train.log': 'l', 'm/.dockerignore': '*.log' });
    const result = synthesize(stack => {
      imageOf(stack, {
        models: [new RegisteredModel(stack, 'M', { source: ModelSource.fromDirectory(path.join(folder, 'm')) })],
      });
    });
    expect(fs.readdirSync(path.join(contextOf(result), 'azureml-models/m/1'))).toEqual(['model.onnx']);
  });

  test('keeps a value with quotes and dollars as it is', () => {
    const result = synthesizeImage({ inferenceConfig: InferenceConfig.onnx({ environment: { GREETING: 'a "$b" \\c' } }) });
    expect(read(result, 'Dockerfile')).toContain('ENV GREETING="a \\"\\$b\\" \\\\c"');
  });

  test('can be read by the user that the server runs as, whatever the model file allows', () => {
    const folder = temporaryFolder({ 'm.onnx': 'm' });
    fs.chmodSync(path.join(folder, 'm.onnx'), 0o600);
    const result = synthesize(stack => {
      imageOf(stack, {
        models: [new RegisteredModel(stack, 'M', { source: ModelSource.fromFile(path.join(folder, 'm.onnx')) })],
      });
    });
    expect(fs.statSync(path.join(contextOf(result), 'azureml-models/m/1/m.onnx')).mode & 0o777).toBe(0o644);
  });

  test('does not change when the model file is overwritten in place after synth', () => {
    const folder = temporaryFolder({ 'm.onnx': 'before' });
    const result = synthesize(stack => {
      imageOf(stack, {
        models: [new RegisteredModel(stack, 'M', { source: ModelSource.fromFile(path.join(folder, 'm.onnx')) })],
      });
    });
    fs.writeFileSync(path.join(folder, 'm.onnx'), 'after!');
    expect(read(result, 'azureml-models/m/1/m.onnx')).toBe('before');
  });
});

describe('the revision', () => {
  let plain = '';
  beforeAll(() => void (plain = revisionOf(() => ({}))));

  test('is the same for the same content', () => {
    expect(revisionOf(() => ({}))).toBe(plain);
  });

  test.each<[string, (stack: TerraformStack) => Partial<InferenceImageProps>]>([
    ['the model', stack => ({ models: [someModel(stack, { content: 'retrained' })] })],
    ['the model version', stack => ({ models: [someModel(stack, { version: 2 })] })],
    ['the base image', () => ({ inferenceConfig: InferenceConfig.onnx({ baseImage: 'node:26-bookworm-slim' }) })],
    ['an environment variable', () => ({ inferenceConfig: InferenceConfig.onnx({ environment: { A: '1' } }) })],
    ['the platform', () => ({ platform: ImagePlatform.LINUX_ARM64 })],
  ])('changes with %s', (_, props) => {
    expect(revisionOf(props)).not.toBe(plain);
  });

  test('stands in the tag, the context path and the triggers, so that a change always rolls out', () => {
    const image = synthesizeImage().resource('docker_image');
    expect(image.name).toBe(`stack-image:${plain.slice(0, 12)}`);
    expect(image.build.context).toBe(`assets/Image/${plain.slice(0, 32)}`);
    expect(image.triggers).toEqual({ fingerprint: plain });
  });
});

describe('ImageBuild.docker', () => {
  test('builds with the network off, and names the model in a label', () => {
    const { build } = synthesizeImage().resource('docker_image');
    expect(build.network_mode).toBe('none');
    expect(build.platform).toBe('linux/amd64');
    expect(build.label['org.opencontainers.image.title']).toBe('digits:1');
  });

  test('pushes to a registry and refers to the pushed image by digest', () => {
    const result = synthesize(stack => {
      const registry = ContainerRegistry.fromLoginServer(stack, 'Registry', 'contoso.azurecr.io');
      const image = imageOf(stack, { registry, repositoryName: 'models/digits' });
      new TerraformOutput(stack, 'Reference', { value: image.imageReference });
    });
    expect(result.resource('docker_registry_image').keep_remotely).toBe(true);
    expect(result.outputs().Reference.value).toMatch(
      /^contoso\.azurecr\.io\/models\/digits@\$\{docker_registry_image\..*\.sha256_digest\}$/,
    );
  });

  test('signs in to an Azure registry with a token that may write its repository only', () => {
    const result = synthesize(stack => {
      const registry = new ContainerRegistry(stack, 'Registry', {
        registryName: 'contoso1',
        resourceGroupName: 'ml',
        location: 'westeurope',
      });
      imageOf(stack, { registry, repositoryName: 'models/digits' });
    });
    expect(result.resource('azurerm_container_registry_scope_map').actions).toEqual([
      'repositories/models/digits/content/read',
      'repositories/models/digits/content/write',
      'repositories/models/digits/metadata/read',
    ]);
    const { auth_config: login } = result.resource('docker_registry_image');
    expect(login.address).toMatch(/azurerm_container_registry\..*\.login_server/);
    expect(login.password).toMatch(/azurerm_container_registry_token_password\..*\.password1\[0\]\.value/);
  });

  test('leaves the login to the docker provider where that is wanted, and outside Azure', () => {
    const attributes = {
      loginServer: 'contoso.azurecr.io',
      registryId: '/subscriptions/s/resourceGroups/g/providers/P/registries/contoso',
    };
    const loginOf = (props: (stack: TerraformStack) => Partial<InferenceImageProps>) =>
      synthesize(stack => void imageOf(stack, props(stack))).resource('docker_registry_image').auth_config;
    const azure = (stack: TerraformStack) => ContainerRegistry.fromContainerRegistryAttributes(stack, 'Registry', attributes);
    const outside = (stack: TerraformStack) => ContainerRegistry.fromLoginServer(stack, 'Registry', 'localhost:5000');
    const byProvider = ImageBuild.docker({ pushLogin: PushLogin.dockerProvider() });
    expect(loginOf(stack => ({ registry: azure(stack) }))).toBeDefined();
    expect(loginOf(stack => ({ registry: azure(stack), imageBuild: byProvider }))).toBeUndefined();
    expect(loginOf(stack => ({ registry: outside(stack) }))).toBeUndefined();
    const token = ImageBuild.docker({ pushLogin: PushLogin.registryToken() });
    expect(() => loginOf(stack => ({ registry: outside(stack), imageBuild: token }))).toThrow(
      /localhost:5000.*IMAGE_PUSH_TOKEN_OUTSIDE_AZURE/,
    );
  });

  test('stays on this machine without a registry, and says so to who asks for more', () => {
    const result = synthesize(stack => {
      const image = imageOf(stack);
      expect(() => image.imageReference).toThrow(/IMAGE_NOT_PUSHED/);
      new TerraformOutput(stack, 'Id', { value: image._localImageId });
    });
    expect(result.outputs().Id.value).toMatch(/docker_image\..*\.image_id/);
    expect(result.resources('docker_registry_image')).toEqual({});
  });
});

describe('ImageBuild.prebuilt', () => {
  const reference = `contoso.azurecr.io/digits@sha256:${DIGEST}`;

  test('emits nothing and refers to the image as given', () => {
    const result = synthesize(stack => {
      expect(imageOf(stack, { imageBuild: ImageBuild.prebuilt(reference) }).imageReference).toBe(reference);
    });
    expect(result.resources('docker_image')).toEqual({});
    expect(fs.existsSync(path.join(result.stackdir, 'assets'))).toBe(false);
  });

  test('takes a model that was only imported, which a build refuses', () => {
    synthesize(stack => {
      const attributes = { modelName: 'digits', modelVersion: 1, modelDigest: DIGEST };
      const imported = RegisteredModel.fromRegisteredModelAttributes(stack, 'Imported', attributes);
      expect(imageOf(stack, { models: [imported], imageBuild: ImageBuild.prebuilt(reference) }).models).toEqual([imported]);
      const build = () => new InferenceImage(stack, 'Built', { models: [imported] });
      expect(build).toThrow(/IMAGE_MODEL_NOT_ONNX|MODEL_WITHOUT_BYTES/);
    });
  });

  test('leaves a reference that only Terraform knows to Terraform, and refuses a tag', () => {
    synthesize(stack => {
      const variable = new TerraformVariable(stack, 'image', { type: 'string' });
      expect(() => imageOf(stack, { imageBuild: ImageBuild.prebuilt(variable.stringValue) })).not.toThrow();
      const tagged = () => new InferenceImage(stack, 'Tagged', { models: [], imageBuild: ImageBuild.prebuilt('digits:latest') });
      expect(tagged).toThrow(/IMAGE_WITHOUT_MODELS/);
    });
    expect(() => synthesizeImage({ imageBuild: ImageBuild.prebuilt('contoso.azurecr.io/digits:latest') })).toThrow(
      /IMAGE_REFERENCE_NOT_A_DIGEST/,
    );
  });
});

describe('InferenceImage refuses', () => {
  test('no model, a model given twice, and more than 1000', () => {
    expect(() => synthesizeImage({ models: [] })).toThrow(/IMAGE_WITHOUT_MODELS/);
    synthesize(stack => {
      const model = someModel(stack);
      expect(() => imageOf(stack, { models: [model, model] })).toThrow(/IMAGE_DUPLICATE_MODEL/);
      expect(() => new InferenceImage(stack, 'Many', { models: Array<RegisteredModel>(1001).fill(model) })).toThrow(
        /1001 models.*IMAGE_TOO_MANY_MODELS/,
      );
    });
  });

  test('a model that ONNX Runtime cannot serve without code', () => {
    const folder = temporaryFolder({ 'model.pkl': 'pickle' });
    expect(() =>
      synthesize(stack => {
        imageOf(stack, {
          models: [new RegisteredModel(stack, 'M', { source: ModelSource.fromDirectory(folder), modelName: 'm' })],
        });
      }),
    ).toThrow(/model\.pkl.*IMAGE_MODEL_NOT_ONNX/);
  });

  test('a repository name that no registry takes', () => {
    expect(() => synthesizeImage({ repositoryName: 'Digits Model' })).toThrow(/IMAGE_REPOSITORY_INVALID/);
  });
});

test('two images in one stack have their own contexts, tags and repositories', () => {
  const result = synthesize(stack => {
    const models = [someModel(stack)];
    new InferenceImage(stack, 'A', { models });
    new InferenceImage(stack, 'B', { models });
  });
  const images = Object.values(result.resources('docker_image')) as Array<{ name: string; build: { context: string } }>;
  expect(new Set(images.map(image => image.name)).size).toBe(2);
  expect(new Set(images.map(image => image.build.context)).size).toBe(2);
});
