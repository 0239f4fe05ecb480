import { CONTAINER } from '../core/server-contract';
import { BoundSize } from '../sizing/sizing';
import { BoundContainerSecurity } from '../webservice/container-security';
import { JsonObject } from './json';

/** The edge agent puts `createOptions`, `createOptions01` … `createOptions99` together again. */
export const CHUNK = { characters: 512, count: 100 } as const;

/** What the create options follow from. */
export interface CreateOptionsRequest {
  readonly size: BoundSize;
  readonly security: BoundContainerSecurity;
  /** Port and address of the device on which the service answers; absent where only other modules call it. */
  readonly publish?: { readonly address: string; readonly port: number };
  /** Folder of the device with the two key files. */
  readonly keysHostDirectory?: string;
}

/** A container that gets its measured size and no more rights than scoring needs, in the words of Docker's create call. */
export function createOptions(request: CreateOptionsRequest): JsonObject {
  const { size, security, publish, keysHostDirectory } = request;
  const port = `${CONTAINER.port}/tcp`;
  const memory = Math.round(size.memoryInGBLimit * 1024 ** 3);
  return {
    User: `${security.userId}:${security.userId}`,
    ExposedPorts: { [port]: {} },
    HostConfig: {
      Memory: memory,
      // equal: no swap, so that a service is killed at its limit as it was measured, and not slowed down
      MemorySwap: memory,
      NanoCpus: Math.round(size.cpuLimit * 1e9),
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      Tmpfs: { [CONTAINER.scratch]: 'rw,noexec,nosuid,nodev,size=64m' },
      CapDrop: ['ALL'],
      ...(security.keepCapabilities.length === 0 ? {} : { CapAdd: security.keepCapabilities }),
      ...(security.allowPrivilegeEscalation ? {} : { SecurityOpt: ['no-new-privileges:true'] }),
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      ...(publish && { PortBindings: { [port]: [{ HostIp: publish.address, HostPort: String(publish.port) }] } }),
      ...(keysHostDirectory && { Binds: [`${keysHostDirectory}:${CONTAINER.keysDirectory}:ro`] }),
    },
  };
}

/** Splits create options for the twin: `createOptions`, then `createOptions01` and on. */
export function chunkedCreateOptions(options: JsonObject): Record<string, string> {
  const text = JSON.stringify(options);
  const chunks: Record<string, string> = {};
  for (let start = 0, index = 0; start < text.length; start += CHUNK.characters, index++) {
    chunks[index === 0 ? 'createOptions' : `createOptions${String(index).padStart(2, '0')}`] = text.slice(
      start,
      start + CHUNK.characters,
    );
  }
  return chunks;
}
