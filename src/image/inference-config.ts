import { IConstruct } from 'constructs';
import { ENV } from '../core/server-contract';
import { IRegisteredModel } from '../model/registered-model';
import { BuildContext } from './build-context';
import { Layer } from './dockerfile';
import { modelIsNotOnnx } from './errors';
import { ImagePlatform } from './image-platform';
import { addOnnxRuntime, addScoringServer, SERVER_COMMAND } from './server-files';

/** What a config puts into an image. @internal */
export interface BoundInferenceConfig {
  readonly baseImage: string;
  /** Below the models: packages first, then the server. */
  readonly runtimeLayers: readonly Layer[];
  /** Above the models: the script that the user edits most. */
  readonly scriptLayers: readonly Layer[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** False where every byte is in the context: such a build is run with the network off. */
  readonly needsNetwork: boolean;
}

/** Options that every kind of inference config takes. */
export interface InferenceConfigOptions {
  /**
   * Image to build on: a Debian-like one (glibc 2.28 or newer) with Node.js 24 on its PATH.
   * @default node:24-bookworm-slim
   */
  readonly baseImage?: string;

  /**
   * Environment variables of the container that are no secret: they are readable in the image.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * What the config is for; a label of the image.
   * @default - none
   */
  readonly description?: string;
}

/** Options of `InferenceConfig.onnx`. */
export interface OnnxInferenceOptions extends InferenceConfigOptions {}

/** How a model answers requests: the runtime, and the code if any. */
export abstract class InferenceConfig {
  /** Serves ONNX models as they are: inputs and outputs come from the model's own signature. */
  public static onnx(options: OnnxInferenceOptions = {}): InferenceConfig {
    return new OnnxInferenceConfig(options);
  }

  /** What the config is for. */
  public abstract readonly description?: string;

  /** Called once, by the image. @internal */
  public abstract _bind(
    scope: IConstruct,
    context: BuildContext,
    models: readonly IRegisteredModel[],
    platform: ImagePlatform,
  ): BoundInferenceConfig;
}

class OnnxInferenceConfig extends InferenceConfig {
  public readonly description?: string;

  constructor(private readonly options: OnnxInferenceOptions) {
    super();
    this.description = options.description;
  }

  public _bind(
    scope: IConstruct,
    context: BuildContext,
    models: readonly IRegisteredModel[],
    platform: ImagePlatform,
  ): BoundInferenceConfig {
    for (const model of models) checkIsOnnx(scope, model);
    return {
      baseImage: this.options.baseImage ?? 'node:24-bookworm-slim',
      runtimeLayers: [addOnnxRuntime(scope, context, platform), addScoringServer(scope, context)],
      scriptLayers: [],
      environment: { ...this.options.environment, NODE_ENV: 'production', [ENV.ortDisableTelemetry]: '1' },
      command: SERVER_COMMAND,
      needsNetwork: false,
    };
  }
}

function checkIsOnnx(scope: IConstruct, model: IRegisteredModel): void {
  const files = (model._files ?? []).map(file => file.path);
  const candidates = files.filter(file => file.endsWith('.onnx'));
  if (candidates.length !== 1 && !candidates.includes('model.onnx')) throw modelIsNotOnnx(scope, model.modelId, files);
}
