import { hash } from 'crypto';

/** When an accepted token is good without another look at it. */
export interface TokenValidity {
  /** Wall clock, milliseconds since 1970: before this the token was not valid yet. */
  readonly from: number;
  /** Wall clock: the token's own end. */
  readonly until: number;
  /** Monotonic clock: when it is looked at again, whatever the wall clock says. */
  readonly recheckAt: number;
}

/**
 * `Authorization` headers that were accepted, by their hash: the least recently used one gives way. The text itself is not kept: a
 * copy of this process's memory should not hold more credentials than it must.
 */
export class TokenCache {
  private readonly entries = new Map<string, TokenValidity>();

  constructor(private readonly capacity: number) {}

  get size(): number {
    return this.entries.size;
  }

  get(header: string): TokenValidity | undefined {
    const key = digest(header);
    const validity = this.entries.get(key);
    if (validity === undefined) return undefined;
    // to the end: the first one is always the least recently used
    this.entries.delete(key);
    this.entries.set(key, validity);
    return validity;
  }

  set(header: string, validity: TokenValidity): void {
    const key = digest(header);
    this.entries.delete(key);
    if (this.entries.size >= this.capacity) this.entries.delete(this.entries.keys().next().value as string);
    this.entries.set(key, validity);
  }

  clear(): void {
    this.entries.clear();
  }
}

/** Both clocks have to agree: a wall clock that was set back must not prolong anything, nor one set forward wait. */
export function isValidAt(validity: TokenValidity, wall: number, monotonic: number): boolean {
  return wall >= validity.from && wall < validity.until && monotonic < validity.recheckAt;
}

function digest(header: string): string {
  return hash('sha256', header, 'base64');
}
