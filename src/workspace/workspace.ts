import { ApplicationInsights } from '@cdktf/provider-azurerm/lib/application-insights';
import { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { ManagementLock } from '@cdktf/provider-azurerm/lib/management-lock';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { DataAzurermResourceGroup } from '@cdktf/provider-azurerm/lib/data-azurerm-resource-group';
import { TerraformResource } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ConstructDependencies } from '../core/construct-dependencies';
import { throwAll } from '../core/errors';
import { addWorkspaceOutputs } from './workspace-outputs';
import { checkWorkspace } from './workspace-rules';
import { ContainerRegistry, IContainerRegistry } from './container-registry';
import { readWorkspaceConfig } from './config-file';
import { AzureMlWorkspace, AzureMlWorkspaceOptions } from './azure-ml-workspace';
import { ImportedWorkspace, LookedUpWorkspace } from './imported-workspace';
import { IModelStore, ModelStore } from './model-store';
import { WorkspaceNames, workspaceNames } from './workspace-names';
import {
  InsightsComponent,
  IWorkspace,
  LockLevel,
  LogAnalytics,
  PullIdentity,
  WorkspaceAttributes,
  WorkspaceLookup,
  WorkspaceOutputOptions,
  WorkspaceProps,
} from './workspace-props';

/**
 * Resource group, container registry, model store, logs and telemetry, and the identity that services pull images with.
 *
 * It stands in for the Azure Machine Learning workspace that v1 deployed into, and needs none. Every piece can be brought
 * (`registry`, `modelStore`, …) or left out (`createRegistry: false`, …). The registry has no admin user, the storage
 * account no keys.
 *
 * Throws `WORKSPACE_NAME_INVALID`, `WORKSPACE_NAME_UNKNOWN_AT_SYNTH`, `RESOURCE_GROUP_NAME_INVALID`,
 * `WORKSPACE_SUFFIX_INVALID`, `WORKSPACE_LOG_RETENTION_INVALID`, `WORKSPACE_PIECE_TWICE`, `WORKSPACE_PIECE_OFF`,
 * `TAGS_INVALID`.
 *
 * @see docs/workspace.md
 */
export class Workspace extends Construct implements IWorkspace {
  /** Brings in a workspace by its attributes; looks nothing up. */
  public static fromWorkspaceAttributes(scope: Construct, id: string, attributes: WorkspaceAttributes): IWorkspace {
    return new ImportedWorkspace(scope, id, attributes);
  }

  /**
   * Brings in a workspace that another stack made with `Workspace`, by its name. Terraform looks up those pieces that are
   * used; a piece that was brought there under another name must be brought here, too.
   */
  public static fromWorkspaceName(scope: Construct, id: string, lookup: WorkspaceLookup): IWorkspace {
    return new LookedUpWorkspace(scope, id, lookup);
  }

  /**
   * Brings in an Azure Machine Learning workspace by the `config.json` that its page in the studio offers.
   *
   * The file has `subscription_id`, `resource_group` and `workspace_name`; as with v1's `Workspace.from_config`, it may
   * also lie in `.azureml` or `aml_config`, here or in a folder above. Terraform looks the workspace up at plan; its
   * registry and telemetry are found as the only ones of its resource group unless `options` names them.
   *
   * Throws `WORKSPACE_CONFIG_NOT_FOUND`, `WORKSPACE_CONFIG_INVALID`.
   *
   * @param file file or folder, absolute or relative to the folder that synth runs in
   */
  public static fromConfigFile(scope: Construct, id: string, file: string, options: AzureMlWorkspaceOptions = {}): IWorkspace {
    return new AzureMlWorkspace(scope, id, readWorkspaceConfig(scope, file), options);
  }

  public readonly workspaceName: string;
  public readonly resourceGroupName: string;
  public readonly location: string;
  public readonly registry?: IContainerRegistry;
  public readonly modelStore?: IModelStore;
  public readonly pullIdentity?: PullIdentity;
  public readonly logAnalytics?: LogAnalytics;
  public readonly applicationInsights?: InsightsComponent;

