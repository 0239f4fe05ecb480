import { Annotations, TerraformStack, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { pathBelowStack, snakeCase } from '../core/names';
import { throwAll } from '../core/errors';
import { ENV } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { checkEntra, EntraAuthOptions, entraEnvironment } from './entra-auth';
import { anyCallerOfTenant, literalKey, variableExists } from './errors';

/** Where the two keys of a service come from. */
export interface KeyAuthOptions {
  /**
   * The key that callers use: at least 32 characters. Must be a Terraform reference, never a plain string.
   * @default - a sensitive variable `<construct path>_primary_key` that the deployment must set
   */
  readonly primaryKey?: string;

  /**
   * A second key, valid at the same time, so that keys can be changed without an outage.
   * @default - a sensitive variable `<construct path>_secondary_key`, empty unless set
   */
  readonly secondaryKey?: string;
}

/** What a target needs to know of a service's authentication. @internal */
export interface BoundAuth {
  readonly mode: 'keys' | 'entra' | 'none';
  /** What the server is told. */
  readonly environment: Readonly<Record<string, string>>;
  /** Terraform references; absent without keys. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
}

/** Who may call a service. */
export abstract class Auth {
  /**
   * Callers send `Authorization: Bearer <key>` with either of two keys.
   *
   * The keys never stand in the program. Left out, each is a sensitive Terraform variable, set for example by
   * `TF_VAR_<name>=$(openssl rand -base64 32)`. They reach the server as files, not as environment variables.
   */
  public static keys(options: KeyAuthOptions = {}): Auth {
    return new KeyAuth(options);
  }

  /**
   * Callers send `Authorization: Bearer <token>` with a token of Microsoft Entra ID: no secret to keep, one identity for each caller.
   * Azure ML v1's `token_auth_enabled`, with tokens of your own application instead of the workspace's.
   */
  public static entraId(options: EntraAuthOptions): Auth {
    return new EntraAuth(options);
  }

  /** Anybody who reaches the service may call it. */
  public static none(): Auth {
    return new NoAuth();
  }

  /** Called once, by the service. @internal */
  public abstract _bind(scope: Construct, webserviceName: string): BoundAuth;
}

class KeyAuth extends Auth {
  constructor(private readonly options: KeyAuthOptions) {
    super();
  }

  public _bind(scope: Construct): BoundAuth {
    const { primaryKey, secondaryKey } = this.options;
    if (primaryKey !== undefined && isKnown(primaryKey)) throw literalKey(scope, 'primaryKey');
    if (secondaryKey !== undefined && isKnown(secondaryKey)) throw literalKey(scope, 'secondaryKey');
    return {
      ...mode('keys'),
      primaryKey: primaryKey ?? keyVariable(scope, 'primary'),
      secondaryKey: secondaryKey ?? keyVariable(scope, 'secondary'),
    };
  }
}

class EntraAuth extends Auth {
  constructor(private readonly options: EntraAuthOptions) {
    super();
  }

  public _bind(scope: Construct, webserviceName: string): BoundAuth {
    throwAll(checkEntra(scope, this.options));
    const { roles, allowedClients } = this.options;
    if (roles === undefined && allowedClients === undefined) Annotations.of(scope).addWarning(anyCallerOfTenant(webserviceName));
    const bound = mode('entra');
    return { ...bound, environment: { ...bound.environment, ...entraEnvironment(this.options, webserviceName) } };
  }
}

class NoAuth extends Auth {
  public _bind(): BoundAuth {
    return mode('none');
  }
}

const mode = (name: BoundAuth['mode']): BoundAuth => ({ mode: name, environment: { [ENV.auth]: name } });

/** A variable whose name a person can guess and type: the construct's path, without the hash that cdktf would add. */
function keyVariable(scope: Construct, which: 'primary' | 'secondary'): string {
  const name = snakeCase([...pathBelowStack(scope), which, 'key'].join('_'));
  const isOptional = which === 'secondary';
  const variable = new TerraformVariable(scope, isOptional ? 'SecondaryKey' : 'PrimaryKey', {
    type: 'string',
    sensitive: true,
    nullable: false,
    default: isOptional ? '' : undefined,
    description: `${isOptional ? 'Second key' : 'Key'} of ${scope.node.path}, sent as "Authorization: Bearer <key>"`,
    validation: [
      {
        condition: `\${length(var.${name}) >= 32${isOptional ? ` || var.${name} == ""` : ''}}`,
        errorMessage: 'A key has at least 32 characters, for example from: openssl rand -base64 32',
      },
    ],
  });
  claimVariable(scope, name);
  variable.overrideLogicalId(name);
  return variable.stringValue;
}

const VARIABLES = Symbol.for('cdktf-model-serving.variables');

/** cdktf writes only the last of two elements with one overridden id. */
function claimVariable(scope: Construct, name: string): void {
  const stack = TerraformStack.of(scope) as TerraformStack & { [VARIABLES]?: Set<string> };
  const names = (stack[VARIABLES] ??= new Set());
  if (names.has(name)) throw variableExists(scope, name);
  names.add(name);
}
