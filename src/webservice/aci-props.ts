import { Tls } from './tls';
import { WebserviceProps } from './webservice-props';

/** Who can reach a container group. */
export enum AciIpAddressType {
  /** Everybody on the internet. */
  PUBLIC = 'Public',
  /** What is in, or connected to, the network of the group's subnet. */
  PRIVATE = 'Private',
  /** Nobody. */
  NONE = 'None',
}

/** What Azure does when the server ends. */
export enum AciRestartPolicy {
  /** Starts it again. */
  ALWAYS = 'Always',
  /** Starts it again unless it ended well. */
  ON_FAILURE = 'OnFailure',
  /** Leaves it. */
  NEVER = 'Never',
}

/** What Azure Container Instances take beyond what every target does. */
export interface AciWebserviceProps extends WebserviceProps {
  /** @default - the workspace's */
  readonly resourceGroupName?: string;

  /**
   * Azure region.
   * @default - the workspace's
   */
  readonly location?: string;

  /**
   * First part of the public DNS name: 5 to 63 lower-case letters, digits and dashes, starting with a letter.
   * @default - `<service>-<slot>-<hash>`, where the hash is the first 8 hexadecimal digits of SHA-256 over the construct's path
   */
  readonly dnsNameLabel?: string;

  /**
   * Whom Azure lets take the label after the group is gone: `Unsecure`, `TenantReuse`, `SubscriptionReuse`,
   * `ResourceGroupReuse` or `Noreuse`. All but the first put a hash of the owner into the DNS name, so that nobody else can
   * take over a name that callers still use.
   * @default ResourceGroupReuse
   */
  readonly dnsNameLabelReusePolicy?: string;

  /**
   * Gives a public group a DNS name. Off, it has an address only, which changes with every replacement.
   * @default true
   */
  readonly publicDnsName?: boolean;

  /**
   * Who can reach the service.
   * @default AciIpAddressType.PUBLIC, or PRIVATE where subnetId is given
   */
  readonly ipAddressType?: AciIpAddressType;

  /**
   * Subnet to live in, delegated to `Microsoft.ContainerInstance/containerGroups`. A group in a subnet has no DNS name.
   * Azure ML v1's `vnet_name` and `subnet_name`.
   * @default - none
   */
  readonly subnetId?: string;

  /**
   * Port of the service; Azure Container Instances cannot map it to another. Azure ML v1 used 80 and 443.
   * @default 5001
   */
  readonly port?: number;

  /**
   * HTTPS, ended in the scoring container. Azure ML v1's `ssl_enabled`, `ssl_cert_pem_file`, `ssl_key_pem_file` and `ssl_cname`.
   * @default - plain HTTP
   */
  readonly tls?: Tls;

  /**
   * Tells apart two groups of one service, between which traffic is moved: 1 to 10 lower-case letters and digits.
   * @default - none
   */
  readonly slot?: string;

  /** @default AciRestartPolicy.ALWAYS */
  readonly restartPolicy?: AciRestartPolicy;

  /**
   * Availability zone; a group lives in exactly one.
   * @default - Azure chooses
   */
  readonly zones?: string[];

  /**
   * Sends the container's output to the workspace's Log Analytics. A new key of Log Analytics replaces the group.
   * @default false
   */
  readonly sendLogs?: boolean;

  /**
   * Key Vault key, with its version, that encrypts the group's data. Azure ML v1's `cmk_vault_base_url`, `cmk_key_name` and
   * `cmk_key_version` in one.
   * @default - a key of Microsoft's
   */
  readonly customerManagedKeyId?: string;

  /**
   * User-assigned identity that may use the key.
   * @default - none
   */
  readonly customerManagedKeyIdentityId?: string;

  /**
   * Facts about the service that do not change, kept as tags.
   * @default - none
   */
  readonly properties?: { [name: string]: string };
}

/** A service on Azure Container Instances, by what is known of it. */
export interface AciWebserviceAttributes {
  /** Name of the service. */
  readonly webserviceName: string;
  /** DNS name or address of the container group. */
  readonly hostName: string;
  /** @default 5001 */
  readonly port?: number;
  /** @default false */
  readonly https?: boolean;
}
