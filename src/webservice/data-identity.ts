import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { AciWebserviceProps } from './aci-props';
import { BoundWebservice } from './webservice';

/** An identity that may write collected data, and nothing else. @internal */
export interface DataIdentity {
  readonly identityId: string;
  /** Tells the server as whom to sign in: a group may have several identities. */
  readonly environment: Record<string, string>;
  /** What must exist before the first write. */
  readonly readyAfter: ITerraformDependable[];
}

/** Whose identity it is, and where it lives. @internal */
export interface DataIdentityRequest {
  readonly name: string;
  readonly resourceGroupName: string;
  readonly location: string;
  readonly props: AciWebserviceProps;
  readonly bound: BoundWebservice;
}

/**
 * Makes the children `DataIdentity` and `DataGrant`. Of the service's own, as Azure takes the same grant only once and other
 * services may share the identity that pulls.
 *
 * @internal
 */
export function dataIdentity(scope: Construct, request: DataIdentityRequest): DataIdentity {
  const { name, resourceGroupName, location, props, bound } = request;
  const { provider } = props;
  const identity = new UserAssignedIdentity(scope, 'DataIdentity', {
    name,
    resourceGroupName,
    location,
    tags: bound.tags,
    provider,
  });
  const containerId = bound.collection?.containerId;
  const grants =
    containerId === undefined
      ? []
      : [
          new RoleAssignment(scope, 'DataGrant', {
            scope: containerId,
            roleDefinitionName: 'Storage Blob Data Contributor',
            principalId: identity.principalId,
            principalType: 'ServicePrincipal',
            // a new identity takes time to be known everywhere
            skipServicePrincipalAadCheck: true,
            provider,
          }),
        ];
  return { identityId: identity.id, environment: { AZURE_CLIENT_ID: identity.clientId }, readyAfter: grants };
}
