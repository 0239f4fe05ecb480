import { createLocalJWKSet, errors, JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { Log } from '../log';

/** How long one answer of the key server is relied on. Milliseconds. */
export interface SigningKeysTiming {
  /** A key id that is not known makes the keys be fetched again, but not sooner than this after the last time. */
  readonly cooldownMs: number;
  /** The same after a fetch that failed. */
  readonly retryMs: number;
  /** Keys that were withdrawn stop being accepted after this. */
  readonly refreshMs: number;
  readonly timeoutMs: number;
}

export const SIGNING_KEYS_TIMING: SigningKeysTiming = {
  cooldownMs: 30_000,
  retryMs: 2_000,
  refreshMs: 60 * 60 * 1000,
  timeoutMs: 5_000,
};

/** The key that a token needs cannot be had now; whether the token is good is not known. */
export class KeysUnavailableError extends Error {}

/**
 * The public keys of a JSON Web Key Set, fetched from one fixed address. Keys that were read stay good while the key server is
 * down. All times are by the monotonic clock: a wall clock that jumps must not stop a rotation from being seen.
 */
export class SigningKeys {
  private readonly timer: NodeJS.Timeout;
  private keys?: ReturnType<typeof createLocalJWKSet>;
  private published = '';
  private pending?: Promise<void>;
  private lastTry?: { readonly at: number; readonly failed: boolean };

  /** @param onChange called when the set of keys is another one than before. */
  constructor(
    private readonly uri: string,
    private readonly log: Log,
    private readonly onChange: () => void,
    private readonly timing: SigningKeysTiming = SIGNING_KEYS_TIMING,
  ) {
    this.timer = setInterval(() => void this.fetch(), timing.refreshMs).unref();
    void this.fetch();
  }

  /** The key that the token's header names. @throws KeysUnavailableError, or jose's JWKSNoMatchingKey */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.keys === undefined) await this.fetchUnlessJustTried();
    try {
      return await this.known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    // perhaps a new one
    await this.fetchUnlessJustTried();
    return this.known(header, token);
  };

  close(): void {
    clearInterval(this.timer);
  }

  private readonly known: JWTVerifyGetKey = (header, token) => {
    if (this.keys === undefined) throw new KeysUnavailableError();
    return this.keys(header, token);
  };

  private async fetchUnlessJustTried(): Promise<void> {
    const { lastTry, timing } = this;
    const pause = lastTry?.failed ? timing.retryMs : timing.cooldownMs;
    if (this.pending !== undefined || lastTry === undefined || performance.now() >= lastTry.at + pause) await this.fetch();
    if (this.lastTry?.failed) throw new KeysUnavailableError();
  }

  /** One at a time. Never rejects: what went wrong is logged, and the earlier keys stay. */
  private fetch(): Promise<void> {
    this.pending ??= this.fetchOnce().finally(() => (this.pending = undefined));
    return this.pending;
  }

  private async fetchOnce(): Promise<void> {
    try {
      this.take(await download(this.uri, this.timing.timeoutMs));
      this.lastTry = { at: performance.now(), failed: false };
    } catch (error) {
      if (this.lastTry?.failed !== true) this.log.warning('signing-keys-unreadable', { uri: this.uri, message: reason(error) });
      this.lastTry = { at: performance.now(), failed: true };
    }
  }

  private take(set: JSONWebKeySet): void {
    const keys = createLocalJWKSet(set);
    const published = JSON.stringify(set.keys);
    if (published === this.published) return;
    this.keys = keys;
    this.published = published;
    this.log.info('signing-keys-read', { uri: this.uri, keys: set.keys.length });
    this.onChange();
  }
}

async function download(uri: string, timeoutMs: number): Promise<JSONWebKeySet> {
  // no redirects: the address is fixed by who runs the service
  const response = await fetch(uri, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as JSONWebKeySet;
}

/** `fetch` says "fetch failed" and hides what failed in `cause`. */
function reason(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: { readonly code?: string; readonly message?: string } };
  return cause === undefined ? message : `${message} (${cause.code ?? cause.message})`;
}