  constructor(scope: Construct, id: string, props: WorkspaceProps) {
    super(scope, id);
    ConstructDependencies.enforce(this);
    throwAll(checkWorkspace(this, props));
    const names = workspaceNames(this, props);
    const group = this.createGroup(props, names);
    this.workspaceName = props.workspaceName;
    this.resourceGroupName = group.name;
    this.location = props.location;
    this.registry = props.registry ?? this.createRegistry(props, names);
    this.modelStore = props.modelStore ?? this.createModelStore(props, names);
    this.logAnalytics = props.logAnalytics ?? this.createLogs(props, names);
    this.applicationInsights = props.applicationInsights ?? this.createInsights(props, names);
    this.pullIdentity = this.allowPulls(props.pullIdentity ?? this.createPullIdentity(props, names));
    if (props.lock !== undefined) this.createLock(props.lock, group.id, props);
  }

  /**
   * Declares outputs: resource group, login server, storage account. Nothing is output unless this is called.
   * Throws `OUTPUT_EXISTS` where the stack has one of the names already.
   */
  public addOutputs(options: WorkspaceOutputOptions = {}): void {
    addWorkspaceOutputs(this, this, options.prefix ?? this.workspaceName);
  }

  private createGroup(props: WorkspaceProps, names: WorkspaceNames): { readonly id: string; readonly name: string } {
    const { provider, tags, location } = props;
    if (props.createResourceGroup === false)
      return new DataAzurermResourceGroup(this, 'Group', { name: names.resourceGroup, provider });
    const group = new ResourceGroup(this, 'Resource', { name: names.resourceGroup, location, tags, provider });
    this.node.defaultChild = group;
    return group;
  }

  private createRegistry(props: WorkspaceProps, names: WorkspaceNames): IContainerRegistry | undefined {
    if (props.createRegistry === false) return undefined;
    return new ContainerRegistry(this, 'Registry', {
      ...this.place(props),
      registryName: props.registryName ?? names.registry,
      sku: props.registrySku,
    });
  }

  private createModelStore(props: WorkspaceProps, names: WorkspaceNames): IModelStore | undefined {
    if (props.createModelStore === false) return undefined;
    return new ModelStore(this, 'ModelStore', {
      ...this.place(props),
      storageAccountName: props.storageAccountName ?? names.storageAccount,
      writerPrincipalIds: props.modelWriterPrincipalIds,
    });
  }

  private createLogs(props: WorkspaceProps, names: WorkspaceNames): LogAnalytics | undefined {
    if (props.createMonitoring === false) return undefined;
    const logs = new LogAnalyticsWorkspace(this, 'Logs', {
      ...this.place(props),
      name: names.logs,
      sku: 'PerGB2018',
      retentionInDays: props.logRetentionDays ?? 30,
    });
    return { resourceId: logs.id, customerId: logs.workspaceId, sharedKey: logs.primarySharedKey };
  }

  private createInsights(props: WorkspaceProps, names: WorkspaceNames): InsightsComponent | undefined {
    if (props.createMonitoring === false || this.logAnalytics === undefined) return undefined;
    const insights = new ApplicationInsights(this, 'Insights', {
      ...this.place(props),
      name: names.insights,
      applicationType: 'web',
      workspaceId: this.logAnalytics.resourceId,
    });
    return { resourceId: insights.id, connectionString: insights.connectionString };
  }

  private createPullIdentity(props: WorkspaceProps, names: WorkspaceNames): PullIdentity | undefined {
    if (props.createPullIdentity === false || this.registry?.registryId === undefined) return undefined;
    const identity = new UserAssignedIdentity(this, 'PullIdentity', { ...this.place(props), name: names.pullIdentity });
    return { identityId: identity.id, principalId: identity.principalId, clientId: identity.clientId };
  }

  private allowPulls(identity: PullIdentity | undefined): PullIdentity | undefined {
    if (identity === undefined || this.registry === undefined) return identity;
    const grants = this.registry.grantPull(this, identity.principalId);
    return { ...identity, readyAfter: [...(identity.readyAfter ?? []), ...grants] };
  }

  /** Last in, first out: a lock that stands before the other pieces would keep them from being made. */
  private createLock(level: LockLevel, groupId: string, props: WorkspaceProps): void {
    new ManagementLock(this, 'Lock', {
      name: `${props.workspaceName}-lock`,
      scope: groupId,
      lockLevel: level,
      notes: `Kept by Terraform: ${this.node.path}`,
      dependsOn: this.node.findAll().filter(isResource),
      provider: props.provider,
    });
  }

  private place(props: WorkspaceProps) {
    return {
      resourceGroupName: this.resourceGroupName,
      location: props.location,
      tags: props.tags,
      provider: props.provider,
    };
  }
}

const isResource = (construct: IConstruct): construct is TerraformResource => TerraformResource.isTerraformResource(construct);
