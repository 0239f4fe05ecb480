import { Fn } from 'cdktf';
import { IConstruct } from 'constructs';
import { sha256Text } from '../core/fingerprint';
import { isKnown } from '../core/tokens';
import { AciIpAddressType, AciWebserviceProps } from './aci-props';
import { addressTypeOf } from './aci-rules';
import { BoundWebservice } from './webservice';

/** What a container group and what belongs to it are called. */
export interface AciNames {
  /** Container group. */
  readonly group: string;
  /** First part of the DNS name; absent where there is none. */
  readonly label?: string;
  /** Identity that pulls, where the workspace has none. */
  readonly identity: string;
  /** Identity that writes collected data. */
  readonly dataIdentity: string;
}

/**
 * Names a group after its service, its slot and a hash.
 *
 * The group's hash covers the construct's path, so that two stacks can have a service of one name in one resource group, and
 * the settings that azurerm 4.55 accepts to change but never sends: limits and the customer key's identity. With them in
 * the name a change replaces the group. The label's hash covers the path alone: callers keep their URI.
 */
export function aciNames(scope: IConstruct, bound: BoundWebservice, props: AciWebserviceProps): AciNames {
  const base = props.slot === undefined ? bound.name : `${bound.name}-${props.slot}`;
  const { size } = bound;
  const unsent = [size.cpuLimit, size.memoryInGBLimit, props.customerManagedKeyIdentityId ?? ''];
  const place = scope.node.path;
  return {
    group: `${base}-${shortHash([place, ...unsent])}`,
    label: hasName(props) ? (props.dnsNameLabel ?? `${base}-${shortHash([place])}`) : undefined,
    identity: `${base}-${shortHash([place])}-pull`,
    dataIdentity: `${base}-${shortHash([place])}-data`,
  };
}

const hasName = (props: AciWebserviceProps) =>
  addressTypeOf(props) === AciIpAddressType.PUBLIC && (props.publicDnsName !== false || props.dnsNameLabel !== undefined);

/** Eight hexadecimal digits; the same whether Terraform computes them or we do. */
function shortHash(parts: ReadonlyArray<string | number>): string {
  if (parts.every(isKnown)) return sha256Text(parts.join('|')).slice(0, 8);
  return Fn.substr(
    Fn.sha256(
      Fn.join(
        '|',
        parts.map(part => Fn.tostring(part)),
      ),
    ),
    0,
    8,
  );
}
