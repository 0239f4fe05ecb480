import { errors, JWTPayload, jwtVerify } from 'jose';
import { Log } from '../log';
import { Authenticator, bearerToken, challenge, Refusal, Verdict } from './authenticator';
import { CallHead } from './call';
import { header } from './header';
import { KeysUnavailableError, SigningKeys, SigningKeysTiming } from './signing-keys';
import { isValidAt, TokenCache, TokenValidity } from './token-cache';

/** Whose tokens are accepted. */
export interface EntraOptions {
  /** The directory's id; a name such as `contoso.com` cannot be compared with what tokens carry. */
  readonly tenantId: string;
  /** What `aud` may be: the service's application id (tokens of version 2) or its URI (version 1). */
  readonly audiences: readonly string[];
  /** App roles or delegated scopes of which a token must carry one. @default - none is asked for */
  readonly roles?: readonly string[];
  /** Application ids of the callers that may call. @default - all that the directory gives a token for this audience */
  readonly allowedClients?: readonly string[];
  /** @default - version 1 and 2 of the public cloud */
  readonly issuers?: readonly string[];
  /** HTTPS, or HTTP on this machine. @default - the tenant's, of the public cloud */
  readonly jwksUri?: string;
  /** @default - see SIGNING_KEYS_TIMING */
  readonly timing?: SigningKeysTiming;
}

/** The options cannot become a check; the message is for the operator. */
export class EntraError extends Error {}

const CLOCK_SKEW_S = 60;
/** What the HTTP layer takes for all headers together. */
const LONGEST_TOKEN = 16 * 1024;
/** How long an accepted token is not looked at again. */
const RECHECK_MS = 5 * 60 * 1000;
const CACHED_TOKENS = 10_000;
/** One line of log for each reason and this time, however many tokens are refused. */
const LOG_EVERY_MS = 60_000;

const { missing, invalid } = challenge('A valid token is needed: Authorization: Bearer <access token>');
const unavailable: Refusal = {
  status: 503,
  message: 'The token cannot be checked now, because its signing key cannot be read: try again.',
  headers: { 'Retry-After': '2' },
};

/** Checks access tokens of Microsoft Entra ID: signature, issuer, audience, tenant, time, and who may call. */
export class EntraAuth implements Authenticator {
  /**
   * Begins to fetch the signing keys and returns at once; a key server that is down is no reason not to start.
   *
   * @param now wall clock, milliseconds since 1970. @throws EntraError
   */
  static create(options: EntraOptions, log: Log, now: () => number = Date.now): EntraAuth {
    checkOptions(options);
    if (options.roles === undefined && options.allowedClients === undefined) {
      log.warning('any-caller-of-tenant', { message: 'Neither roles nor clients are named: the whole tenant may call.' });
    }
    return new EntraAuth(options, log, now);
  }

  private readonly tenantId: string;
  private readonly issuers: string[];
  private readonly keys: SigningKeys;
  private readonly cache = new TokenCache(CACHED_TOKENS);
  private readonly logged = new Map<string, number>();

  private constructor(
    private readonly options: EntraOptions,
    private readonly log: Log,
    private readonly now: () => number,
  ) {
    this.tenantId = options.tenantId.toLowerCase();
    this.issuers = [
      ...(options.issuers ?? [
        `https://sts.windows.net/${this.tenantId}/`,
        `https://login.microsoftonline.com/${this.tenantId}/v2.0`,
      ]),
    ];
    const uri = options.jwksUri ?? `https://login.microsoftonline.com/${this.tenantId}/discovery/v2.0/keys`;
    // other keys, other verdicts: a key that was withdrawn takes its tokens with it
    this.keys = new SigningKeys(uri, log, () => this.cache.clear(), options.timing);
  }

