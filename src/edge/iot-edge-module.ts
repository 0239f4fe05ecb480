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
import { Auth } from '../webservice/auth';
import { bindContainerSecurity } from '../webservice/container-security';
import { bindWebservice } from '../webservice/webservice';
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
import {
  EdgeModuleStatus,
  EdgeRestartPolicy,
  EdgeRouteOptions,
  IotEdgeModuleOutputOptions,
  IotEdgeModuleProps,
} from './iot-edge-props';

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
