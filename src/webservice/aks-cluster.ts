import { DataAzurermKubernetesCluster } from '@cdktf/provider-azurerm/lib/data-azurerm-kubernetes-cluster';
import { ITerraformDependable, TerraformProvider } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { IContainerRegistry } from '../workspace/container-registry';

/** An AKS cluster that services run on. */
export interface IAksCluster extends IConstruct {
  /** Name of the cluster. */
  readonly clusterName: string;

  /** Object id (not client id) of the identity that the nodes pull images with. */
  readonly kubeletPrincipalId: string;

  /**
   * Lets the nodes pull from a registry. Azure takes the same grant only once, so it belongs to the cluster: services that
   * share cluster and registry share it.
   *
   * @returns what a service must wait for before its image is pulled
   */
  grantPull(registry: IContainerRegistry): ITerraformDependable[];
}

/** Where to look a cluster up. */
export interface AksClusterLookup {
  /** Name of the cluster. */
  readonly clusterName: string;
  /** Resource group that holds it. */
  readonly resourceGroupName: string;
  /** @default - the stack's azurerm provider */
  readonly provider?: TerraformProvider;
}

/** A cluster that exists, by what is known of it. */
export interface AksClusterAttributes {
  /** Name of the cluster. */
  readonly clusterName: string;
  /** Object id (not client id) of the kubelet identity: `az aks show --query identityProfile.kubeletidentity.objectId`. */
  readonly kubeletPrincipalId: string;
}

abstract class AksClusterBase extends Construct implements IAksCluster {
  public abstract readonly clusterName: string;
  public abstract readonly kubeletPrincipalId: string;

  public grantPull(registry: IContainerRegistry): ITerraformDependable[] {
    // after the registry, so that two registries do not collide and the order of the calls does not matter
    const id = `Pull-${registry.node.path.replace(/\//g, '-')}`;
    const existing = this.node.tryFindChild(id) as PullGrant | undefined;
    return (existing ?? new PullGrant(this, id, registry, this.kubeletPrincipalId)).dependables;
  }
}

class PullGrant extends Construct {
  public readonly dependables: ITerraformDependable[];

  constructor(scope: Construct, id: string, registry: IContainerRegistry, principalId: string) {
    super(scope, id);
    this.dependables = registry.grantPull(this, principalId);
  }
}

/**
 * An AKS cluster that exists.
 *
 * It says who pulls images; it does not configure the kubernetes provider. Make the cluster in another stack than the
 * services: a provider whose configuration is not known at plan dials localhost.
 *
 * @see docs/aks-webservice.md
 */
export class AksCluster {
  /** Brings in a cluster by its name; Terraform looks it up at plan, with the azurerm provider. */
  public static fromAksClusterName(scope: Construct, id: string, lookup: AksClusterLookup): IAksCluster {
    return new LookedUpAksCluster(scope, id, lookup);
  }

  /** Brings in a cluster by its attributes; looks nothing up. */
  public static fromAksClusterAttributes(scope: Construct, id: string, attributes: AksClusterAttributes): IAksCluster {
    return new ImportedAksCluster(scope, id, attributes);
  }

  private constructor() {}
}

class ImportedAksCluster extends AksClusterBase {
  public readonly clusterName: string;
  public readonly kubeletPrincipalId: string;

  constructor(scope: Construct, id: string, attributes: AksClusterAttributes) {
    super(scope, id);
    this.clusterName = attributes.clusterName;
    this.kubeletPrincipalId = attributes.kubeletPrincipalId;
  }
}

class LookedUpAksCluster extends AksClusterBase {
  public readonly clusterName: string;
  public readonly kubeletPrincipalId: string;

  constructor(scope: Construct, id: string, lookup: AksClusterLookup) {
    super(scope, id);
    const found = new DataAzurermKubernetesCluster(this, 'Resource', {
      name: lookup.clusterName,
      resourceGroupName: lookup.resourceGroupName,
      provider: lookup.provider,
    });
    this.clusterName = found.name;
    this.kubeletPrincipalId = found.kubeletIdentity.get(0).objectId;
    this.node.defaultChild = found;
  }
}
