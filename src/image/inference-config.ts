import { IConstruct } from 'constructs';
import { IRegisteredModel } from '../model/registered-model';
import { modelIsNotOnnx } from './errors';
import { describedBy, packJsonFile } from './inference-json';
import { JavaScriptInferenceOptions, OnnxInferenceOptions, PythonInferenceOptions } from './inference-options';
import { packJavaScript } from './javascript-packing';
import { BoundInferenceConfig, imageEnvironment, NODE_IMAGE, PackRequest } from './packing';
import { packPython } from './python-packing';
import { addOnnxRuntime, addScoringServer, SERVER_COMMAND } from './server-files';

/** How a model answers requests: the runtime, and the code if any. */
export abstract class InferenceConfig {
  /** Serves ONNX models as they are: inputs and outputs come from the model's own signature. */
  public static onnx(options: OnnxInferenceOptions = {}): InferenceConfig {
    return new Packed(options.description, true, request => packOnnx(request, options));
  }

  /**
   * Serves with a Python script, as Azure ML v1 did: `init()` and `run(data)`, `@input_schema`, `@rawhttp`.
   * Models may be of any kind, or none.
   */
  public static python(options: PythonInferenceOptions): InferenceConfig {
    return new Packed(options.description, false, request => packPython(request, options));
  }

  /** Serves with a JavaScript or TypeScript script that has `init()` and `run(input, context)`. Models may be of any kind, or none. */
  public static javascript(options: JavaScriptInferenceOptions): InferenceConfig {
    return new Packed(options.description, false, request => packJavaScript(request, options));
  }

  /**
   * Serves with the Python script that an `inferenceconfig.json` of Azure ML v1 describes, in its flat form or with an `environment`.
   *
   * Throws `INFERENCE_JSON_INVALID`, `INFERENCE_JSON_UNKNOWN_KEYS`, `INFERENCE_JSON_UNSUPPORTED`, `INFERENCE_JSON_CONFLICT`,
   * `INFERENCE_REGISTRY_PASSWORD` when the image is made, and what `InferenceConfig.python` throws.
   *
   * @param file paths in it start at its own folder, or at its `sourceDirectory`
   */
  public static fromJsonFile(file: string): InferenceConfig {
    return new Packed(describedBy(file), false, request => packJsonFile(request, file));
  }

  /** What the config is for. */
  public abstract readonly description?: string;

  /** True where there is nothing to serve without a model. @internal */
  public abstract readonly _needsModels: boolean;

  /** Called once, by the image. @internal */
  public abstract _bind(request: PackRequest): BoundInferenceConfig;
}

class Packed extends InferenceConfig {
  constructor(
    public readonly description: string | undefined,
    public readonly _needsModels: boolean,
    private readonly pack: (request: PackRequest) => BoundInferenceConfig,
  ) {
    super();
  }

  public _bind(request: PackRequest): BoundInferenceConfig {
    return this.pack(request);
  }
}

function packOnnx({ scope, context, models, platform }: PackRequest, options: OnnxInferenceOptions): BoundInferenceConfig {
  for (const model of models) checkIsOnnx(scope, model);
  return {
    baseImage: options.baseImage ?? NODE_IMAGE,
    runtimeSteps: [addOnnxRuntime(scope, context, platform), addScoringServer(scope, context)],
    scriptSteps: [],
    environment: imageEnvironment(scope, options.environment),
    command: SERVER_COMMAND,
    needsNetwork: false,
  };
}

function checkIsOnnx(scope: IConstruct, model: IRegisteredModel): void {
  const files = (model._files ?? []).map(file => file.path);
  const candidates = files.filter(file => file.endsWith('.onnx'));
  if (candidates.length !== 1 && !candidates.includes('model.onnx')) throw modelIsNotOnnx(scope, model.modelId, files);
}
