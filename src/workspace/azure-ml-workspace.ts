import { DataAzurermApplicationInsights } from '@cdktf/provider-azurerm/lib/data-azurerm-application-insights';
import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import { DataAzurermMachineLearningWorkspace } from '@cdktf/provider-azurerm/lib/data-azurerm-machine-learning-workspace';
import { DataAzurermResources } from '@cdktf/provider-azurerm/lib/data-azurerm-resources';
import { Fn, Op, TerraformProvider, TerraformSelf } from 'cdktf';
import { Construct } from 'constructs';
import { WorkspaceConfig } from './config-file';
import { ContainerRegistry, IContainerRegistry } from './container-registry';
import { IModelStore } from './model-store';
import type { InsightsComponent, IWorkspace, LogAnalytics, PullIdentity } from './workspace-props';

/** What the look-up of an Azure Machine Learning workspace cannot find by itself. */
export interface AzureMlWorkspaceOptions {
  /** Keeps images. @default - looked up by name */
  readonly registry?: IContainerRegistry;
  /** Registry in the workspace's resource group. @default - the only one there */
  readonly registryName?: string;
  /** Keeps models. @default - none: Azure ML's own storage is left to Azure ML */
  readonly modelStore?: IModelStore;
  /** Pulls images. @default - each service makes its own */
  readonly pullIdentity?: PullIdentity;
  /** Takes logs. @default - none */
  readonly logAnalytics?: LogAnalytics;
  /** Application Insights component in the workspace's resource group. @default - the only one there */
  readonly applicationInsightsName?: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** A kind of resource that belongs to the workspace, and how the user can say which one. */
interface Companion {
  readonly id: string;
  readonly type: string;
  readonly option: string;
}

const REGISTRY: Companion = {
  id: 'Registries',
  type: 'Microsoft.ContainerRegistry/registries',
  option: 'registry or registryName',
};
const INSIGHTS: Companion = { id: 'Components', type: 'Microsoft.Insights/components', option: 'applicationInsightsName' };

/**
 * An Azure Machine Learning workspace, looked up at plan.
 *
 * azurerm 4.55's data source tells location and id but neither registry nor telemetry, so those are found among the
 * resources of the group, each when it is first asked for; a group with several of a kind fails the plan with a sentence
 * that says which option to set.
 */
export class AzureMlWorkspace extends Construct implements IWorkspace {
  public readonly workspaceName: string;
  public readonly resourceGroupName: string;
  public readonly location: string;
  public readonly modelStore?: IModelStore;
  public readonly pullIdentity?: PullIdentity;
  public readonly logAnalytics?: LogAnalytics;
  private readonly provider?: TerraformProvider;
  private foundRegistry?: IContainerRegistry;
  private foundInsights?: InsightsComponent;

  constructor(
    scope: Construct,
    id: string,
    config: WorkspaceConfig,
    private readonly options: AzureMlWorkspaceOptions,
  ) {
    super(scope, id);
    this.provider = options.provider;
    const workspace = this.lookUpWorkspace(config);
    this.workspaceName = config.workspaceName;
    this.resourceGroupName = config.resourceGroupName;
    this.location = workspace.location;
    this.modelStore = options.modelStore;
    this.pullIdentity = options.pullIdentity;
    this.logAnalytics = options.logAnalytics;
    this.foundRegistry = options.registry;
    this.node.defaultChild = workspace;
  }

  public get registry(): IContainerRegistry {
    return (this.foundRegistry ??= ContainerRegistry.fromContainerRegistryName(this, 'Registry', {
      registryName: this.options.registryName ?? this.onlyOne(REGISTRY),
      resourceGroupName: this.resourceGroupName,
      provider: this.provider,
    }));
  }

  public get applicationInsights(): InsightsComponent {
    return (this.foundInsights ??= this.lookUpInsights());
  }

  /** Says it plainly where the provider is signed in to another subscription; Azure would only say "not found". */
  private lookUpWorkspace(config: WorkspaceConfig): DataAzurermMachineLearningWorkspace {
    const client = new DataAzurermClientConfig(this, 'Client', { provider: this.provider });
    return new DataAzurermMachineLearningWorkspace(this, 'Resource', {
      name: config.workspaceName,
      resourceGroupName: config.resourceGroupName,
      provider: this.provider,
      lifecycle: {
        precondition: [
          {
            condition: Op.eq(Fn.lower(client.subscriptionId), config.subscriptionId.toLowerCase()),
            errorMessage:
              `The azurerm provider works in another subscription than the ${config.subscriptionId} of the workspace's config.json. ` +
              `Set subscriptionId on the AzurermProvider.`,
          },
        ],
      },
    });
  }

  private lookUpInsights(): InsightsComponent {
    const insights = new DataAzurermApplicationInsights(this, 'Insights', {
      name: this.options.applicationInsightsName ?? this.onlyOne(INSIGHTS),
      resourceGroupName: this.resourceGroupName,
      provider: this.provider,
    });
    return { resourceId: insights.id, connectionString: insights.connectionString };
  }

  /** Name of the only resource of a kind in the group. */
  private onlyOne(kind: Companion): string {
    const found = new DataAzurermResources(this, kind.id, {
      type: kind.type,
      resourceGroupName: this.resourceGroupName,
      provider: this.provider,
      lifecycle: {
        postcondition: [
          {
            condition: Op.eq(Fn.lengthOf(TerraformSelf.getAny('resources')), 1),
            errorMessage:
              `The resource group ${this.resourceGroupName} does not have exactly one ${kind.type}. ` +
              `Say which one belongs to the workspace: Workspace.fromConfigFile(…, { ${kind.option} }).`,
          },
        ],
      },
    });
    return found.resources.get(0).name;
  }
}
