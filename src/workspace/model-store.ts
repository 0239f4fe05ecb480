import type { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { StorageAccount } from '@cdktf/provider-azurerm/lib/storage-account';
import { StorageContainer } from '@cdktf/provider-azurerm/lib/storage-container';
import { Annotations, Aspects, ITerraformDependable, TerraformProvider, TerraformStack } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { dependablesWithin } from '../core/dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { ifKnown } from '../core/tokens';
import { invalidContainerName, invalidRetention, invalidStorageAccountName, modelStoreWantsEntra } from './errors';
import { ModelContent, uploadModel } from './model-upload';
import { checkTags } from './tags';

/** Blob storage that keeps registered models. */
export interface IModelStore extends IConstruct {
  /** Storage account that holds the container. */
  readonly storageAccountName: string;

  /** Blob container that holds the models. */
  readonly containerName: string;

  /**
   * Puts a model's files into the store, as children of `scope`; returns what a reader of the blobs waits for.
   * @internal
   */
  _storeModel(scope: Construct, content: ModelContent): ITerraformDependable[];

  /** The container that services collect data in, where this app makes the account: made when the first service asks. @internal */
  _dataContainer?(): DataContainer;
}

/** A container for collected data. @internal */
export interface DataContainer {
  /** Azure resource id. */
  readonly id: string;
  /** `https://<account>.blob.core.windows.net/<container>` */
  readonly uri: string;
}

/** How a model store is made. */
export interface ModelStoreProps {
  /** Unique in all of Azure: 3 to 24 lower-case letters and digits. */
  readonly storageAccountName: string;
  /** Resource group that exists already, or a reference to one. */
  readonly resourceGroupName: string;
  /** Azure region, such as `westeurope`. */
  readonly location: string;
  /** @default models */
  readonly containerName?: string;
  /**
   * How many copies Azure keeps, and where: `LRS`, `ZRS`, `GRS`, `RAGRS`, `GZRS` or `RAGZRS`.
   * @default LRS: the bytes can be uploaded again from where they were registered
   */
  readonly replication?: string;
  /**
   * Days for which deleted blobs and containers can be brought back; 0 for not at all, 365 at most.
   * @default 30
   */
  readonly deletedRetentionDays?: number;
  /**
   * Answers on the internet. Off, Terraform must run where a private endpoint of the account is reached.
   * @default true
   */
  readonly publicNetworkAccess?: boolean;
  /**
   * Public address ranges (CIDR or single addresses) that alone may reach the account.
   * @default - all
   */
  readonly allowedIpRanges?: string[];
  /**
   * Accepts account keys beside Entra ID.
   * @default false
   */
  readonly sharedKeyAccess?: boolean;
  /**
   * Object ids that may write models: role `Storage Blob Data Contributor` on the container.
   * @default - whoever applies the stack first; name them all where several people or pipelines do
   */
  readonly writerPrincipalIds?: string[];
  /** @default - none */
  readonly tags?: { [name: string]: string };
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** A model store that exists, by what is known of it. */
export interface ModelStoreAttributes {
  /** Storage account that holds the container. */
  readonly storageAccountName: string;
  /** @default models */
  readonly containerName?: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

const DEFAULT_CONTAINER = 'models';
const DATA_CONTAINER = 'modeldata';

abstract class ModelStoreBase extends Construct implements IModelStore {
  public abstract readonly storageAccountName: string;
  public abstract readonly containerName: string;
  /** @internal */
  protected abstract readonly _provider?: TerraformProvider;
  /** The container and the right to write into it. @internal */
  protected abstract readonly _ready: ITerraformDependable[];

  /** @internal */
  public _storeModel(scope: Construct, content: ModelContent): ITerraformDependable[] {
    return uploadModel(
      scope,
      {
        storageAccountName: this.storageAccountName,
        containerName: this.containerName,
        provider: this._provider,
        dependsOn: dependablesWithin(scope, this._ready),
      },
      content,
    );
  }
}

/**
 * A storage account and a container that keep registered models.
 *
 * No account keys, no public blobs, TLS 1.2, deleted models kept for 30 days. Uploading is a write to the blob service
 * itself, so the azurerm provider needs `storageUseAzuread: true`; its absence is warned of.
 *
 * Throws `STORAGE_ACCOUNT_NAME_INVALID`, `STORAGE_CONTAINER_NAME_INVALID`, `STORAGE_RETENTION_INVALID`, `TAGS_INVALID`.
 *
 * @see docs/workspace.md
 */
export class ModelStore extends ModelStoreBase {
  /** Brings in a store by its attributes; looks nothing up. */
  public static fromModelStoreAttributes(scope: Construct, id: string, attributes: ModelStoreAttributes): IModelStore {
    return new ImportedModelStore(scope, id, attributes);
  }

  public readonly storageAccountName: string;
  public readonly containerName: string;
  /** Azure resource id of the storage account. */
  public readonly storageAccountId: string;
  /** @internal */
  protected readonly _provider?: TerraformProvider;
  /** @internal */
  protected readonly _ready: ITerraformDependable[];
  private readonly account: StorageAccount;
  private dataContainer?: StorageContainer;

  constructor(scope: Construct, id: string, props: ModelStoreProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    this.storageAccountName = props.storageAccountName;
    this.containerName = props.containerName ?? DEFAULT_CONTAINER;
    this._provider = props.provider;
    throwAll(checkStore(this, props));

    const account = new StorageAccount(this, 'Resource', accountConfig(props));
    const container = new StorageContainer(this, 'Container', {
      name: this.containerName,
      storageAccountId: account.id,
      containerAccessType: 'private',
      provider: props.provider,
    });
    this.account = account;
    this.storageAccountId = account.id;
    this._ready = [container, ...grantWriters(this, container, props)];
    this.node.defaultChild = account;
    if (props.sharedKeyAccess !== true) warnOfKeys(this, props);
  }

  /** @internal */
  public _dataContainer(): DataContainer {
    this.dataContainer ??= new StorageContainer(this, 'DataContainer', {
      name: DATA_CONTAINER,
      storageAccountId: this.account.id,
      containerAccessType: 'private',
      provider: this._provider,
    });
    return { id: this.dataContainer.id, uri: `${this.account.primaryBlobEndpoint}${this.dataContainer.name}` };
  }
}

class ImportedModelStore extends ModelStoreBase {
  public readonly storageAccountName: string;
  public readonly containerName: string;
  /** @internal */
  protected readonly _provider?: TerraformProvider;
  /** @internal */
  protected readonly _ready: ITerraformDependable[] = [];

  constructor(scope: Construct, id: string, attributes: ModelStoreAttributes) {
    super(scope, id);
    this.storageAccountName = attributes.storageAccountName;
    this.containerName = attributes.containerName ?? DEFAULT_CONTAINER;
    this._provider = attributes.provider;
    throwAll(checkNames(this, this.storageAccountName, this.containerName));
  }
}

function accountConfig(props: ModelStoreProps) {
  const days = props.deletedRetentionDays ?? 30;
  const retention = days === 0 ? undefined : { days };
  return {
    name: props.storageAccountName,
    resourceGroupName: props.resourceGroupName,
    location: props.location,
    accountKind: 'StorageV2',
    accountTier: 'Standard',
    accountReplicationType: props.replication ?? 'LRS',
    minTlsVersion: 'TLS1_2',
    httpsTrafficOnlyEnabled: true,
    allowNestedItemsToBePublic: false,
    crossTenantReplicationEnabled: false,
    defaultToOauthAuthentication: true,
    infrastructureEncryptionEnabled: true,
    localUserEnabled: false,
    sharedAccessKeyEnabled: props.sharedKeyAccess ?? false,
    publicNetworkAccessEnabled: props.publicNetworkAccess ?? true,
    networkRules: props.allowedIpRanges && {
      defaultAction: 'Deny',
      bypass: ['AzureServices'],
      ipRules: props.allowedIpRanges,
    },
    sasPolicy: { expirationPeriod: '01.00:00:00', expirationAction: 'Log' },
    blobProperties: { versioningEnabled: true, deleteRetentionPolicy: retention, containerDeleteRetentionPolicy: retention },
    tags: props.tags,
    provider: props.provider,
  };
}

function grantWriters(scope: Construct, container: StorageContainer, props: ModelStoreProps): ITerraformDependable[] {
  const grant = (id: string, principalId: string, keepFirst: boolean) =>
    new RoleAssignment(scope, id, {
      scope: container.id,
      roleDefinitionName: 'Storage Blob Data Contributor',
      principalId,
      provider: props.provider,
      // another person's apply must not take the right from the one before
      lifecycle: keepFirst ? { ignoreChanges: ['principal_id'] } : undefined,
    });
  if (props.writerPrincipalIds !== undefined) {
    return props.writerPrincipalIds.map((principalId, index) => grant(`WriteGrant${index}`, principalId, false));
  }
  const client = new DataAzurermClientConfig(scope, 'Client', { provider: props.provider });
  return [grant('WriteGrant', client.objectId, true)];
}

/** The provider may be made after the store, so this waits until the whole tree is there. */
function warnOfKeys(store: ModelStore, props: ModelStoreProps): void {
  Aspects.of(store).add({
    visit: node => {
      if (node !== store) return;
      const provider = props.provider ?? TerraformStack.of(store).allProviders().find(isDefaultAzurerm);
      if (provider !== undefined && !(provider as AzurermProvider).storageUseAzureadInput) {
        Annotations.of(store).addWarning(modelStoreWantsEntra(props.storageAccountName));
      }
    },
  });
}

const isDefaultAzurerm = (provider: TerraformProvider) =>
  provider.terraformResourceType === 'azurerm' && provider.alias === undefined;

function checkStore(scope: IConstruct, props: ModelStoreProps): ValidationError[] {
  const days = ifKnown(props.deletedRetentionDays, value =>
    Number.isInteger(value) && value >= 0 && value <= 365 ? [] : [invalidRetention(scope, value)],
  );
  const names = checkNames(scope, props.storageAccountName, props.containerName ?? DEFAULT_CONTAINER);
  return [...names, ...(days ?? []), ...checkTags(scope, props.tags)];
}

function checkNames(scope: IConstruct, account: string, container: string): ValidationError[] {
  const accountFault = ifKnown(account, name => (/^[a-z0-9]{3,24}$/.test(name) ? [] : [invalidStorageAccountName(scope, name)]));
  const containerFault = ifKnown(container, name =>
    name.length >= 3 && name.length <= 63 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? [] : [invalidContainerName(scope, name)],
  );
  return [...(accountFault ?? []), ...(containerFault ?? [])];
}
