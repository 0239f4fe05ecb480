import { CallHead } from './call';

/** Why a request may not be answered, as it is told to its caller. */
export interface Refusal {
  readonly status: 401 | 403 | 429 | 503;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type Verdict = 'accepted' | Refusal;

/** Says who may score. */
export interface Authenticator {
  /** Answers at once wherever nothing has to be fetched or computed at length: on the hot path, always. */
  check(request: CallHead): Verdict | Promise<Verdict>;
  close(): void;
}

/** The two ways to say 401: nothing was sent that could be checked, or what was sent is not valid. */
export interface Challenge {
  readonly missing: Refusal;
  readonly invalid: Refusal;
}

/** One text for both, and for every way to be invalid: the answer must not help to guess. */
export function challenge(message: string): Challenge {
  return {
    missing: { status: 401, message, headers: { 'WWW-Authenticate': 'Bearer' } },
    invalid: { status: 401, message, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } },
  };
}

/** What follows `Bearer`, whatever the case of that word. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}