  check(request: CallHead): Verdict | Promise<Verdict> {
    const authorization = header(request, 'authorization') ?? '';
    const known = this.cache.get(authorization);
    if (known !== undefined && this.isValidNow(known)) return 'accepted';
    const token = bearerToken(authorization);
    if (token === undefined) return missing;
    return token.length > LONGEST_TOKEN ? this.refuse('too-long') : this.verify(token, authorization);
  }

  close(): void {
    this.keys.close();
  }

  private isValidNow(validity: TokenValidity): boolean {
    return isValidAt(validity, this.now(), performance.now());
  }

  private async verify(token: string, header: string): Promise<Verdict> {
    try {
      const { payload } = await jwtVerify(token, this.keys.find, {
        algorithms: ['RS256'],
        issuer: this.issuers,
        audience: [...this.options.audiences],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_SKEW_S,
        currentDate: new Date(this.now()),
      });
      if (payload.tid !== this.tenantId) return this.refuse('tid');
      const lacking = this.lacking(payload);
      if (lacking !== undefined) return lacking;
      this.remember(header, payload);
      return 'accepted';
    } catch (error) {
      if (error instanceof KeysUnavailableError) return unavailable;
      return this.refuse(reason(error as Error));
    }
  }

  /** What an authentic caller is not allowed. */
  private lacking(payload: JWTPayload): Refusal | undefined {
    const { roles, allowedClients } = this.options;
    // version 2 and version 1 of the token
    const client = payload.azp ?? payload.appid;
    if (allowedClients !== undefined && !(typeof client === 'string' && allowedClients.includes(client))) {
      return forbidden('The token is valid, but its application is none of those that may call this service.');
    }
    if (roles !== undefined && !grants(payload).some(grant => roles.includes(grant))) {
      return forbidden(`The token is valid, but carries none of the roles or scopes that are needed: ${roles.join(', ')}`);
    }
    return undefined;
  }

  private remember(header: string, { exp = 0, nbf }: JWTPayload): void {
    const validity: TokenValidity = {
      from: nbf === undefined ? -Infinity : (nbf - CLOCK_SKEW_S) * 1000,
      until: exp * 1000,
      recheckAt: performance.now() + RECHECK_MS,
    };
    // within the skew after its end it is looked at each time
    if (this.isValidNow(validity)) this.cache.set(header, validity);
  }

  private refuse(why: string): Refusal {
    const time = performance.now();
    if (time >= (this.logged.get(why) ?? -Infinity) + LOG_EVERY_MS) {
      this.logged.set(why, time);
      this.log.warning('token-refused', { reason: why });
    }
    return invalid;
  }
}

function grants({ roles, scp }: JWTPayload): string[] {
  const scopes = typeof scp === 'string' ? scp.split(' ') : [];
  return [...(Array.isArray(roles) ? (roles as string[]) : []), ...scopes];
}

function forbidden(message: string): Refusal {
  return { status: 403, message, headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' } };
}

/** Of a small fixed set, and without anything that the token says. */
function reason(error: Error): string {
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) return error.claim;
  return error instanceof errors.JOSEError ? error.code : error.name;
}

function checkOptions({ tenantId, audiences, roles, allowedClients, issuers, jwksUri }: EntraOptions): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenantId)) {
    throw new EntraError(
      `The tenant '${tenantId}' is no tenant id; it must be a GUID, such as 'az account show' prints as tenantId.`,
    );
  }
  for (const [name, list] of Object.entries({ audiences, roles, allowedClients, issuers })) {
    if (list?.length === 0 || list?.includes(''))
      throw new EntraError(`The ${name} of Entra ID hold nothing, or an empty entry.`);
  }
  if (jwksUri !== undefined && !isTrustworthy(jwksUri)) {
    throw new EntraError(
      `The signing keys' address '${jwksUri}' must be an https URL: whoever can change the keys can make tokens.`,
    );
  }
}

function isTrustworthy(uri: string): boolean {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && /^(127(\.\d+){3}|localhost|\[::1\])$/.test(url.hostname));
}
