import { Fn } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { ENV } from '../core/server-contract';
import { ifKnown } from '../core/tokens';
import { ProfileTarget } from '../sizing/profile-result';
import { IWorkspace } from '../workspace/workspace-props';
import { collectionWithoutIdentity, collectionWithoutStore, invalidContainerUri, invalidSampleRate } from './errors';

/** How collected data is written. */
export enum CollectionFormat {
  /** Comma-separated values, a file a day, as Azure ML v1 wrote them. */
  CSV = 'csv',
  /** JSON lines, as Azure ML v2 writes them. */
  JSON_LINES = 'jsonl',
}

/** How much is collected, and how it is written. */
export interface DataCollectionOptions {
  /** @default CollectionFormat.CSV */
  readonly format?: CollectionFormat;

  /**
   * Share of requests that is kept, above 0 and at most 1.
   * @default 1
   */
  readonly sampleRate?: number;
}

/** Options of `DataCollection.toContainer`. */
export interface ContainerCollectionOptions extends DataCollectionOptions {
  /**
   * Azure resource id of the container; a service on Azure Container Instances is then given the right to write there.
   * @default - none: that the service may write is somebody else's business
   */
  readonly containerId?: string;
}

/** Where a service writes, and what it is told of it. @internal */
export interface BoundCollection {
  readonly environment: Record<string, string>;
  /** Azure resource id of the container that the service's identity must be allowed to write to. */
  readonly containerId?: string;
}

interface Destination {
  readonly uri: string;
  readonly containerId?: string;
}

/**
 * Keeps inputs and answers of a service in blob storage.
 *
 * It keeps what callers send: see to it that they know, and that the container's lifetime rules fit.
 */
export abstract class DataCollection {
  /** Into the container `modeldata` of the workspace's own storage account; it is made when the first service asks for it. */
  public static toWorkspace(options: DataCollectionOptions = {}): DataCollection {
    return new WorkspaceCollection(options);
  }

  /**
   * Into a container that exists.
   * @param containerUri `https://<account>.blob.core.windows.net/<container>`
   */
  public static toContainer(containerUri: string, options: ContainerCollectionOptions = {}): DataCollection {
    return new ContainerCollection(containerUri, options);
  }

  /** @internal */
  protected abstract readonly _options: DataCollectionOptions;

  /** Called once, by the service. @internal */
  public _bind(scope: Construct, target: ProfileTarget, workspace?: IWorkspace): BoundCollection {
    if (target !== 'aci' && target !== 'aks') throw collectionWithoutIdentity(scope, target);
    const { format = CollectionFormat.CSV, sampleRate = 1 } = this._options;
    const fault = ifKnown(sampleRate, rate => (rate > 0 && rate <= 1 ? undefined : invalidSampleRate(scope, rate)));
    if (fault) throw fault;
    const { uri, containerId } = this._destination(scope, workspace);
    return {
      containerId,
      environment: {
        [ENV.collectionEnabled]: 'true',
        [ENV.collectionEnabledDocumented]: 'true',
        [ENV.collectionUri]: uri,
        [ENV.collectionFormat]: format,
        [ENV.collectionSample]: String(sampleRate),
        ...azurePath(workspace, containerId),
      },
    };
  }

  /** @internal */
  protected abstract _destination(scope: IConstruct, workspace?: IWorkspace): Destination;
}

/** Subscription and resource group stand in the path of v1's files, below which its users look for them. */
function azurePath(workspace: IWorkspace | undefined, containerId: string | undefined): Record<string, string> {
  return {
    ...(containerId && { AZUREML_ARM_SUBSCRIPTION: Fn.element(Fn.split('/', containerId), 2) as string }),
    ...(workspace && { AZUREML_ARM_RESOURCEGROUP: workspace.resourceGroupName }),
  };
}

class WorkspaceCollection extends DataCollection {
  constructor(protected readonly _options: DataCollectionOptions) {
    super();
  }

  protected _destination(scope: IConstruct, workspace?: IWorkspace): Destination {
    const container = workspace?.modelStore?._dataContainer?.();
    if (container === undefined) throw collectionWithoutStore(scope);
    return { uri: container.uri, containerId: container.id };
  }
}

class ContainerCollection extends DataCollection {
  constructor(
    private readonly containerUri: string,
    protected readonly _options: ContainerCollectionOptions,
  ) {
    super();
  }

  protected _destination(scope: IConstruct): Destination {
    const isContainer = /^https:\/\/[^/?#\s]+\/[^?#\s]*[^/?#\s]$/;
    const fault = ifKnown(this.containerUri, uri => (isContainer.test(uri) ? undefined : invalidContainerUri(scope, uri)));
    if (fault) throw fault;
    return { uri: this.containerUri, containerId: this._options.containerId };
  }
}
