import { DataAzurermApplicationInsights } from '@cdktf/provider-azurerm/lib/data-azurerm-application-insights';
import { DataAzurermLogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/data-azurerm-log-analytics-workspace';
import { DataAzurermResourceGroup } from '@cdktf/provider-azurerm/lib/data-azurerm-resource-group';
import { DataAzurermUserAssignedIdentity } from '@cdktf/provider-azurerm/lib/data-azurerm-user-assigned-identity';
import { Construct } from 'constructs';
import { throwAll } from '../core/errors';
import { ContainerRegistry, IContainerRegistry } from './container-registry';
import { IModelStore, ModelStore } from './model-store';
import type {
  InsightsComponent,
  IWorkspace,
  LogAnalytics,
  PullIdentity,
  WorkspaceAttributes,
  WorkspaceLookup,
} from './workspace-props';
import { WorkspaceNames, workspaceNames } from './workspace-names';
import { checkSuffix, checkWorkspaceName } from './workspace-rules';

/** A workspace by its attributes. */
export class ImportedWorkspace extends Construct implements IWorkspace {
  public readonly workspaceName: string;
  public readonly resourceGroupName: string;
  public readonly location: string;
  public readonly registry?: IContainerRegistry;
  public readonly modelStore?: IModelStore;
  public readonly pullIdentity?: PullIdentity;
  public readonly logAnalytics?: LogAnalytics;
  public readonly applicationInsights?: InsightsComponent;

  constructor(scope: Construct, id: string, attributes: WorkspaceAttributes) {
    super(scope, id);
    this.workspaceName = attributes.workspaceName;
    this.resourceGroupName = attributes.resourceGroupName;
    this.location = attributes.location;
    this.registry = attributes.registry;
    this.modelStore = attributes.modelStore;
    this.pullIdentity = attributes.pullIdentity;
    this.logAnalytics = attributes.logAnalytics;
    this.applicationInsights = attributes.applicationInsights;
  }
}

/** A workspace of ours that another stack made; each piece is looked up once, when it is first asked for. */
export class LookedUpWorkspace extends Construct implements IWorkspace {
  public readonly workspaceName: string;
  public readonly resourceGroupName: string;
  public readonly location: string;
  private readonly names: WorkspaceNames;
  private readonly found: { registry?: IContainerRegistry; modelStore?: IModelStore; identity?: PullIdentity } = {};
  private readonly telemetry: { logs?: LogAnalytics; insights?: InsightsComponent } = {};

  constructor(
    scope: Construct,
    id: string,
    private readonly lookup: WorkspaceLookup,
  ) {
    super(scope, id);
    throwAll([...checkWorkspaceName(this, lookup.workspaceName), ...checkSuffix(this, lookup.uniqueSuffix)]);
    this.names = workspaceNames(this, lookup);
    const group = new DataAzurermResourceGroup(this, 'Group', { name: this.names.resourceGroup, provider: lookup.provider });
    this.workspaceName = lookup.workspaceName;
    this.resourceGroupName = group.name;
    this.location = group.location;
  }

  public get registry(): IContainerRegistry {
    return (this.found.registry ??= ContainerRegistry.fromContainerRegistryName(this, 'Registry', {
      registryName: this.lookup.registryName ?? this.names.registry,
      resourceGroupName: this.resourceGroupName,
      provider: this.lookup.provider,
    }));
  }

  public get modelStore(): IModelStore {
    return (this.found.modelStore ??= ModelStore.fromModelStoreAttributes(this, 'ModelStore', {
      storageAccountName: this.lookup.storageAccountName ?? this.names.storageAccount,
      provider: this.lookup.provider,
    }));
  }

  public get pullIdentity(): PullIdentity {
    return (this.found.identity ??= this.lookUpIdentity());
  }

  public get logAnalytics(): LogAnalytics {
    return (this.telemetry.logs ??= this.lookUpLogs());
  }

  public get applicationInsights(): InsightsComponent {
    return (this.telemetry.insights ??= this.lookUpInsights());
  }

  private lookUpIdentity(): PullIdentity {
    const identity = new DataAzurermUserAssignedIdentity(this, 'PullIdentity', this.named(this.names.pullIdentity));
    return { identityId: identity.id, principalId: identity.principalId, clientId: identity.clientId };
  }

  private lookUpLogs(): LogAnalytics {
    const logs = new DataAzurermLogAnalyticsWorkspace(this, 'Logs', this.named(this.names.logs));
    return { resourceId: logs.id, customerId: logs.workspaceId, sharedKey: logs.primarySharedKey };
  }

  private lookUpInsights(): InsightsComponent {
    const insights = new DataAzurermApplicationInsights(this, 'Insights', this.named(this.names.insights));
    return { resourceId: insights.id, connectionString: insights.connectionString };
  }

  private named(name: string) {
    return { name, resourceGroupName: this.resourceGroupName, provider: this.lookup.provider };
  }
}
