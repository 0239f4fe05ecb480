import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { ENV } from '../core/server-contract';
import { ifKnown, isKnown } from '../core/tokens';
import { emptyEntraList, entraCloudIncomplete, invalidEntraValue, invalidTenant } from './errors';

/** Whose tokens a service accepts. */
export interface EntraAuthOptions {
  /** Id of the directory (tenant) that issues the tokens. */
  readonly tenantId: string;

  /**
   * What a token's `aud` may be: an application's id or its Application ID URI.
   * @default - `api://<tenantId>/<webserviceName>`, a URI that Entra ID lets an application of the tenant have
   */
  readonly audiences?: string[];

  /**
   * App roles or scopes of which a token must carry one, such as `Score`.
   * @default - none is asked for: every token of the tenant for the audience will do
   */
  readonly roles?: string[];

  /**
   * Application (client) ids that alone may call.
   * @default - all
   */
  readonly allowedClients?: string[];

  /**
   * What a token's `iss` may be, for clouds other than the public one; together with `jwksUri`.
   * @default - the public cloud's
   */
  readonly issuers?: string[];

  /**
   * Where the signing keys are, for clouds other than the public one; together with `issuers`.
   * @default - the public cloud's
   */
  readonly jwksUri?: string;
}

const LISTS = ['audiences', 'roles', 'allowedClients', 'issuers'] as const;

/** What the server is told. @internal */
export function entraEnvironment(options: EntraAuthOptions, webserviceName: string): Record<string, string> {
  const { tenantId, audiences, roles, allowedClients, issuers, jwksUri } = options;
  return {
    [ENV.entraTenantId]: tenantId,
    [ENV.entraAudiences]: (audiences ?? [`api://${tenantId}/${webserviceName}`]).join(','),
    ...(roles && { [ENV.entraRoles]: roles.join(',') }),
    ...(allowedClients && { [ENV.entraClients]: allowedClients.join(',') }),
    ...(issuers && { [ENV.entraIssuers]: issuers.join(',') }),
    ...(jwksUri && { [ENV.entraJwksUri]: jwksUri }),
  };
}

/** @internal */
export function checkEntra(scope: IConstruct, options: EntraAuthOptions): ValidationError[] {
  const { tenantId, issuers, jwksUri } = options;
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
  const faults = ifKnown(tenantId, id => (isGuid.test(id) ? [] : [invalidTenant(scope, id)])) ?? [];
  if (issuers !== undefined && jwksUri === undefined) faults.push(entraCloudIncomplete(scope, 'issuers', 'jwksUri'));
  if (issuers === undefined && jwksUri !== undefined) faults.push(entraCloudIncomplete(scope, 'jwksUri', 'issuers'));
  return [...faults, ...LISTS.flatMap(what => checkList(scope, what, options[what]))];
}

/** They are told to the server as one text. */
function checkList(scope: IConstruct, what: string, values: readonly string[] | undefined): ValidationError[] {
  if (values === undefined || !isKnown(values)) return [];
  if (values.length === 0) return [emptyEntraList(scope, what)];
  return values.filter(value => isKnown(value) && !/^[^\s,]+$/.test(value)).map(value => invalidEntraValue(scope, what, value));
}
