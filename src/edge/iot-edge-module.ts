import * as fs from 'fs';
import { Annotations, Fn, TerraformLocal } from 'cdktf';
import { Construct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { assetPath, StackPath } from '../core/assets';
import { throwAll } from '../core/errors';
import { kebabCase, snakeCase } from '../core/names';
import { addOutput } from '../core/outputs';
import { isPort } from '../core/ports';
import { CONTAINER, ENV } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { IInferenceImage } from '../image/inference-image';
import { Sizing } from '../sizing/sizing';
import { Auth } from '../webservice/auth';
import { bindContainerSecurity, ContainerSecurity } from '../webservice/container-security';
import { bindWebservice } from '../webservice/webservice';
import { AccessLog, StatusCodes } from '../webservice/webservice-props';
import { createOptions } from './create-options';
import { IMAGE_PLACEHOLDER, layeredManifest, manifestText, ModuleSpec } from './deployment-manifest';
import {
  createOptionsInvalid,
  deploymentInvalid,
  edgeOpenToNetwork,
  edgeRestartOnUnhealthy,
  ManifestFailure,
  manifestFault,
  valueUnknown,
} from './errors';
import { holdsToken, isToken, JsonObject, mergeDeep } from './json';
import { layerFaults, manifestFaults, moduleNameFaults } from './manifest-rules';
import { readBaseManifest } from './base-manifest';

/** What the edge agent does when the module ends. */
export enum EdgeRestartPolicy {
  /** Starts it again. */
  ALWAYS = 'always',
  /** Starts it again unless it ended well. */
  ON_FAILURE = 'on-failure',
  /** Starts it again when it ends or its health check fails; the edge agent runs no health checks yet. */
  ON_UNHEALTHY = 'on-unhealthy',
  /** Leaves it. */
  NEVER = 'never',
}

/** Whether the edge agent pulls the image. */
export enum EdgeImagePullPolicy {
  /** When the module is created. */
  ON_CREATE = 'on-create',
  /** Never: it must be on the device. */
  NEVER = 'never',
}

/** Whether the module runs. */
export enum EdgeModuleStatus {
  /** It runs. */
  RUNNING = 'running',
  /** It is there, but does not run. */
  STOPPED = 'stopped',
}

/** What a route may say beyond where from and where to; needs edge hub schema 1.1 in the base deployment. */
export interface EdgeRouteOptions {
  /**
   * Which messages go first: 0 before 9.
   * @default - 9
   */
  readonly priority?: number;

  /**
   * Seconds for which undelivered messages are kept.
   * @default - the edge hub's
   */
  readonly timeToLiveSeconds?: number;
}

/** How a model runs on IoT Edge devices. */
export interface IotEdgeModuleProps {
  /** The image to run. Devices pull it by digest. */
  readonly image: IInferenceImage;

  /**
   * Name of the module: 1 to 128 letters, digits, `-` and `_`.
   * @default - the construct's id, in lower case with dashes
   */
  readonly moduleName?: string;

  /**
   * How big the module is; becomes Docker's memory and CPU limits.
   * @default - Azure ML v1's 0.1 cores and 0.5 GB, with a warning
   */
  readonly sizing?: Sizing;

  /**
   * First part of the deployment's id; a hash of the content follows it.
   * @default - the module's name in lower case
   */
  readonly deploymentName?: string;

  /**
   * Which devices get the module, over their twin's tags, such as `tags.environment='prod'`; `*` for all.
   * @default - none: the deployment reaches no device until it is set
   */
  readonly targetCondition?: string;

  /**
   * Which of several deployments wins on a device: the highest number. It must exceed the base deployment's.
   * @default 10
   */
  readonly priority?: number;

  /**
   * Messages in and out of the module, by name, in the edge hub's route language.
   * @default - `<module>ToUpstream`: what comes from output `amlOutput` goes to IoT Hub
   */
  readonly routes?: { [name: string]: string };

  /**
   * Desired properties of the module's twin; any JSON.
   * @default - none
   */
  readonly desiredProperties?: { [name: string]: unknown };

  /**
   * Merged over the create options that follow from size and security, in the words of Docker's create call.
   * @default - none
   */
  readonly createOptions?: { [name: string]: unknown };

  /**
   * Further environment variables that are no secret.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /** @default EdgeRestartPolicy.ALWAYS */
  readonly restartPolicy?: EdgeRestartPolicy;

  /** @default EdgeModuleStatus.RUNNING */
  readonly status?: EdgeModuleStatus;

  /** @default EdgeImagePullPolicy.ON_CREATE, by the edge agent itself */
  readonly imagePullPolicy?: EdgeImagePullPolicy;

  /**
   * Which modules start first: 0 before all others. Needs edge agent schema 1.1 in the base deployment.
   * @default - last
   */
  readonly startupOrder?: number;

  /**
   * Port of the device on which the service answers to programs outside the edge network.
   * @default - none: other modules call `http://<module>:5001/score`
   */
  readonly hostPort?: number;

  /**
   * Address of the device that `hostPort` is opened on; `0.0.0.0` for all.
   * @default 127.0.0.1
   */
  readonly hostAddress?: string;

  /**
   * Folder of the device with the files `primary` and `secondary`; the service then asks for one of these keys. Keys in a
   * manifest would stand in clear in every device's twin.
   * @default - none: whoever reaches the module may call it
   */
  readonly keysHostDirectory?: string;

  /**
   * Milliseconds that one request may take in the model.
   * @default 60000
   */
  readonly scoringTimeoutMs?: number;

  /**
   * Requests that the module scores at a time, each in a process of its own.
   * @default 1
   */
  readonly maxConcurrentRequests?: number;

  /**
   * Milliseconds that a request may wait for its turn; then it is answered with 503.
   * @default 500
   */
  readonly maxQueueWaitMs?: number;

  /**
   * Requests that may wait for their turn; the next one is answered with 429.
   * @default 100
   */
  readonly maxQueuedRequests?: number;

  /**
   * Largest request body, bytes; a larger one is answered with 413.
   * @default 104857600
   */
  readonly maxBodyBytes?: number;

  /**
   * Largest answer, bytes; a larger one is replaced by an error.
   * @default 104857600
   */
  readonly maxResponseBytes?: number;

  /**
   * Waiting requests that one run may score together, where an ONNX model proves that it can; 1 turns batching off.
   * @default 32
   */
  readonly maxBatchSize?: number;

  /**
   * Origins whose pages may call from a browser; `*` for all.
   * @default - none
   */
  readonly corsOrigins?: string[];

  /**
   * Which status a caller sees when a script fails.
   * @default StatusCodes.SERVER
   */
  readonly statusCodes?: StatusCodes;

  /**
   * Which requests are logged; bodies never are.
   * @default AccessLog.ERRORS
   */
  readonly accessLog?: AccessLog;

  /** @default - read-only root, user 10001, no capabilities */
  readonly containerSecurity?: ContainerSecurity;

  /**
   * File of the deployment that the devices run below this one. It is checked by the same rules, and that the two fit.
   * @default - not checked
   */
  readonly baseManifest?: string;
}

/** How a module's outputs are named. */
export interface IotEdgeModuleOutputOptions {
  /**
   * What the outputs' names start with, such as `<prefix>_deployment_id`.
   * @default - the module's name, with underscores
   */
  readonly prefix?: string;
}

/**
 * A model as a module of IoT Edge devices: the layered deployment that adds it, written beside the stack's Terraform.
 *
 * azurerm has no resource for it, and a hub refuses to change the content of a deployment. So this writes and checks the
 * manifest, and gives its final text and an id that changes with it; `az iot edge deployment create --layered` applies it.
 *
 * Throws the `EDGE_…` errors of docs/errors.md, several at a time.
 *
 * @see docs/iot-edge-module.md
 */
export class IotEdgeModule extends Construct {
  /** Input that messages to be scored are sent to, as Azure ML v1 named it. */
  public static readonly INPUT = 'amlInput';
  /** Output that scores come from, as Azure ML v1 named it. */
  public static readonly OUTPUT = 'amlOutput';

  /** Name of the module. */
  public readonly moduleName: string;
  /** Which devices get the module. Empty: none. */
  public readonly targetCondition: string;
  /** Which of several deployments wins on a device. */
  public readonly priority: number;
  /** The manifest's file, relative to the stack's folder. Where the image is built in the stack, it holds `@@IMAGE@@` for it. */
  public readonly manifestFile: string;
  /** Text of the manifest with the image in it, as a Terraform expression. */
  public readonly manifestContent: string;
  /** Id that changes with the content, as a Terraform expression: `<name>-<first 8 of its SHA-256>`. */
  public readonly deploymentId: string;
  private readonly file: StackPath;
  private readonly spec: Omit<ModuleSpec, 'routes'>;
  private readonly routes: Record<string, string | JsonObject>;
  private readonly base?: JsonObject;

  constructor(scope: Construct, id: string, props: IotEdgeModuleProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    this.moduleName = props.moduleName ?? kebabCase(id);
    this.targetCondition = props.targetCondition ?? '';
    this.priority = props.priority ?? 10;
    const deploymentName = props.deploymentName ?? this.moduleName.toLowerCase().slice(0, 119);
    this.refuse([
      ...unknownValues(props),
      ...moduleNameFaults(this.moduleName),
      ...deploymentFaults(props.deploymentName, this.targetCondition, this.priority),
      ...hostFaults(this.moduleName, props),
    ]);
    this.base = props.baseManifest === undefined ? undefined : readBaseManifest(this, props.baseManifest);
    this.spec = this.describe(props);
    this.routes = { ...(props.routes ?? { [`${this.moduleName}ToUpstream`]: this.defaultRoute() }) };
    this.file = assetPath(this, 'deployment.json');
    this.write();

    const text = Fn.file(this.file.relative);
    const { imageReference } = props.image;
    const manifest = new TerraformLocal(
      this,
      'Manifest',
      isKnown(imageReference) ? text : Fn.replace(text, IMAGE_PLACEHOLDER, imageReference),
    );
    this.manifestFile = this.file.relative;
    this.manifestContent = manifest.asString;
    this.deploymentId = `${deploymentName}-${Fn.substr(Fn.sha256(manifest.asString), 0, 8)}`;
    this.node.defaultChild = manifest;
    this.warn(props);
  }

  /**
   * Adds a route to the deployment. Throws `EDGE_ROUTE_INVALID` where the edge hub would refuse it.
   *
   * @param name unique on the device
   * @param route such as `FROM /messages/modules/camera/outputs/frames INTO BrokeredEndpoint("/modules/digits/inputs/amlInput")`
   */
  public addRoute(name: string, route: string, options: EdgeRouteOptions = {}): void {
    if (holdsToken([name, route, options])) this.refuse([valueUnknown(`route ${isToken(name) ? '' : name}`)]);
    const { priority, timeToLiveSeconds: timeToLiveSecs } = options;
    const isPlain = priority === undefined && timeToLiveSecs === undefined;
    this.routes[name] = isPlain ? route : { route, priority, timeToLiveSecs };
    this.write();
  }

  /**
   * Declares outputs: deployment id, manifest, target condition, priority. Nothing is output unless this is called.
   * Throws `OUTPUT_EXISTS` where the stack has one of the names already.
   */
  public addOutputs(options: IotEdgeModuleOutputOptions = {}): void {
    const prefix = snakeCase(options.prefix ?? this.moduleName);
    addOutput(this, 'DeploymentIdOutput', `${prefix}_deployment_id`, this.deploymentId);
    addOutput(this, 'ManifestOutput', `${prefix}_manifest`, this.manifestContent);
    addOutput(this, 'TargetConditionOutput', `${prefix}_target_condition`, this.targetCondition);
    addOutput(this, 'PriorityOutput', `${prefix}_priority`, String(this.priority));
  }

  private describe(props: IotEdgeModuleProps): Omit<ModuleSpec, 'routes'> {
    const { imageReference } = props.image;
    const bound = bindWebservice(this, 'edge', { ...props, webserviceName: 'module', auth: Auth.none() });
    this.refuse(holdsToken(bound.size) ? [valueUnknown('sizing')] : []);
    const keys: Record<string, string> =
      props.keysHostDirectory === undefined ? {} : { [ENV.auth]: 'keys', [ENV.keysDirectory]: CONTAINER.keysDirectory };
    const options = createOptions({
      size: bound.size,
      security: bindContainerSecurity(props.containerSecurity),
      publish: props.hostPort === undefined ? undefined : { address: props.hostAddress ?? '127.0.0.1', port: props.hostPort },
      keysHostDirectory: props.keysHostDirectory,
    });
    return {
      name: this.moduleName,
      image: isKnown(imageReference) ? imageReference : IMAGE_PLACEHOLDER,
      status: props.status ?? EdgeModuleStatus.RUNNING,
      restartPolicy: props.restartPolicy ?? EdgeRestartPolicy.ALWAYS,
      imagePullPolicy: props.imagePullPolicy,
      startupOrder: props.startupOrder,
      environment: { ...bound.environment, ...keys, [ENV.serviceName]: this.moduleName },
      createOptions: mergeDeep(options, props.createOptions ?? {}),
      desiredProperties: props.desiredProperties ?? {},
    };
  }

  private defaultRoute(): string {
    return `FROM /messages/modules/${this.moduleName}/outputs/${IotEdgeModule.OUTPUT} INTO $upstream`;
  }

  /** Checks what is written, not what it was made from. */
  private write(): void {
    const text = manifestText(layeredManifest({ ...this.spec, routes: this.routes }));
    const manifest = JSON.parse(text) as JsonObject;
    this.refuse([...manifestFaults(manifest), ...(this.base === undefined ? [] : layerFaults(manifest, this.base))]);
    fs.writeFileSync(this.file.absolute, text);
  }

  private refuse(faults: readonly ManifestFailure[]): void {
    throwAll(faults.map(fault => manifestFault(this, fault)));
  }

  private warn(props: IotEdgeModuleProps): void {
    const isOpen = props.keysHostDirectory === undefined;
    if (isOpen && props.hostPort !== undefined && !['127.0.0.1', 'localhost', '::1', undefined].includes(props.hostAddress)) {
      Annotations.of(this).addWarning(edgeOpenToNetwork(this.moduleName, props.hostPort));
    }
    if (props.restartPolicy === EdgeRestartPolicy.ON_UNHEALTHY) {
      Annotations.of(this).addWarning(edgeRestartOnUnhealthy());
    }
  }
}

/** All but the image is written to a file at synth. */
function unknownValues(props: IotEdgeModuleProps): ManifestFailure[] {
  const { image: _image, sizing: _sizing, targetCondition: _condition, priority: _priority, ...values } = props;
  return Object.entries(values)
    .filter(([, value]) => holdsToken(value))
    .map(([name]) => valueUnknown(name));
}

function deploymentFaults(name: string | undefined, condition: string, priority: number): ManifestFailure[] {
  const faults: ManifestFailure[] = [];
  if (name !== undefined && !/^[a-z0-9_-]{1,119}$/.test(name)) faults.push(deploymentInvalid(`the deployment name is "${name}"`));
  const isPriority = Number.isInteger(priority) && priority >= 0 && priority <= 2147483647;
  if (isKnown(priority) && !isPriority) faults.push(deploymentInvalid(`the priority is ${priority}`));
  const isCondition = /^\s*(\*|.*\b(deviceId|tags\.|properties\.reported\.).*)\s*$/s.test(condition);
  if (isKnown(condition) && condition !== '' && !isCondition) {
    faults.push(deploymentInvalid(`the target condition ${JSON.stringify(condition)} names neither deviceId nor tags`));
  }
  return faults;
}

function hostFaults(module: string, { hostPort, keysHostDirectory }: IotEdgeModuleProps): ManifestFailure[] {
  const faults: ManifestFailure[] = [];
  if (hostPort !== undefined && !isPort(hostPort)) {
    faults.push(createOptionsInvalid(module, `hostPort is ${hostPort}, not a whole number from 1 to 65535`));
  }
  if (keysHostDirectory !== undefined && !/^\/[^:]*$/.test(keysHostDirectory)) {
    faults.push(
      createOptionsInvalid(
        module,
        `keysHostDirectory is "${keysHostDirectory}", not an absolute path of the device without a colon`,
      ),
    );
  }
  return faults;
}
