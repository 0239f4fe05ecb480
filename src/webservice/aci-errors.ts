import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

export const aciWithoutPlace = (scope: IConstruct, missing: string) =>
  new ValidationError(scope, 'ACI_PLACE_MISSING', {
    problem: `it is not said in which ${missing} the container group lives`,
    fix: 'give a workspace, or resourceGroupName and location',
  });

export const aciInvalidLabel = (scope: IConstruct, label: string) =>
  new ValidationError(scope, 'ACI_DNS_LABEL_INVALID', {
    problem: `the DNS label "${label}" is not allowed: 5 to 63 lower-case letters, digits and dashes, starting with a letter, not ending with a dash`,
    fix: 'choose another dnsNameLabel, or leave it out to have one generated',
  });

export const aciLabelNotPublic = (scope: IConstruct, addressType: string) =>
  new ValidationError(scope, 'ACI_DNS_LABEL_NOT_PUBLIC', {
    problem: `dnsNameLabel is given, but the address is ${addressType}: Azure gives DNS names to public addresses only`,
    fix: 'leave out dnsNameLabel, or subnetId',
  });

export const aciSubnetNotPrivate = (scope: IConstruct, addressType: string) =>
  new ValidationError(scope, 'ACI_SUBNET_NOT_PRIVATE', {
    problem: `subnetId is given, but the address is ${addressType}: a group in a subnet has a private address only`,
    fix: 'leave out ipAddressType, or set it to AciIpAddressType.PRIVATE',
  });

export const aciPrivateWithoutSubnet = (scope: IConstruct) =>
  new ValidationError(scope, 'ACI_PRIVATE_WITHOUT_SUBNET', {
    problem: 'a private address needs a subnet to be in',
    fix: 'give subnetId: a subnet that is delegated to Microsoft.ContainerInstance/containerGroups',
  });

export const aciNoAddress = (scope: IConstruct) =>
  new ValidationError(scope, 'ACI_NO_ADDRESS', {
    problem: 'the group has no address (AciIpAddressType.NONE), so it has no URI',
    fix: 'choose a public or private address, or do not ask for its URIs',
  });

export const aciInvalidPort = (scope: IConstruct, port: number) =>
  new ValidationError(scope, 'ACI_PORT_INVALID', {
    problem: `the port ${port} is not a whole number from 1 to 65535`,
    fix: 'choose another port, or leave it out for 5001',
  });

export const aciInvalidSlot = (scope: IConstruct, slot: string) =>
  new ValidationError(scope, 'ACI_SLOT_INVALID', {
    problem: `the slot "${slot}" is not allowed: 1 to 10 lower-case letters and digits, starting with a letter`,
    fix: 'call it blue or green',
  });

export const aciTooManyZones = (scope: IConstruct, zones: readonly string[]) =>
  new ValidationError(scope, 'ACI_ZONES_INVALID', {
    problem: `zones are ${zones.join(', ') || 'empty'}, but a container group lives in exactly one`,
    fix: 'give one zone, or leave zones out',
  });

export const aciKeyIncomplete = (scope: IConstruct, given: string, missing: string) =>
  new ValidationError(scope, 'ACI_CUSTOMER_KEY_INCOMPLETE', {
    problem: `${given} is given without ${missing}`,
    fix: 'give both: the key, and a user-assigned identity that may use it',
  });

export const aciKeyUnversioned = (scope: IConstruct, keyId: string) =>
  new ValidationError(scope, 'ACI_CUSTOMER_KEY_UNVERSIONED', {
    problem: `customerManagedKeyId "${keyId}" does not name a version of a Key Vault key`,
    fix: 'use https://<vault>.vault.azure.net/keys/<name>/<version>, which azurerm_key_vault_key exports as id',
  });

export const aciWithoutLogs = (scope: IConstruct) =>
  new ValidationError(scope, 'ACI_LOGS_MISSING', {
    problem: 'sendLogs is on, but the workspace has no Log Analytics workspace with a shared key',
    fix: 'give a workspace with logAnalytics, sharedKey included, or leave sendLogs out',
  });

export const aciRegistryUnreachable = (scope: IConstruct, server: string) =>
  new ValidationError(scope, 'ACI_REGISTRY_UNREACHABLE', {
    problem: `the image is in the registry ${server}, which Azure cannot reach`,
    fix: 'build it into a registry that Azure reaches: give the image the workspace, or its own registry',
  });

/** Text of the warning for a model that v1 did not allow on this target. */
export const aciModelLarge = (model: string, gigabytes: string) =>
  `[ACI_MODEL_LARGE] ${model} has ${gigabytes} GB; Azure ML v1 allowed less than 1 GB on Azure Container Instances, ` +
  'as every start pulls it: prefer AksWebservice';

/** Text of the warning for a service that anybody can call. */
export const aciOpenToAll = (name: string) =>
  `[ACI_OPEN_TO_ALL] ${name} has a public address and asks for no key: anybody may call it; use auth: Auth.keys() or a subnetId`;

/** Text of the warning for keys that travel in clear. */
export const aciKeysInClear = (name: string, what: string) =>
  `[ACI_KEYS_WITHOUT_TLS] callers send the ${what} of ${name} over plain HTTP to a public address; give tls: Tls.fromPem(…), ` +
  'put a gateway with HTTPS before it, or use a subnetId';

/** Text of the warning for a public address without a name. */
export const aciNoName = (name: string) =>
  `[ACI_ADDRESS_WITHOUT_NAME] ${name} has no DNS name, and its address changes whenever the group is replaced`;

/** Text of the warning for an image without a registry construct. */
export const aciPullsAnonymously = (name: string) =>
  `[ACI_PULLS_ANONYMOUSLY] the image of ${name} says no registry, so it is pulled without credentials; give the image its registry`;

/** Text of the warning for metrics that nobody can fetch. */
export const aciMetricsClosed = (name: string, port: number) =>
  `[ACI_METRICS_CLOSED] ${name} has a public address, on which the metrics of port ${port} are not opened, as they ask for no key; use a subnetId`;
