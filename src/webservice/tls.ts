import { isKnown } from '../core/tokens';

/** A certificate and its key. */
export interface TlsPemOptions {
  /** PEM with the whole chain, the service's own certificate first. */
  readonly certificate: string;

  /** PEM of the private key, unencrypted. Must be a Terraform reference, never a plain string. */
  readonly privateKey: string;

  /**
   * Host name that the certificate is for; the scoring URI uses it. Azure ML v1's `cname`: its DNS record is yours to set.
   * @default - the host name that the target gives
   */
  readonly hostName?: string;
}

/**
 * HTTPS, ended in the scoring container itself, TLS 1.2 or newer.
 *
 * Azure ML v1 took certificate, key and cname as three options that had to come together; here they are one value.
 */
export class Tls {
  /** A certificate of your own, such as one from Key Vault. */
  public static fromPem(options: TlsPemOptions): Tls {
    return new Tls(options);
  }

  /** Host name that the certificate is for. */
  public readonly hostName?: string;

  private constructor(
    /** @internal */
    public readonly _pem: TlsPemOptions,
  ) {
    this.hostName = _pem.hostName;
  }

  /** True where the key stands in the program. @internal */
  public get _keyIsLiteral(): boolean {
    return isKnown(this._pem.privateKey);
  }
}
