import {
  ContainerGroup,
  ContainerGroupContainer,
  ContainerGroupContainerLivenessProbe,
  ContainerGroupContainerVolume,
} from '@cdktf/provider-azurerm/lib/container-group';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { Annotations, Fn } from 'cdktf';
import { Construct } from 'constructs';
import { dependablesWithin } from '../core/dependencies';
import { throwAll } from '../core/errors';
import { CONTAINER, ENV } from '../core/server-contract';
import { PullIdentity } from '../workspace/workspace-props';
import { aciNoAddress } from './aci-errors';
import { AciNames, aciNames } from './aci-names';
import { AciIpAddressType, AciWebserviceAttributes, AciWebserviceProps } from './aci-props';
import { addressTypeOf, checkAci, placeOf, warnings } from './aci-rules';
import { DataIdentity, dataIdentity } from './data-identity';
import { keyFiles } from './key-files';
import { BoundProbe, bindProbes } from './probe';
import { Tls } from './tls';
import { BoundWebservice, bindWebservice, IWebservice, mergedTags, WebserviceBase } from './webservice';

/**
 * A model as a web service on Azure Container Instances: one container, no cluster, for development and light load.
 *
 * Follows Azure ML v1's `AciWebservice`, with these differences: a key is asked for unless `auth` says otherwise (v1: open),
 * the keys are files in the container and not environment variables, the image is pulled by a managed identity, and the
 * service listens on port 5001 instead of 80.
 *
 * Azure cannot change a container group: any change of image, size, keys or settings deletes it and makes it anew. The DNS
 * name stays, and does not answer for about a minute. There is one replica; for more, use `AksWebservice`.
 *
 * Throws `ACI_PLACE_MISSING`, `ACI_DNS_LABEL_INVALID`, `ACI_DNS_LABEL_NOT_PUBLIC`, `ACI_SUBNET_NOT_PRIVATE`,
 * `ACI_PRIVATE_WITHOUT_SUBNET`, `ACI_PORT_INVALID`, `ACI_SLOT_INVALID`, `ACI_ZONES_INVALID`, `ACI_CUSTOMER_KEY_INCOMPLETE`,
 * `ACI_CUSTOMER_KEY_UNVERSIONED`, `ACI_LOGS_MISSING`, `ACI_REGISTRY_UNREACHABLE`, `TAGS_INVALID`, and what all services throw.
 *
 * @see docs/aci-webservice.md
 */
export class AciWebservice extends WebserviceBase {
  /** Brings in a service that was deployed elsewhere; looks nothing up. */
  public static fromAciWebserviceAttributes(scope: Construct, id: string, attributes: AciWebserviceAttributes): IWebservice {
    return new ImportedAciWebservice(scope, id, attributes);
  }

  public readonly webserviceName: string;
  /** Name of the container group: service, slot and a hash. */
  public readonly containerGroupName: string;
  /** Azure resource id of the container group. */
  public readonly containerGroupId: string;
  private readonly group: ContainerGroup;
  private readonly addressType: AciIpAddressType;
  private readonly hasLabel: boolean;
  private readonly port: number;
  private readonly tls?: Tls;

  constructor(scope: Construct, id: string, props: AciWebserviceProps) {
    super(scope, id);
    throwAll(checkAci(this, props));
    const bound = bindWebservice(this, 'aci', props);
    const names = aciNames(this, bound, props);
    this.webserviceName = bound.name;
    this.addressType = addressTypeOf(props);
    this.hasLabel = names.label !== undefined;
    this.port = props.port ?? CONTAINER.port;
    this.tls = props.tls;

    this.group = this.createGroup(props, bound, names);
    this.containerGroupName = this.group.name;
    this.containerGroupId = this.group.id;
    this.node.defaultChild = this.group;
    for (const warning of warnings(props, bound)) Annotations.of(this).addWarning(warning);
  }

  public get scoringUri(): string {
    return `${this._baseUri}/score`;
  }

