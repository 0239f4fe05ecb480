import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isKnown } from '../core/tokens';

export const invalidWebserviceName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'WEBSERVICE_NAME_INVALID', {
    problem: `the service name "${name}" is not allowed: 3 to 32 lower-case letters, digits and dashes, starting with a letter, not ending with a dash`,
    fix: 'give another webserviceName (it defaults to the construct id)',
  });

export const notPositive = (scope: IConstruct, what: string, value: number) =>
  new ValidationError(scope, 'SETTING_NOT_POSITIVE', {
    problem: `${what} is ${value}; it must be a whole number from 1`,
    fix: 'give a whole number from 1, or leave it out',
  });

export const timeoutsOutOfOrder = (scope: IConstruct, queueMs: number, scoringMs: number) =>
  new ValidationError(scope, 'TIMEOUTS_OUT_OF_ORDER', {
    problem: `maxQueueWaitMs is ${queueMs}, more than scoringTimeoutMs ${scoringMs}: a request could wait longer than it may run`,
    fix: 'keep maxQueueWaitMs at or below scoringTimeoutMs',
  });

export const reservedVariable = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'ENVIRONMENT_VARIABLE_RESERVED', {
    problem: `environment sets ${name}, which the service sets itself`,
    fix: 'use the prop that stands for it',
  });

export const literalKey = (scope: IConstruct, which: string) =>
  new ValidationError(scope, 'AUTH_LITERAL_KEY', {
    problem: `${which} is a plain string, so the key would stand in the program, in cdk.tf.json and in version control`,
    fix: 'pass a sensitive TerraformVariable or a Key Vault reference, or leave it out: Auth.keys() declares the variables',
  });

export const variableExists = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'VARIABLE_EXISTS', {
    problem: `the stack has a variable ${name} already`,
    fix: 'give the service another construct id, or pass the keys to Auth.keys',
  });

export const invalidProbe = (scope: IConstruct, what: string, value: number, least: number) =>
  new ValidationError(scope, 'PROBE_NUMBER_INVALID', {
    problem: `probes.${what} is ${isKnown(value) ? value : 'known to Terraform only'}; it must be a whole number from ${least}`,
    fix: `give a whole number from ${least}, or leave it out`,
  });

export const invalidCorsOrigin = (scope: IConstruct, origin: string) =>
  new ValidationError(scope, 'CORS_ORIGIN_INVALID', {
    problem: `corsOrigins has "${origin}", which no browser would send as an origin`,
    fix: 'give scheme, host and port if any, without a path or a closing slash, such as https://app.contoso.com; or * for all',
  });

export const invalidMetricsPort = (scope: IConstruct, port: number) =>
  new ValidationError(scope, 'METRICS_PORT_INVALID', {
    problem: `metricsPort is ${port}; it must be a whole number from 1024 to 65535, and not the service's own port`,
    fix: 'give another port, such as 9090, or leave it out',
  });

export const insightsMissing = (scope: IConstruct) =>
  new ValidationError(scope, 'APP_INSIGHTS_MISSING', {
    problem: 'appInsightsEnabled is on, but there is no workspace with Application Insights',
    fix: 'give a workspace that has applicationInsights, or leave appInsightsEnabled out',
  });

export const invalidTenant = (scope: IConstruct, tenantId: string) =>
  new ValidationError(scope, 'AUTH_TENANT_INVALID', {
    problem: `tenantId is "${tenantId}", which is no id of a directory: tokens name it as a GUID`,
    fix: 'give what az account show --query tenantId prints',
  });

export const invalidEntraValue = (scope: IConstruct, what: string, value: string) =>
  new ValidationError(scope, 'AUTH_ENTRA_VALUE_INVALID', {
    problem: `${what} has "${value}": an entry is not empty and has neither commas nor spaces`,
    fix: 'give each value as an entry of its own',
  });

export const emptyEntraList = (scope: IConstruct, what: string) =>
  new ValidationError(scope, 'AUTH_ENTRA_LIST_EMPTY', {
    problem: `${what} is empty, which would let nobody in`,
    fix: 'give at least one entry, or leave it out',
  });

export const entraCloudIncomplete = (scope: IConstruct, given: string, missing: string) =>
  new ValidationError(scope, 'AUTH_ENTRA_CLOUD_INCOMPLETE', {
    problem: `${given} is given without ${missing}`,
    fix: 'give both for a cloud other than the public one, or neither',
  });

/** Without an assignment, any application of a directory gets a token for any audience in it. */
export const anyCallerOfTenant = (name: string) =>
  `[AUTH_ANY_CALLER_OF_TENANT] every application of the tenant may call ${name}; name roles or allowedClients in Auth.entraId, ` +
  'unless the registration of the application requires an assignment';

export const collectionWithoutIdentity = (scope: IConstruct, target: string) =>
  new ValidationError(scope, 'COLLECTION_WITHOUT_IDENTITY', {
    problem: `collectModelData writes with a managed identity, and a service on target "${target}" has none`,
    fix: 'leave it out here; AciWebservice and AksWebservice can collect',
  });

export const collectionWithoutStore = (scope: IConstruct) =>
  new ValidationError(scope, 'COLLECTION_WITHOUT_STORE', {
    problem: 'data is to be collected in the workspace, but there is no workspace whose model store this app makes',
    fix: 'give a Workspace with a model store, or DataCollection.toContainer',
  });

export const invalidContainerUri = (scope: IConstruct, uri: string) =>
  new ValidationError(scope, 'COLLECTION_CONTAINER_INVALID', {
    problem: `"${uri}" is no address of a blob container`,
    fix: 'give https://<account>.blob.core.windows.net/<container>, without a query: a signature in it would be a secret',
  });

export const invalidSampleRate = (scope: IConstruct, rate: number) =>
  new ValidationError(scope, 'COLLECTION_SAMPLE_INVALID', {
    problem: `sampleRate is ${rate}; it must be above 0 and at most 1`,
    fix: 'give the share of requests to keep, such as 0.1 for one in ten',
  });
