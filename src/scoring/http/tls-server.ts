import { readFileSync } from 'fs';
import { readFile } from 'fs/promises';
import { ServerOptions } from 'http';
import { createServer, Server } from 'https';
import * as path from 'path';
import { createSecureContext, SecureContextOptions } from 'tls';
import { Log } from '../log';
import { pollFiles } from './file-poll';

/** The certificate and its key cannot be used; the message is for the operator. */
export class TlsFilesError extends Error {}

const FILES = ['tls.crt', 'tls.key'] as const;
const HANDSHAKE_TIMEOUT_MS = 15_000;

type Pem = readonly [certificate: Buffer, key: Buffer];

/**
 * An HTTPS server with the certificate in `directory`, TLS 1.2 or newer. When the files change, new connections get the new
 * certificate; while they are half-written, do not fit each other or are gone, the earlier one stays.
 *
 * @throws TlsFilesError
 */
export function createTlsServer(directory: string, options: ServerOptions, log: Log | undefined): Server {
  const files = FILES.map(name => path.join(directory, name));
  const initial = usable(directory, () => files.map(file => readFileSync(file)) as unknown as Pem);
  const server = createServer({ ...options, ...secureContext(initial), handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
  const endPoll = pollFiles<Pem>({
    initial,
    read: async () => (await Promise.all(files.map(file => readFile(file)))) as unknown as Pem,
    same: (a, b) => a.every((content, index) => content.equals(b[index])),
    apply: changed => {
      usable(directory, () => changed);
      server.setSecureContext(secureContext(changed));
      log?.info('certificate-reread', { directory });
    },
    fault: message => log?.warning('certificate-unusable', { message }),
  });
  return server.once('close', endPoll);
}

function secureContext([cert, key]: Pem): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2' };
}

/** What was read, tried out: OpenSSL says here whether the key is the certificate's. */
function usable(directory: string, read: () => Pem): Pem {
  try {
    const pem = read();
    createSecureContext(secureContext(pem));
    return pem;
  } catch (error) {
    throw new TlsFilesError(`The certificate in '${directory}' (tls.crt, tls.key) cannot be used: ${(error as Error).message}`);
  }
}
