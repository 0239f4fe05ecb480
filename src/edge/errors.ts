import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

/** What a rule found, before it has a place in the construct tree. */
export class ManifestFailure {
  constructor(
    /** Which rule. */
    public readonly code: string,
    public readonly problem: string,
    public readonly fix: string,
  ) {}
}

export const manifestFault = (scope: IConstruct, fault: ManifestFailure) =>
  new ValidationError(scope, fault.code, { problem: fault.problem, fix: fault.fix });

export const moduleNameInvalid = (name: string) =>
  new ManifestFailure(
    'EDGE_MODULE_NAME_INVALID',
    `the module name "${name}" is not allowed: 1 to 128 letters, digits, - and _, and neither edgeAgent nor edgeHub`,
    'choose another moduleName',
  );

export const moduleInvalid = (module: string, problem: string) =>
  new ManifestFailure(
    'EDGE_MODULE_INVALID',
    `module ${module}: ${problem}`,
    'see the desired properties of the edge agent: type, status, restartPolicy, settings.image, and startupOrder from 0 to 4294967295',
  );

export const environmentInvalid = (module: string, problem: string) =>
  new ManifestFailure(
    'EDGE_ENVIRONMENT_INVALID',
    `module ${module}: ${problem}`,
    'use names without space, +, #, $ and . and values that are text, numbers or booleans',
  );

export const createOptionsInvalid = (module: string, problem: string) =>
  new ManifestFailure(
    'EDGE_CREATE_OPTIONS_INVALID',
    `module ${module}: ${problem}`,
    "give an object as Docker's create call takes it; the edge agent reads at most 100 pieces of 512 characters",
  );

export const routeInvalid = (route: string, problem: string) =>
  new ManifestFailure(
    'EDGE_ROUTE_INVALID',
    `route ${route}: ${problem}`,
    'write it like FROM /messages/modules/camera/outputs/frames INTO BrokeredEndpoint("/modules/digits/inputs/amlInput")',
  );

export const twinPropertyInvalid = (place: string, problem: string) =>
  new ManifestFailure(
    'EDGE_TWIN_PROPERTY_INVALID',
    `${place}: ${problem}`,
    'IoT Hub takes names without space, $ and ., text of up to 4 KB, whole numbers of 53 bits and 10 levels of nesting',
  );

export const twinTooLarge = (module: string, bytes: number, limit: number) =>
  new ManifestFailure(
    'EDGE_TWIN_TOO_LARGE',
    `the desired properties of ${module} take ${bytes} bytes, more than the ${limit} that IoT Hub keeps`,
    'shorten environment, createOptions or desiredProperties; put large data into the image or into blob storage',
  );

export const agentInvalid = (problem: string) =>
  new ManifestFailure(
    'EDGE_AGENT_INVALID',
    `$edgeAgent: ${problem}`,
    'properties.desired has schemaVersion 1.0 or 1.1, runtime of type docker with settings, systemModules and modules, nothing else',
  );

export const credentialsInvalid = (name: string, problem: string) =>
  new ManifestFailure(
    'EDGE_REGISTRY_CREDENTIALS_INVALID',
    `registry credentials "${name}": ${problem}`,
    'give username, password and address, under a name without space, ., $ and #',
  );

export const hubInvalid = (problem: string) =>
  new ManifestFailure(
    'EDGE_HUB_INVALID',
    `$edgeHub: ${problem}`,
    'properties.desired has schemaVersion 1.0, 1.1 or 1.2, routes and storeAndForwardConfiguration.timeToLiveSecs, nothing else',
  );

export const deploymentInvalid = (problem: string) =>
  new ManifestFailure(
    'EDGE_DEPLOYMENT_INVALID',
    problem,
    'deploymentName: lower-case letters, digits, - and _; priority: a whole number from 0; targetCondition: over deviceId, tags or *',
  );

export const manifestShape = (problem: string) =>
  new ManifestFailure(
    'EDGE_MANIFEST_SHAPE',
    `the manifest ${problem}`,
    'it is an object content.modulesContent with $edgeAgent, $edgeHub and the modules by name',
  );

export const baseManifestUnreadable = (file: string, reason: string) =>
  new ManifestFailure(
    'EDGE_BASE_MANIFEST_UNREADABLE',
    `the base manifest ${file} cannot be read: ${reason}`,
    'give the file that the base deployment was created from (az iot edge deployment create --content)',
  );

export const baseConflict = (problem: string) =>
  new ManifestFailure('EDGE_BASE_CONFLICT', problem, 'choose another name, or raise the schema version of the base deployment');

export const valueUnknown = (what: string) =>
  new ManifestFailure(
    'EDGE_VALUE_UNKNOWN_AT_SYNTH',
    `${what} holds a value that only Terraform knows, but the manifest is written and checked at synth`,
    'give plain values; only the image may be a Terraform reference',
  );

/** Text of the warning for a module that a whole network can call. */
export const edgeOpenToNetwork = (module: string, port: number) =>
  `[EDGE_OPEN_TO_NETWORK] ${module} answers on port ${port} of every device to whoever reaches it; ` +
  'give keysHostDirectory, or leave hostAddress out';

/** Text of the warning for a restart policy that does nothing yet. */
export const edgeRestartOnUnhealthy = () =>
  '[EDGE_RESTART_ON_UNHEALTHY] the edge agent accepts on-unhealthy but runs no health checks; use EdgeRestartPolicy.ALWAYS';
