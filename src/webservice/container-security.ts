import { CONTAINER } from '../core/server-contract';

/** What a container may do on its machine. The scoring server needs none of it, so each is a switch to open, not to close. */
export interface ContainerSecurity {
  /**
   * Lets nothing in the image be changed at run; `/tmp` stays writable.
   * @default true
   */
  readonly readOnlyRootFilesystem?: boolean;

  /**
   * Numeric id of the user and group that the server runs as. 0, the superuser, is refused by most platforms' policies.
   * @default 10001
   */
  readonly userId?: number;

  /**
   * Linux capabilities to keep, such as `SYS_NICE`; all others are dropped.
   * @default - none
   */
  readonly keepCapabilities?: string[];

  /**
   * Lets a program gain rights that its caller does not have, as `sudo` does.
   * @default false
   */
  readonly allowPrivilegeEscalation?: boolean;
}

/** Every field known. @internal */
export interface BoundContainerSecurity {
  readonly readOnlyRootFilesystem: boolean;
  readonly userId: number;
  readonly keepCapabilities: string[];
  readonly allowPrivilegeEscalation: boolean;
}

/** @internal */
export function bindContainerSecurity(security: ContainerSecurity = {}): BoundContainerSecurity {
  return {
    readOnlyRootFilesystem: security.readOnlyRootFilesystem ?? true,
    userId: security.userId ?? CONTAINER.uid,
    keepCapabilities: security.keepCapabilities ?? [],
    allowPrivilegeEscalation: security.allowPrivilegeEscalation ?? false,
  };
}
