import { Container } from '@cdktf/provider-docker/lib/container';
import { Volume } from '@cdktf/provider-docker/lib/volume';
import { TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { CONTAINER } from '../core/server-contract';
import { BoundAuth } from './auth';
import { keyFiles } from './key-files';

/** What the keys' volume is made of. @internal */
export interface KeyVolumeRequest {
  readonly name: string;
  readonly auth: BoundAuth;
  /** Image of a container that never runs: any that the engine has. */
  readonly imageId: string;
  readonly provider?: TerraformProvider;
}

/** A volume that holds the keys. @internal */
export interface KeyVolume {
  readonly volumeName: string;
  /** Writes the files; the service must wait for it. */
  readonly writer: Container;
}

/**
 * Puts the keys as files into a volume of their own, with the children `KeyVolume` and `Keys`.
 *
 * Docker has no secrets outside a swarm, and copies no file into a container whose root is read-only. So a second container,
 * which is created and never started, takes the copy into the volume that both mount. Neither `docker inspect` nor the
 * service's environment shows the keys; on the engine's disk only root reads them. A changed key replaces that container
 * only: the service goes on running and reads the files again.
 *
 * @internal
 */
export function keyVolume(scope: Construct, request: KeyVolumeRequest): KeyVolume {
  const { provider } = request;
  const volume = new Volume(scope, 'KeyVolume', { provider, name: `${request.name}-keys` });
  const writer = new Container(scope, 'Keys', {
    provider,
    name: `${request.name}-keys`,
    image: request.imageId,
    start: false,
    mustRun: false,
    networkMode: 'none',
    volumes: [{ volumeName: volume.name, containerPath: CONTAINER.keysDirectory }],
    upload: Object.entries(keyFiles(request.auth)).map(([file, content]) => ({
      file: `${CONTAINER.keysDirectory}/${file}`,
      content,
      permissions: '0444',
    })),
  });
  return { volumeName: volume.name, writer };
}