  /** @internal */
  protected get _baseUri(): string {
    if (this.addressType === AciIpAddressType.NONE) throw aciNoAddress(this);
    const host = this.tls?.hostName ?? (this.hasLabel ? this.group.fqdn : this.group.ipAddress);
    return `${this.tls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  private createGroup(props: AciWebserviceProps, bound: BoundWebservice, names: AciNames): ContainerGroup {
    const { registry } = props.image;
    const identity = registry?.registryId === undefined ? undefined : this.pullIdentity(props, names, bound);
    const data = bound.collection && dataIdentity(this, { ...placeOf(this, props), name: names.dataIdentity, props, bound });
    const identities = [identity?.identityId, data?.identityId, props.customerManagedKeyIdentityId].filter(
      value => value !== undefined,
    );
    return new ContainerGroup(this, 'Resource', {
      ...placeOf(this, props),
      name: names.group,
      osType: 'Linux',
      restartPolicy: props.restartPolicy,
      ipAddressType: this.addressType,
      dnsNameLabel: names.label,
      dnsNameLabelReusePolicy: names.label && (props.dnsNameLabelReusePolicy ?? 'ResourceGroupReuse'),
      subnetIds: props.subnetId === undefined ? undefined : [props.subnetId],
      zones: props.zones,
      identity: identities.length === 0 ? undefined : { type: 'UserAssigned', identityIds: [...new Set(identities)] },
      imageRegistryCredential:
        registry && identity ? [{ server: registry.loginServer, userAssignedIdentityId: identity.identityId }] : undefined,
      keyVaultKeyId: props.customerManagedKeyId,
      keyVaultUserAssignedIdentityId: props.customerManagedKeyIdentityId,
      diagnostics: diagnostics(props),
      container: [this.container(props, bound, data)],
      tags: tagsOf(props, bound),
      provider: props.provider,
      dependsOn: dependablesWithin(this, [
        ...props.image._dependencies,
        ...(identity?.readyAfter ?? []),
        ...(data?.readyAfter ?? []),
      ]),
    });
  }

  private container(props: AciWebserviceProps, bound: BoundWebservice, data?: DataIdentity): ContainerGroupContainer {
    const { size } = bound;
    const probes = bindProbes(props.probes);
    // no startup probe here, so the liveness probe itself waits as long as a model may take to load
    const loading = probes.startup.initialDelaySeconds + probes.startup.periodSeconds * probes.startup.failureThreshold;
    const liveness = { ...probes.liveness, initialDelaySeconds: props.probes?.liveness?.initialDelaySeconds ?? loading };
    return {
      name: bound.name,
      image: props.image.imageReference,
      cpu: size.cpu,
      memory: size.memoryInGB,
      cpuLimit: size.cpuLimit === size.cpu ? undefined : size.cpuLimit,
      memoryLimit: size.memoryInGBLimit === size.memoryInGB ? undefined : size.memoryInGBLimit,
      ports: this.openPorts(props).map(port => ({ port, protocol: 'TCP' })),
      environmentVariables: { ...this.environment(bound), ...data?.environment },
      secureEnvironmentVariables: Object.keys(bound.secretEnvironment).length === 0 ? undefined : bound.secretEnvironment,
      livenessProbe: this.probe(liveness),
      readinessProbe: this.probe(probes.readiness),
      volume: this.volumes(bound),
    };
  }

  /** Metrics ask for no key, so they are not for everybody. */
  private openPorts({ metricsPort }: AciWebserviceProps): number[] {
    return metricsPort === undefined || this.addressType === AciIpAddressType.PUBLIC ? [this.port] : [this.port, metricsPort];
  }

  private environment(bound: BoundWebservice): Record<string, string> {
    return {
      ...bound.environment,
      ...(bound.auth.mode === 'keys' ? { [ENV.keysDirectory]: CONTAINER.keysDirectory } : {}),
      ...(this.tls ? { [ENV.tlsDirectory]: CONTAINER.tlsDirectory } : {}),
      ...(this.port === CONTAINER.port ? {} : { [ENV.port]: String(this.port) }),
    };
  }

  /** Secret volumes are files in memory: unlike environment variables they show up in no description of the container. */
  private volumes(bound: BoundWebservice): ContainerGroupContainerVolume[] | undefined {
    const secrets = (name: string, mountPath: string, files: Record<string, string>) => ({
      name,
      mountPath,
      readOnly: true,
      secret: Object.fromEntries(Object.entries(files).map(([file, content]) => [file, Fn.base64encode(content)])),
    });
    const pem = this.tls?._pem;
    const volumes: ContainerGroupContainerVolume[] = [];
    if (bound.auth.mode === 'keys') volumes.push(secrets('keys', CONTAINER.keysDirectory, keyFiles(bound.auth)));
    if (pem !== undefined) {
      volumes.push(secrets('tls', CONTAINER.tlsDirectory, { 'tls.crt': pem.certificate, 'tls.key': pem.privateKey }));
    }
    return volumes.length === 0 ? undefined : volumes;
  }

  private probe(probe: BoundProbe): ContainerGroupContainerLivenessProbe {
    const { path, ...timing } = probe;
    return { ...timing, httpGet: [{ path, port: this.port, scheme: this.tls ? 'https' : 'http' }] };
  }

  /** The workspace's identity, else one of its own that may do nothing but pull. */
  private pullIdentity(props: AciWebserviceProps, names: AciNames, bound: BoundWebservice): PullIdentity {
    const shared = props.workspace?.pullIdentity;
    if (shared !== undefined) return shared;
    const identity = new UserAssignedIdentity(this, 'Identity', {
      ...placeOf(this, props),
      name: names.identity,
      tags: bound.tags,
      provider: props.provider,
    });
    const grants = props.image.registry?.grantPull(this, identity.principalId) ?? [];
    return { identityId: identity.id, principalId: identity.principalId, clientId: identity.clientId, readyAfter: grants };
  }
}

class ImportedAciWebservice extends WebserviceBase {
  public readonly webserviceName: string;
  public readonly scoringUri: string;
  /** @internal */
  protected readonly _baseUri: string;

  constructor(scope: Construct, id: string, attributes: AciWebserviceAttributes) {
    super(scope, id);
    this.webserviceName = attributes.webserviceName;
    this._baseUri = `${attributes.https ? 'https' : 'http'}://${attributes.hostName}:${attributes.port ?? CONTAINER.port}`;
    this.scoringUri = `${this._baseUri}/score`;
  }
}

function diagnostics(props: AciWebserviceProps) {
  const logs = props.sendLogs === true ? props.workspace?.logAnalytics : undefined;
  if (logs?.sharedKey === undefined) return undefined;
  return { logAnalytics: { workspaceId: logs.customerId, workspaceKey: logs.sharedKey, logType: 'ContainerInstanceLogs' } };
}

/** Azure has no place for a description, so it is a tag, as v1's properties are. */
function tagsOf(props: AciWebserviceProps, bound: BoundWebservice): { [name: string]: string } | undefined {
  const description = props.description === undefined ? undefined : { description: props.description };
  return mergedTags(props.properties, description, bound.tags);
}
