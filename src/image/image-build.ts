import * as fs from 'fs';
import * as path from 'path';
import { dependable, ITerraformDependable, TerraformProvider } from 'cdktf';
import { Image } from '@cdktf/provider-docker/lib/image';
import { RegistryImage } from '@cdktf/provider-docker/lib/registry-image';
import { Construct } from 'constructs';
import { StackPath } from '../core/assets';
import { isKnown } from '../core/tokens';
import { IContainerRegistry } from '../workspace/container-registry';
import { invalidPrebuiltReference } from './errors';
import { PushLogin } from './push-login';

/** What an image asks its build for. @internal */
export interface ImageBuildRequest {
  readonly context: StackPath;
  /** SHA-256 of everything that goes into the image. */
  readonly fingerprint: string;
  readonly repositoryName: string;
  readonly registry?: IContainerRegistry;
  readonly platform: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly needsNetwork: boolean;
  readonly provider?: TerraformProvider;
}

/** What a build gives back. @internal */
export interface BuiltImage {
  /** `<registry>/<repository>@sha256:…`; absent for an image that stays on this machine. */
  readonly reference?: string;
  /** Id of the image in the Docker engine, where it is built there. */
  readonly localImageId?: string;
  /** What a service must wait for, beyond the values that it refers to. */
  readonly dependencies: ITerraformDependable[];
}

/** Options of `ImageBuild.docker`. */
export interface DockerBuildOptions {
  /**
   * Keeps the image in the Docker engine when it is replaced or destroyed.
   * @default false
   */
  readonly keepLocally?: boolean;

  /**
   * How Docker signs in to push.
   * @default - PushLogin.registryToken() for an Azure registry, else PushLogin.dockerProvider()
   */
  readonly pushLogin?: PushLogin;

  /**
   * Docker network of builds that install packages, such as `host` where only the machine itself reaches the package index.
   * Builds that only copy have none whatever is said here.
   * @default - Docker's default network
   */
  readonly buildNetworkMode?: string;
}

/** How an image comes into being. */
export abstract class ImageBuild {
  /** Builds with the Docker engine that Terraform talks to, then pushes where there is a registry. */
  public static docker(options: DockerBuildOptions = {}): ImageBuild {
    return new DockerImageBuild(options);
  }

  /**
   * Uses an image that exists.
   * @param reference `<registry>/<repository>@sha256:…`: by digest, as a tag can change under a running service
   */
  public static prebuilt(reference: string): ImageBuild {
    return new PrebuiltImage(reference);
  }

  /** False where the image exists already, so that no context is written. @internal */
  public abstract readonly _needsContext: boolean;

  /** Names the image where its content cannot: a prebuilt one's reference. @internal */
  public readonly _reference?: string;

  /** Called once, by the image. @internal */
  public abstract _bind(scope: Construct, request: ImageBuildRequest): BuiltImage;
}

class DockerImageBuild extends ImageBuild {
  public readonly _needsContext = true;

  constructor(private readonly options: DockerBuildOptions) {
    super();
  }

  public _bind(scope: Construct, request: ImageBuildRequest): BuiltImage {
    const image = this.buildImage(scope, request);
    if (request.registry === undefined) return { localImageId: image.imageId, dependencies: [image] };
    const login = (this.options.pushLogin ?? PushLogin._default(request.registry))._bind(
      scope,
      request.registry,
      request.repositoryName,
    );
    const pushed = new RegistryImage(scope, 'Push', {
      provider: request.provider,
      name: image.name,
      authConfig: login && { address: request.registry.loginServer, ...login },
      // rollback needs the old image, and another stack may run the same digest
      keepRemotely: true,
      triggers: { imageId: image.imageId },
    });
    return {
      reference: `${request.registry.loginServer}/${request.repositoryName}@${pushed.sha256Digest}`,
      localImageId: image.imageId,
      dependencies: [pushed],
    };
  }

  private buildImage(scope: Construct, request: ImageBuildRequest): Image {
    const repository = request.registry ? `${request.registry.loginServer}/${request.repositoryName}` : request.repositoryName;
    const image = new Image(scope, 'Resource', {
      provider: request.provider,
      name: `${repository}:${request.fingerprint.slice(0, 12)}`,
      keepLocally: this.options.keepLocally ?? false,
      // the path holds the fingerprint, so a changed context is a changed argument: the provider itself never looks inside
      triggers: { fingerprint: request.fingerprint },
      buildAttribute: {
        context: request.context.relative,
        platform: request.platform,
        // the provider's two build paths read different keys
        label: { ...request.labels },
        labels: { ...request.labels },
        networkMode: request.needsNetwork ? this.options.buildNetworkMode : 'none',
      },
      lifecycle: { createBeforeDestroy: true },
    });
    const baseImages = pullBaseImages(scope, request);
    if (baseImages.length > 0) image.dependsOn = baseImages.map(dependable);
    return image;
  }
}

/**
 * What the Dockerfile starts from or copies from, where it names a registry: a build has no login, whatever the provider was given,
 * but takes what the engine has. Other images may build on the same ones, so they stay.
 */
function pullBaseImages(scope: Construct, { context, platform, provider }: ImageBuildRequest): Image[] {
  const dockerfile = fs.readFileSync(path.join(context.absolute, 'Dockerfile'), 'utf8');
  const names = new Set(Array.from(dockerfile.matchAll(/(?:^FROM |--from=)(\S+)/gm), ([, name]) => name));
  return [...names]
    .filter(namesRegistry)
    .map((name, index) => new Image(scope, `Base${index + 1}`, { provider, name, platform, keepLocally: true }));
}

/** As Docker tells a registry's host from a name on its own hub. */
const namesRegistry = (image: string) => /^([^/]*[.:][^/]*|localhost)\//.test(image);

class PrebuiltImage extends ImageBuild {
  public readonly _needsContext = false;

  constructor(public override readonly _reference: string) {
    super();
  }

  public _bind(scope: Construct, _request: ImageBuildRequest): BuiltImage {
    if (isKnown(this._reference) && !/^[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}$/.test(this._reference)) {
      throw invalidPrebuiltReference(scope, this._reference);
    }
    return { reference: this._reference, dependencies: [] };
  }
}
