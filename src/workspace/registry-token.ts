import { ContainerRegistryScopeMap } from '@cdktf/provider-azurerm/lib/container-registry-scope-map';
import { ContainerRegistryToken } from '@cdktf/provider-azurerm/lib/container-registry-token';
import { ContainerRegistryTokenPassword } from '@cdktf/provider-azurerm/lib/container-registry-token-password';
import { Fn, TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { sha256Text } from '../core/fingerprint';

/** What signs in to a registry. @internal */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/**
 * A token of an Azure registry that may write one repository and nothing else, made for `scope` as its children `PushScope`,
 * `PushToken` and `PushPassword`. Every tier has tokens. The password is in the state.
 *
 * @internal
 */
export function repositoryToken(
  scope: Construct,
  registryId: string,
  repositoryName: string,
  provider?: TerraformProvider,
): RegistryCredentials {
  const place = { ...registryPlace(registryId), provider };
  // unique in the registry, whatever else pushes to it
  const name = `push-${sha256Text(scope.node.path).slice(0, 16)}`;
  const rights = new ContainerRegistryScopeMap(scope, 'PushScope', {
    ...place,
    name,
    actions: ['content/read', 'content/write', 'metadata/read'].map(action => `repositories/${repositoryName}/${action}`),
  });
  const token = new ContainerRegistryToken(scope, 'PushToken', { ...place, name, scopeMapId: rights.id });
  const password = new ContainerRegistryTokenPassword(scope, 'PushPassword', {
    containerRegistryTokenId: token.id,
    password1: {},
    provider,
  });
  return { username: token.name, password: password.getStringAttribute('password1[0].value') };
}

/** `/subscriptions/<s>/resourceGroups/<group>/providers/Microsoft.ContainerRegistry/registries/<name>` */
function registryPlace(registryId: string): { resourceGroupName: string; containerRegistryName: string } {
  const part = (index: number) => Fn.element(Fn.split('/', registryId), index) as string;
  return { resourceGroupName: part(4), containerRegistryName: part(8) };
}
