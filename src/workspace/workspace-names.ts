import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import { Fn, TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';

/** Hexadecimal characters that make a name unique in all of Azure. */
const SUFFIX_LENGTH = 8;

/** The names of a workspace's pieces, which another stack derives again to find them. */
export interface WorkspaceNames {
  readonly resourceGroup: string;
  readonly registry: string;
  readonly storageAccount: string;
  readonly logs: string;
  readonly insights: string;
  readonly pullIdentity: string;
}

/** What the names are derived from. */
export interface NameSource {
  readonly workspaceName: string;
  readonly resourceGroupName?: string;
  readonly uniqueSuffix?: string;
  readonly provider?: TerraformProvider;
}

/**
 * Derives every piece's name from the workspace's.
 *
 * Registry and storage account share one name space with all of Azure. Their suffix is therefore, like ARM's
 * `uniqueString`, a hash: the first 8 hexadecimal digits of SHA-256 over `<subscription id>/<resource group>/<workspace>`
 * in lower case, computed by Terraform from the provider's subscription.
 */
export function workspaceNames(scope: Construct, source: NameSource): WorkspaceNames {
  const { workspaceName } = source;
  const resourceGroup = source.resourceGroupName ?? workspaceName;
  const suffix = source.uniqueSuffix ?? subscriptionSuffix(scope, resourceGroup, source);
  const letters = workspaceName.toLowerCase().replace(/[^a-z0-9]/g, '');
  const dashed = workspaceName.replace(/_/g, '-');
  return {
    resourceGroup,
    registry: `${letters.slice(0, 50 - SUFFIX_LENGTH)}${suffix}`,
    storageAccount: `${letters.slice(0, 24 - SUFFIX_LENGTH)}${suffix}`,
    logs: `${dashed}-logs`,
    insights: `${dashed}-insights`,
    pullIdentity: `${dashed}-pull`,
  };
}

function subscriptionSuffix(scope: Construct, resourceGroup: string, source: NameSource): string {
  const client = new DataAzurermClientConfig(scope, 'Client', { provider: source.provider });
  const place = Fn.lower(Fn.join('/', [client.subscriptionId, resourceGroup, source.workspaceName]));
  return Fn.substr(Fn.sha256(place), 0, SUFFIX_LENGTH);
}
