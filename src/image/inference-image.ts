import { ITerraformDependable, TerraformProvider, TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { assetPath } from '../core/assets';
import { throwAll, ValidationError } from '../core/errors';
import { sha256Text } from '../core/fingerprint';
import { kebabCase, pathBelowStack } from '../core/names';
import { CONTAINER, ENV } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { modelWithoutBytes } from '../model/errors';
import { IRegisteredModel } from '../model/registered-model';
import { IContainerRegistry } from '../workspace/container-registry';
import { IWorkspace } from '../workspace/workspace-props';
import { BuildContext } from './build-context';
import { renderDockerfile } from './dockerfile';
import {
  duplicateModel,
  imageNotPushed,
  imageValueUnknown,
  invalidBaseImage,
  invalidRepositoryName,
  MAX_MODELS,
  noModels,
  tooManyModels,
} from './errors';
import { BuiltImage, ImageBuild } from './image-build';
import { ImagePlatform } from './image-platform';
import { InferenceConfig } from './inference-config';

/** An image that scores, as services refer to it. */
export interface IInferenceImage extends IConstruct {
  /** The models inside, in the order given. */
  readonly models: IRegisteredModel[];

  /**
   * `<registry>/<repository>@sha256:…`: what a target outside this machine pulls.
   * Throws `IMAGE_NOT_PUSHED` where the image has no registry.
   */
  readonly imageReference: string;

  /** Changes exactly when the image does, and is known at synth: SHA-256, lower-case hex. */
  readonly imageRevision: string;

  /** Where the image is pulled from. */
  readonly registry?: IContainerRegistry;

  /** Id in the Docker engine of the machine that builds; absent where the image was not built there. @internal */
  readonly _localImageId?: string;

  /** What a service must wait for. @internal */
  readonly _dependencies: ITerraformDependable[];
}

/** What is packed, how, and where it is kept. */
export interface InferenceImageProps {
  /** Models to serve: 1 to 1000; none where a script does without. */
  readonly models: IRegisteredModel[];

  /**
   * How the models answer requests.
   * @default InferenceConfig.onnx()
   */
  readonly inferenceConfig?: InferenceConfig;

  /**
   * How the image comes into being.
   * @default ImageBuild.docker()
   */
  readonly imageBuild?: ImageBuild;

  /**
   * Whose registry keeps the image.
   * @default - none: the image stays in the Docker engine unless `registry` is given
   */
  readonly workspace?: IWorkspace;

  /**
   * The registry that keeps the image.
   * @default - the workspace's
   */
  readonly registry?: IContainerRegistry;

  /**
   * Name in the registry.
   * @default - the stack's and the construct's ids, with dashes
   */
  readonly repositoryName?: string;

  /**
   * What the image runs on.
   * @default ImagePlatform.LINUX_AMD64
   */
  readonly platform?: ImagePlatform;

  /**
   * The docker provider, where it is not the stack's only one.
   * @default - the stack's provider
   */
  readonly provider?: TerraformProvider;
}

/**
 * The container image that scores models: server, ONNX Runtime and models, addressed by what they are.
 *
 * A changed model, script or option gives another image, and so rolls out; an unchanged one never does. An image of ONNX
 * models builds without a network. It listens on port 5001 as Azure ML's images did, and runs as user 10001.
 *
 * @see docs/inference-image.md
 */
export class InferenceImage extends Construct implements IInferenceImage {
  public readonly models: IRegisteredModel[];
  public readonly imageRevision: string;
  public readonly registry?: IContainerRegistry;
  private readonly built: BuiltImage;

  constructor(scope: Construct, id: string, props: InferenceImageProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    const config = props.inferenceConfig ?? InferenceConfig.onnx();
    throwAll(checkModels(this, props.models, config));
    this.models = [...props.models];
    this.registry = props.registry ?? props.workspace?.registry;
    const build = props.imageBuild ?? ImageBuild.docker();
    const platform = props.platform ?? ImagePlatform.LINUX_AMD64;
    const repositoryName = checkRepository(this, props.repositoryName ?? defaultRepository(this));

    const context = new BuildContext();
    const needsNetwork = build._needsContext && this.fill(context, config, platform);
    this.imageRevision = build._needsContext ? context.fingerprint([platform.platform]) : revisionOf(build._reference);
    const folder = build._needsContext ? assetPath(this, this.imageRevision.slice(0, 32)) : { absolute: '', relative: '' };
    if (build._needsContext) context.writeTo(folder.absolute);

    this.built = build._bind(this, {
      context: folder,
      fingerprint: this.imageRevision,
      repositoryName,
      registry: this.registry,
      platform: platform.platform,
      labels: labels(this.models, this.imageRevision, config.description),
      needsNetwork,
      provider: props.provider,
    });
  }

  public get imageReference(): string {
    if (this.built.reference === undefined) throw imageNotPushed(this);
    return this.built.reference;
  }

  /** @internal */
  public get _localImageId(): string | undefined {
    return this.built.localImageId;
  }

  /** @internal */
  public get _dependencies(): ITerraformDependable[] {
    return this.built.dependencies;
  }

  /** Gathers the context; true where its build needs a network. */
  private fill(context: BuildContext, inferenceConfig: InferenceConfig, platform: ImagePlatform): boolean {
    const { models } = this;
    const config = inferenceConfig._bind({ scope: this, context, models, platform });
    for (const model of models) {
      if (model._files === undefined) throw modelWithoutBytes(this, model.modelId);
      context.addFiles(`azureml-models/${modelFolder(model)}`, model._files);
      if (model._sampleInput !== undefined) context.addText(`samples/${modelFolder(model)}.json`, model._sampleInput);
    }
    const modelLayers = models.length === 0 ? [] : [{ from: 'azureml-models', to: CONTAINER.modelRoot }];
    const hasSamples = models.some(({ _sampleInput }) => _sampleInput !== undefined);
    const sampleLayers = hasSamples ? [{ from: 'samples', to: CONTAINER.samplesDirectory }] : [];
    for (const image of [config.baseImage, ...Object.values(config.stages ?? {})]) {
      if (isKnown(image) && !/^\S+$/.test(image)) throw invalidBaseImage(this, image);
    }
    const dockerfile = renderDockerfile({
      baseImage: config.baseImage,
      stages: config.stages,
      steps: [...config.runtimeSteps, ...modelLayers, ...sampleLayers, ...config.scriptSteps],
      environment: {
        HOME: CONTAINER.scratch,
        ...config.environment,
        [ENV.host]: '0.0.0.0',
        [ENV.port]: String(CONTAINER.port),
        ...(models.length === 0 ? {} : { [ENV.modelDir]: modelDirectory(models) }),
        ...(hasSamples ? { [ENV.samplesDirectory]: CONTAINER.samplesDirectory } : {}),
      },
      command: config.command,
    });
    if (!isKnown(dockerfile)) throw imageValueUnknown(this);
    context.addText('Dockerfile', dockerfile);
    return config.needsNetwork;
  }
}

/** A reference that only Terraform knows cannot be told apart at synth: its own digest then says what changed. */
const revisionOf = (reference = '') => sha256Text(isKnown(reference) ? reference : '');

/** `AZUREML_MODEL_DIR` as Azure ML v1 set it: one model's own folder, or the folder that holds them all. */
function modelDirectory(models: readonly IRegisteredModel[]): string {
  return models.length === 1 ? `${CONTAINER.modelRoot}/${modelFolder(models[0])}` : CONTAINER.modelRoot;
}

const modelFolder = (model: IRegisteredModel) => `${model.modelName}/${model.modelVersion}`;

function checkModels(scope: IConstruct, models: readonly IRegisteredModel[], config: InferenceConfig): ValidationError[] {
  if (models.length === 0) return config._needsModels ? [noModels(scope)] : [];
  if (models.length > MAX_MODELS) return [tooManyModels(scope, models.length)];
  const ids = models.map(model => model.modelId);
  const twice = new Set(ids.filter((id, index) => ids.indexOf(id) !== index));
  return [...twice].map(id => duplicateModel(scope, id));
}

function defaultRepository(scope: IConstruct): string {
  return kebabCase([TerraformStack.of(scope).node.id, ...pathBelowStack(scope)].join('-'));
}

function checkRepository(scope: IConstruct, name: string): string {
  const legal = /^[a-z0-9]+(?:(?:[._-]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._-]|__|-+)[a-z0-9]+)*)*$/;
  if (isKnown(name) && (name.length > 200 || !legal.test(name))) throw invalidRepositoryName(scope, name);
  return name;
}

/** Labels say what is inside without pulling it; the names of the first three are OCI's. */
function labels(models: readonly IRegisteredModel[], revision: string, description?: string): Record<string, string> {
  return {
    ...(models.length === 0 ? {} : { 'org.opencontainers.image.title': titleOf(models) }),
    'org.opencontainers.image.revision': revision,
    ...(description === undefined ? {} : { 'org.opencontainers.image.description': description }),
    ...(models.length === 1 ? { 'cdktf-model-serving.model.sha256': models[0].modelDigest } : {}),
  };
}

const titleOf = (models: readonly IRegisteredModel[]) =>
  models
    .map(model => model.modelId)
    .join(' ')
    .slice(0, 1024);
