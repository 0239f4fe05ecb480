import { ContainerRegistry as AzurermContainerRegistry } from '@cdktf/provider-azurerm/lib/container-registry';
import { DataAzurermContainerRegistry } from '@cdktf/provider-azurerm/lib/data-azurerm-container-registry';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { ITerraformDependable, TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { ifKnown } from '../core/tokens';
import { invalidLoginServer, invalidRegistryName, registryNeedsPremium } from './errors';
import { RegistryCredentials, repositoryToken } from './registry-token';
import { checkTags } from './tags';

/** Where images are pushed to and pulled from. */
export interface IContainerRegistry extends IConstruct {
  /** Host name of the registry, such as `contoso.azurecr.io`. */
  readonly loginServer: string;

  /** Azure resource id; absent for a registry outside Azure. */
  readonly registryId?: string;

  /**
   * Lets a principal pull images: role `AcrPull`, nothing more. Does nothing for a registry outside Azure.
   *
   * @param scope the consumer; the grant becomes its child `PullGrant`
   * @param principalId object id (not client id) of the identity that pulls
   * @returns what the consumer must wait for before it pulls
   */
  grantPull(scope: Construct, principalId: string): ITerraformDependable[];

  /** Makes a login that may push one repository; undefined for a registry outside Azure. @internal */
  _pushCredentials?(scope: Construct, repositoryName: string): RegistryCredentials | undefined;
}

/** What a registry costs and can do. */
export enum RegistrySku {
  /** 10 GiB, the cheapest. */
  BASIC = 'Basic',
  /** 100 GiB and more throughput. */
  STANDARD = 'Standard',
  /** 500 GiB, private endpoints, zones. */
  PREMIUM = 'Premium',
}

/** How an Azure container registry is made. */
export interface ContainerRegistryProps {
  /** Unique in all of Azure: 5 to 50 letters and digits. */
  readonly registryName: string;
  /** Resource group that exists already, or a reference to one. */
  readonly resourceGroupName: string;
  /** Azure region, such as `westeurope`. */
  readonly location: string;
  /** @default RegistrySku.BASIC */
  readonly sku?: RegistrySku;
  /**
   * Answers on the internet. Off needs Premium, and a private endpoint that you make.
   * @default true
   */
  readonly publicNetworkAccess?: boolean;
  /**
   * Keeps copies in several zones of the region; needs Premium.
   * @default false
   */
  readonly zoneRedundancy?: boolean;
  /** @default - none */
  readonly tags?: { [name: string]: string };
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** A registry that exists, by what is known of it. */
export interface ContainerRegistryAttributes {
  /** Host name, such as `contoso.azurecr.io`. */
  readonly loginServer: string;
  /** Azure resource id; leave it out for a registry outside Azure. */
  readonly registryId?: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** Where to look a registry up. */
export interface ContainerRegistryLookup {
  /** Name of the registry, without a domain. */
  readonly registryName: string;
  /** Resource group that holds it. */
  readonly resourceGroupName: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

abstract class ContainerRegistryBase extends Construct implements IContainerRegistry {
  public abstract readonly loginServer: string;
  public abstract readonly registryId?: string;
  /** @internal */
  protected abstract readonly _provider?: TerraformProvider;

  public grantPull(scope: Construct, principalId: string): ITerraformDependable[] {
    if (this.registryId === undefined) return [];
    const grant = new RoleAssignment(scope, 'PullGrant', {
      scope: this.registryId,
      roleDefinitionName: 'AcrPull',
      principalId,
      principalType: 'ServicePrincipal',
      // a new identity is not everywhere in the directory yet; the type above makes the look-up needless
      skipServicePrincipalAadCheck: true,
      provider: this._provider,
    });
    return [grant];
  }

  /** @internal */
  public _pushCredentials(scope: Construct, repositoryName: string): RegistryCredentials | undefined {
    if (this.registryId === undefined) return undefined;
    return repositoryToken(scope, this.registryId, repositoryName, this._provider);
  }
}

/**
 * An Azure container registry without an admin user and without anonymous pulls.
 *
 * Throws `REGISTRY_NAME_INVALID`, `REGISTRY_NEEDS_PREMIUM`, `TAGS_INVALID`.
 *
 * @see docs/workspace.md
 */
export class ContainerRegistry extends ContainerRegistryBase {
  /** Brings in a registry by its attributes; looks nothing up. */
  public static fromContainerRegistryAttributes(
    scope: Construct,
    id: string,
    attributes: ContainerRegistryAttributes,
  ): IContainerRegistry {
    return new ImportedContainerRegistry(scope, id, attributes);
  }

  /**
   * Brings in a registry outside Azure, to which Terraform's Docker provider is logged in (or that needs no login).
   *
   * @param loginServer host name with an optional port, such as `localhost:5000`. Throws `REGISTRY_LOGIN_SERVER_INVALID`.
   */
  public static fromLoginServer(scope: Construct, id: string, loginServer: string): IContainerRegistry {
    return new ImportedContainerRegistry(scope, id, { loginServer });
  }

  /** Brings in an Azure registry by its name; Terraform looks it up at plan. */
  public static fromContainerRegistryName(scope: Construct, id: string, lookup: ContainerRegistryLookup): IContainerRegistry {
    return new LookedUpContainerRegistry(scope, id, lookup);
  }

  public readonly loginServer: string;
  public readonly registryId?: string;
  /** Name of the registry, without a domain. */
  public readonly registryName: string;
  /** @internal */
  protected readonly _provider?: TerraformProvider;

  constructor(scope: Construct, id: string, props: ContainerRegistryProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    throwAll(checkRegistry(this, props));
    const sku = props.sku ?? RegistrySku.BASIC;
    const resource = new AzurermContainerRegistry(this, 'Resource', {
      name: props.registryName,
      resourceGroupName: props.resourceGroupName,
      location: props.location,
      sku,
      adminEnabled: false,
      anonymousPullEnabled: false,
      publicNetworkAccessEnabled: props.publicNetworkAccess ?? true,
      zoneRedundancyEnabled: props.zoneRedundancy,
      tags: props.tags,
      provider: props.provider,
    });
    this._provider = props.provider;
    this.registryName = props.registryName;
    this.registryId = resource.id;
    this.loginServer = resource.loginServer;
    this.node.defaultChild = resource;
  }
}

class ImportedContainerRegistry extends ContainerRegistryBase {
  public readonly loginServer: string;
  public readonly registryId?: string;
  /** @internal */
  protected readonly _provider?: TerraformProvider;

  constructor(scope: Construct, id: string, attributes: ContainerRegistryAttributes) {
    super(scope, id);
    const fault = ifKnown(attributes.loginServer, server => (isHost(server) ? undefined : invalidLoginServer(this, server)));
    if (fault) throw fault;
    this.loginServer = attributes.loginServer;
    this.registryId = attributes.registryId;
    this._provider = attributes.provider;
  }
}

class LookedUpContainerRegistry extends ContainerRegistryBase {
  public readonly loginServer: string;
  public readonly registryId?: string;
  /** @internal */
  protected readonly _provider?: TerraformProvider;

  constructor(scope: Construct, id: string, lookup: ContainerRegistryLookup) {
    super(scope, id);
    throwAll(checkName(this, lookup.registryName));
    const found = new DataAzurermContainerRegistry(this, 'Resource', {
      name: lookup.registryName,
      resourceGroupName: lookup.resourceGroupName,
      provider: lookup.provider,
    });
    this._provider = lookup.provider;
    this.loginServer = found.loginServer;
    this.registryId = found.id;
    this.node.defaultChild = found;
  }
}

function checkRegistry(scope: IConstruct, props: ContainerRegistryProps): ValidationError[] {
  const faults = [...checkName(scope, props.registryName), ...checkTags(scope, props.tags)];
  const sku = props.sku ?? RegistrySku.BASIC;
  if (sku === RegistrySku.PREMIUM) return faults;
  if (props.publicNetworkAccess === false) faults.push(registryNeedsPremium(scope, 'publicNetworkAccess: false', sku));
  if (props.zoneRedundancy === true) faults.push(registryNeedsPremium(scope, 'zoneRedundancy', sku));
  return faults;
}

function checkName(scope: IConstruct, name: string): ValidationError[] {
  return ifKnown(name, known => (/^[a-zA-Z0-9]{5,50}$/.test(known) ? [] : [invalidRegistryName(scope, known)])) ?? [];
}

function isHost(server: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(server);
}
