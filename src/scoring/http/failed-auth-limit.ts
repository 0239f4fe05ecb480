import { Log } from '../log';
import { Authenticator, Refusal, Verdict } from './authenticator';
import { CallHead } from './call';

/** How many wrong credentials one address may send. */
export interface FailedAuthLimits {
  /** @default 20 */
  readonly failures?: number;
  /** @default 60000 */
  readonly windowMs?: number;
  /** Addresses that are remembered; beyond it the one that began first is forgotten. @default 10000 */
  readonly addresses?: number;
}

interface Failures {
  count: number;
  /** When they are forgotten, by the monotonic clock. */
  readonly until: number;
}

/**
 * Answers 429 to wrong credentials from an address that has sent too many of them. Valid ones from the same address still pass,
 * so that callers behind one proxy or balancer cannot shut each other out; requests without any are not counted.
 */
export class FailedAuthLimit implements Authenticator {
  private readonly failures: number;
  private readonly windowMs: number;
  private readonly addresses: number;
  private readonly byAddress = new Map<string, Failures>();

  /** @param now milliseconds of a clock that never jumps. */
  constructor(
    private readonly inner: Authenticator,
    private readonly log: Log,
    limits: FailedAuthLimits = {},
    private readonly now: () => number = () => performance.now(),
  ) {
    this.failures = limits.failures ?? 20;
    this.windowMs = limits.windowMs ?? 60_000;
    this.addresses = limits.addresses ?? 10_000;
  }

  check(request: CallHead): Verdict | Promise<Verdict> {
    const verdict = this.inner.check(request);
    if (verdict === 'accepted') return verdict;
    return verdict instanceof Promise ? verdict.then(later => this.limited(request, later)) : this.limited(request, verdict);
  }

  close(): void {
    this.inner.close();
  }

  private limited({ headers, socket }: CallHead, verdict: Verdict): Verdict {
    if (verdict === 'accepted' || verdict.status !== 401 || headers.authorization === undefined) return verdict;
    const address = socket.remoteAddress ?? 'unknown';
    const { count, until } = this.count(address);
    if (count <= this.failures) return verdict;
    if (count === this.failures + 1) this.log.warning('failed-auth-limited', { address, failures: count });
    return tooMany(Math.max(1, Math.ceil((until - this.now()) / 1000)));
  }

  private count(address: string): Failures {
    const known = this.byAddress.get(address);
    if (known !== undefined && this.now() < known.until) {
      known.count++;
      return known;
    }
    // deleted first, so that the map's order is that of the windows' beginnings
    this.byAddress.delete(address);
    if (this.byAddress.size >= this.addresses) this.byAddress.delete(this.byAddress.keys().next().value as string);
    const fresh = { count: 1, until: this.now() + this.windowMs };
    this.byAddress.set(address, fresh);
    return fresh;
  }
}

function tooMany(seconds: number): Refusal {
  return {
    status: 429,
    message: `Too many wrong credentials have come from this address: send valid ones, or wait ${seconds} s.`,
    headers: { 'Retry-After': String(seconds) },
  };
}
