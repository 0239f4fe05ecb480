import { ITerraformDependable, TerraformProvider } from 'cdktf';
import { IConstruct } from 'constructs';
import { IContainerRegistry, RegistrySku } from './container-registry';
import { IModelStore } from './model-store';

/** A user-assigned identity that may pull images, as services attach it. */
export interface PullIdentity {
  /** Azure resource id of the identity. */
  readonly identityId: string;
  /** Object id, which roles are given to. */
  readonly principalId: string;
  /** Client id, which code signs in with. */
  readonly clientId: string;
  /**
   * What must exist before a pull works, such as the role assignment.
   * @default - nothing
   */
  readonly readyAfter?: ITerraformDependable[];
}

/** A Log Analytics workspace that services send their logs to. */
export interface LogAnalytics {
  /** Azure resource id. */
  readonly resourceId: string;
  /** The GUID that agents call workspace id. */
  readonly customerId: string;
  /** Key that agents write with; a Terraform reference, never a plain string. */
  readonly sharedKey?: string;
}

/** An Application Insights component that services send telemetry to. */
export interface InsightsComponent {
  /** Azure resource id. */
  readonly resourceId: string;
  /** Where and as whom telemetry is sent; a Terraform reference, never a plain string. */
  readonly connectionString: string;
}

/** Where things live: the resource group, and what services in it share. */
export interface IWorkspace extends IConstruct {
  /** Name of the workspace. */
  readonly workspaceName: string;
  /** Resource group of the services. */
  readonly resourceGroupName: string;
  /** Azure region of the services. */
  readonly location: string;
  /** Keeps images. */
  readonly registry?: IContainerRegistry;
  /** Keeps models. */
  readonly modelStore?: IModelStore;
  /** Pulls images from the registry; without it each service makes its own. */
  readonly pullIdentity?: PullIdentity;
  /** Takes logs. */
  readonly logAnalytics?: LogAnalytics;
  /** Takes telemetry. */
  readonly applicationInsights?: InsightsComponent;
}

/** What keeps a workspace from being deleted or changed. */
export enum LockLevel {
  /** Nothing in the resource group can be deleted; Terraform's own `destroy` removes the lock first. */
  CAN_NOT_DELETE = 'CanNotDelete',
  /** Nothing in the resource group can be deleted or changed, services included. */
  READ_ONLY = 'ReadOnly',
}

/** How a workspace is made. */
export interface WorkspaceProps {
  /** 3 to 33 letters, digits, `-` and `_`; the names of all pieces start with it. Must be known at synth. */
  readonly workspaceName: string;
  /** Azure region, such as `westeurope`. */
  readonly location: string;
  /** @default - the workspace's name */
  readonly resourceGroupName?: string;
  /**
   * Makes the resource group. Off, it must exist and is looked up at plan.
   * @default true
   */
  readonly createResourceGroup?: boolean;
  /**
   * Ends the names of registry and storage account, which must be unique in all of Azure: 1 to 8 lower-case letters and digits.
   * @default - 8 digits of a hash of subscription id, resource group and workspace name
   */
  readonly uniqueSuffix?: string;

  /** A registry that exists. @default - a new one */
  readonly registry?: IContainerRegistry;
  /** @default true */
  readonly createRegistry?: boolean;
  /** Name of the new registry. @default - the workspace's letters and digits, and the suffix */
  readonly registryName?: string;
  /** Of the new registry. @default RegistrySku.BASIC */
  readonly registrySku?: RegistrySku;

  /** A model store that exists. @default - a new one */
  readonly modelStore?: IModelStore;
  /** @default true */
  readonly createModelStore?: boolean;
  /** Name of the new storage account. @default - the workspace's letters and digits, and the suffix */
  readonly storageAccountName?: string;
  /** Object ids that may write into the new model store. @default - whoever applies the stack first */
  readonly modelWriterPrincipalIds?: string[];

  /** A Log Analytics workspace that exists. @default - a new one */
  readonly logAnalytics?: LogAnalytics;
  /** An Application Insights component that exists. @default - a new one on the Log Analytics workspace */
  readonly applicationInsights?: InsightsComponent;
  /** Makes Log Analytics and Application Insights where they are not given. @default true */
  readonly createMonitoring?: boolean;
  /** Days for which new logs are kept: 30 to 730. @default 30 */
  readonly logRetentionDays?: number;

  /** An identity that exists; it is given the right to pull. @default - a new one, where the registry is in Azure */
  readonly pullIdentity?: PullIdentity;
  /** @default true */
  readonly createPullIdentity?: boolean;

  /** Keeps the resource group from being deleted. @default - none */
  readonly lock?: LockLevel;
  /** Tags of every piece. @default - none */
  readonly tags?: { [name: string]: string };
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** A workspace that exists, by what is known of it. */
export interface WorkspaceAttributes {
  /** Name of the workspace. */
  readonly workspaceName: string;
  /** Resource group of the services. */
  readonly resourceGroupName: string;
  /** Azure region of the services. */
  readonly location: string;
  /** @default - none */
  readonly registry?: IContainerRegistry;
  /** @default - none */
  readonly modelStore?: IModelStore;
  /** @default - none: each service makes its own */
  readonly pullIdentity?: PullIdentity;
  /** @default - none */
  readonly logAnalytics?: LogAnalytics;
  /** @default - none */
  readonly applicationInsights?: InsightsComponent;
}

/** Where to look up a workspace that another stack made with `Workspace`. */
export interface WorkspaceLookup {
  /** Name that the other stack gave. */
  readonly workspaceName: string;
  /** @default - the workspace's name */
  readonly resourceGroupName?: string;
  /** As the other stack gave it. @default - derived as there */
  readonly uniqueSuffix?: string;
  /** As the other stack gave it. @default - derived as there */
  readonly registryName?: string;
  /** As the other stack gave it. @default - derived as there */
  readonly storageAccountName?: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** How a workspace's outputs are named. */
export interface WorkspaceOutputOptions {
  /**
   * What the outputs' names start with, such as `<prefix>_resource_group`.
   * @default - the workspace's name, with underscores
   */
  readonly prefix?: string;
}
