import { spawn } from 'child_process';
import * as fs from 'fs';
import { createServer, IncomingHttpHeaders, Server } from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { attempt, run } from './run';

/** The account that Azurite always has, with its published key. */
export const ACCOUNT = {
  name: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
} as const;

/** Azurite's blob program, in the project or on the PATH. */
export function azuriteProgram(): string | undefined {
  const folders = [path.resolve('node_modules/.bin'), ...(process.env.PATH ?? '').split(path.delimiter)];
  return folders.map(folder => path.join(folder, 'azurite-blob')).find(file => fs.existsSync(file));
}

export const azurite = () => (azuriteProgram() === undefined ? 'azurite is not installed' : undefined);

export const openssl = () =>
  attempt('openssl', ['version'], { timeoutSeconds: 20 }).status === 0 ? undefined : 'openssl is not installed';

/** A storage account on this machine, which asks for HTTPS and takes identities' tokens as Azure does. */
export class Azurite {
  static async start(folder: string): Promise<Azurite> {
    const [cert, key] = ['cert.pem', 'key.pem'].map(name => path.join(folder, name));
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    const args = ['--blobHost', '127.0.0.1', '--blobPort', '0', '--oauth', 'basic', '--cert', cert, '--key', key];
    const child = spawn(
      azuriteProgram() as string,
      [...args, '--location', folder, '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    const url = await new Promise<string>((resolve, reject) => {
      let output = '';
      const patience = setTimeout(() => child.kill(), 60_000).unref();
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        const listening = /listens? on (https:\/\/\S+:\d+)/.exec(output);
        if (listening === null) return;
        clearTimeout(patience);
        resolve(listening[1]);
      });
      child.once('close', code => reject(new Error(`azurite ended with ${code}: ${output}`)));
    });
    const stop = async (): Promise<void> => {
      const gone = new Promise(resolve => child.once('exit', resolve));
      // asked to end, it goes on writing into its folder for a while
      child.kill('SIGKILL');
      await gone;
    };
    return new Azurite(`${url}/${ACCOUNT.name}`, cert, stop);
  }

  private constructor(
    readonly url: string,
    /** The certificate's file, for whoever must trust it. */
    readonly certificate: string,
    /** Resolves when nothing writes any more. */
    readonly stop: () => Promise<void>,
  ) {}
}

/** Answers as the endpoint that gives a virtual machine's or container group's identity its tokens. */
export class IdentityEndpoint {
  readonly asked: { readonly url: URL; readonly headers: IncomingHttpHeaders }[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://identity');
      this.asked.push({ url, headers: request.headers });
      const resource = url.searchParams.get('resource');
      if (resource === null || request.headers.metadata === undefined) {
        response.writeHead(400, { 'content-type': 'application/json' });
        return response.end('{"error":"invalid_request"}');
      }
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        aud: resource,
        iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/',
        iat: now,
        nbf: now,
        exp: now + 3600,
      };
      const answer = {
        access_token: token(claims),
        expires_in: '3600',
        expires_on: String(now + 3600),
        resource,
        token_type: 'Bearer',
      };
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify(answer));
    });
  }

  static async start(): Promise<IdentityEndpoint> {
    const endpoint = new IdentityEndpoint();
    await new Promise<void>(resolve => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

/** Azurite reads the claims and checks no signature. */
function token(claims: object): string {
  return [{ alg: 'RS256', typ: 'JWT' }, claims, 'signature']
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}
