import { Construct } from 'constructs';
import { IContainerRegistry } from '../workspace/container-registry';
import { RegistryCredentials } from '../workspace/registry-token';
import { pushTokenOutsideAzure } from './errors';

/** How Docker signs in to the registry that it pushes to. */
export abstract class PushLogin {
  /**
   * A token that Terraform makes in the Azure registry for this image: it may write the image's repository and nothing else.
   * One `cdktf deploy` then makes registry, login and image. The token's password is in Terraform's state.
   */
  public static registryToken(): PushLogin {
    return new TokenLogin();
  }

  /**
   * What the docker provider was configured with, its `registryAuth`: for example what `az acr login` left behind. The registry
   * must exist before, and no login is in the state.
   */
  public static dockerProvider(): PushLogin {
    return new ProviderLogin();
  }

  /** A token where the registry can make one, else the provider's own login. @internal */
  public static _default(registry: IContainerRegistry): PushLogin {
    return registry._pushCredentials === undefined || registry.registryId === undefined ? new ProviderLogin() : new TokenLogin();
  }

  /** Called once, by the build. @internal */
  public abstract _bind(scope: Construct, registry: IContainerRegistry, repositoryName: string): RegistryCredentials | undefined;
}

class TokenLogin extends PushLogin {
  public _bind(scope: Construct, registry: IContainerRegistry, repositoryName: string): RegistryCredentials {
    const credentials = registry._pushCredentials?.(scope, repositoryName);
    if (credentials === undefined) throw pushTokenOutsideAzure(scope, registry.loginServer);
    return credentials;
  }
}

class ProviderLogin extends PushLogin {
  public _bind(): undefined {
    return undefined;
  }
}
