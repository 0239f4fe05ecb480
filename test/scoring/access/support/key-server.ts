import { once } from 'events';
import { createServer } from 'http';
import { AddressInfo } from 'net';
import { CryptoKey, exportJWK, generateKeyPair, JWK, SignJWT } from 'jose';

export const TENANT = '11111111-2222-3333-4444-555555555555';
export const AUDIENCE = 'api://digits';
export const ISSUER = `https://login.microsoftonline.com/${TENANT}/v2.0`;

/** A pair that signs tokens, under an id. */
export interface SigningPair {
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** As a key server publishes it. */
  readonly published: JWK;
}

export async function signingPair(id: string): Promise<SigningPair> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return { id, privateKey, publicKey, published: { ...(await exportJWK(publicKey)), kid: id, use: 'sig' } };
}

/** Serves the keys that it is told to. */
export class KeyServer {
  static async start(...keys: SigningPair[]): Promise<KeyServer> {
    const server = new KeyServer(keys);
    // a test that fails must not leave the run hanging
    server.server.unref().listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    server.uri = `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/keys`;
    return server;
  }

  uri = '';
  /** Answers so far. */
  asked = 0;
  /** Answered instead of the keys. */
  fault?: { readonly status: number; readonly body: string };
  private readonly server = createServer((_, response) => {
    this.asked++;
    response.writeHead(this.fault?.status ?? 200, { location: '/elsewhere' });
    response.end(this.fault?.body ?? JSON.stringify({ keys: this.keys.map(key => key.published) }));
  });

  private constructor(public keys: SigningPair[]) {}

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

type Claims = Record<string, unknown>;

/** What Entra ID puts into an access token; `now` in milliseconds. */
export function claims(now: number, changed: Claims = {}): Claims {
  const seconds = Math.floor(now / 1000);
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    tid: TENANT,
    nbf: seconds - 5,
    exp: seconds + 3600,
    roles: ['Score'],
    azp: 'caller',
    ...changed,
  };
}

export function sign(pair: SigningPair, payload: Claims, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: pair.id, typ: 'JWT', ...header }).sign(pair.privateKey);
}
