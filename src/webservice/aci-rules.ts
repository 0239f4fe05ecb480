import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isPort } from '../core/ports';
import { ifKnown, isKnown } from '../core/tokens';
import { IRegisteredModel } from '../model/registered-model';
import { checkTags } from '../workspace/tags';
import {
  aciInvalidLabel,
  aciInvalidPort,
  aciInvalidSlot,
  aciKeyIncomplete,
  aciKeysInClear,
  aciKeyUnversioned,
  aciLabelNotPublic,
  aciMetricsClosed,
  aciModelLarge,
  aciNoName,
  aciOpenToAll,
  aciPrivateWithoutSubnet,
  aciPullsAnonymously,
  aciRegistryUnreachable,
  aciSubnetNotPrivate,
  aciTooManyZones,
  aciWithoutLogs,
  aciWithoutPlace,
} from './aci-errors';
import { AciIpAddressType, AciWebserviceProps } from './aci-props';
import { invalidMetricsPort, literalKey } from './errors';
import { BoundWebservice } from './webservice';

/** Azure ML v1 allowed models below this many bytes on Azure Container Instances. */
const LARGE_MODEL = 1024 ** 3;

/** Public unless said otherwise, or unless there is a subnet to be private in. */
export function addressTypeOf(props: AciWebserviceProps): AciIpAddressType {
  return props.ipAddressType ?? (props.subnetId === undefined ? AciIpAddressType.PUBLIC : AciIpAddressType.PRIVATE);
}

/** Resource group and region: the service's own, else the workspace's. */
export function placeOf(scope: IConstruct, props: AciWebserviceProps): { resourceGroupName: string; location: string } {
  const resourceGroupName = props.resourceGroupName ?? props.workspace?.resourceGroupName;
  const location = props.location ?? props.workspace?.location;
  if (resourceGroupName === undefined) throw aciWithoutPlace(scope, 'resource group');
  if (location === undefined) throw aciWithoutPlace(scope, 'region');
  return { resourceGroupName, location };
}

/** Every fault that is this target's own. */
export function checkAci(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  return [
    ...checkPlace(scope, props),
    ...checkAddress(scope, props),
    ...checkNames(scope, props),
    ...checkCustomerKey(scope, props),
    ...checkSecrets(scope, props),
    ...checkRegistry(scope, props),
    ...checkTags(scope, { ...props.properties, ...props.tags, ...(props.description ? { description: props.description } : {}) }),
  ];
}

/** What works, but should be known. */
export function warnings(props: AciWebserviceProps, bound: BoundWebservice): string[] {
  const isPublic = addressTypeOf(props) === AciIpAddressType.PUBLIC;
  const hasName = props.publicDnsName !== false || props.dnsNameLabel !== undefined;
  return [
    ...props.image.models.flatMap(warnOfSize),
    ...(isPublic && bound.auth.mode === 'none' ? [aciOpenToAll(bound.name)] : []),
    ...(isPublic && bound.auth.mode !== 'none' && props.tls === undefined ? [aciKeysInClear(bound.name, secretOf(bound))] : []),
    ...(isPublic && props.metricsPort !== undefined ? [aciMetricsClosed(bound.name, props.metricsPort)] : []),
    ...(isPublic && !hasName ? [aciNoName(bound.name)] : []),
    ...(props.image.registry === undefined ? [aciPullsAnonymously(bound.name)] : []),
  ];
}

const secretOf = ({ auth }: BoundWebservice) => (auth.mode === 'keys' ? 'key' : 'token');

function warnOfSize(model: IRegisteredModel): string[] {
  const bytes = (model._files ?? []).reduce((sum, file) => sum + file.size, 0);
  return bytes < LARGE_MODEL ? [] : [aciModelLarge(model.modelId, (bytes / 1024 ** 3).toFixed(1))];
}

function checkPlace(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  if (props.workspace !== undefined) return [];
  return [
    ...(props.resourceGroupName === undefined ? [aciWithoutPlace(scope, 'resource group')] : []),
    ...(props.location === undefined ? [aciWithoutPlace(scope, 'region')] : []),
  ];
}

function checkAddress(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  const type = addressTypeOf(props);
  const faults: ValidationError[] = [];
  if (type !== AciIpAddressType.PUBLIC && props.dnsNameLabel !== undefined) faults.push(aciLabelNotPublic(scope, type));
  if (type === AciIpAddressType.PRIVATE && props.subnetId === undefined) faults.push(aciPrivateWithoutSubnet(scope));
  if (type !== AciIpAddressType.PRIVATE && props.subnetId !== undefined) faults.push(aciSubnetNotPrivate(scope, type));
  if (props.zones !== undefined && isKnown(props.zones) && props.zones.length !== 1)
    faults.push(aciTooManyZones(scope, props.zones));
  ifKnown(props.port, port => {
    if (!isPort(port)) faults.push(aciInvalidPort(scope, port));
    if (port === props.metricsPort) faults.push(invalidMetricsPort(scope, port));
  });
  return faults;
}

function checkNames(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  const label = ifKnown(props.dnsNameLabel, value =>
    /^[a-z][a-z0-9-]{3,61}[a-z0-9]$/.test(value) ? [] : [aciInvalidLabel(scope, value)],
  );
  const slot = ifKnown(props.slot, value => (/^[a-z][a-z0-9]{0,9}$/.test(value) ? [] : [aciInvalidSlot(scope, value)]));
  return [...(label ?? []), ...(slot ?? [])];
}

function checkCustomerKey(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  const { customerManagedKeyId: key, customerManagedKeyIdentityId: identity } = props;
  if (key === undefined && identity === undefined) return [];
  if (key === undefined) return [aciKeyIncomplete(scope, 'customerManagedKeyIdentityId', 'customerManagedKeyId')];
  if (identity === undefined) return [aciKeyIncomplete(scope, 'customerManagedKeyId', 'customerManagedKeyIdentityId')];
  const isVersioned = /^https:\/\/[a-z0-9.-]+\/keys\/[a-zA-Z0-9-]+\/[a-zA-Z0-9]+\/?$/;
  return ifKnown(key, value => (isVersioned.test(value) ? [] : [aciKeyUnversioned(scope, value)])) ?? [];
}

function checkSecrets(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  const faults: ValidationError[] = [];
  if (props.sendLogs === true && props.workspace?.logAnalytics?.sharedKey === undefined) faults.push(aciWithoutLogs(scope));
  if (props.tls?._keyIsLiteral) faults.push(literalKey(scope, 'the private key of tls'));
  return faults;
}

/** A registry on the machine that synthesizes is a mistake that Azure would report only after minutes. */
function checkRegistry(scope: IConstruct, props: AciWebserviceProps): ValidationError[] {
  const isLocal = (server: string) => /^(localhost|127\.\d+\.\d+\.\d+|host\.docker\.internal)(:\d+)?$/.test(server);
  return (
    ifKnown(props.image.registry?.loginServer, server => (isLocal(server) ? [aciRegistryUnreachable(scope, server)] : [])) ?? []
  );
}
