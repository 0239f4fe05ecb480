import { createServer, RequestListener, Server, ServerOptions } from 'http';
import { createServer as createTlsServer } from 'https';
import { readFileSync } from 'fs';
import { AddressInfo, Socket } from 'net';
import * as path from 'path';

/** The address cannot be served; the message is for the operator. */
export class ListenError extends Error {}

/**
 * Time and size limits of the HTTP layer. Load balancers keep connections for up to 60 s: ours outlive them, or the balancer
 * would send a request into a connection that is just being closed.
 */
const LIMITS: ServerOptions = {
  keepAliveTimeout: 75_000,
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
  noDelay: true,
};
const MAX_HEADERS = 100;

/** Creates the server, with TLS 1.2 or newer where there is a certificate. @throws ListenError if that cannot be read. */
export function createListener(tlsDirectory: string | undefined, handle: RequestListener): Server {
  const server = tlsDirectory === undefined ? createServer(LIMITS) : tlsServer(tlsDirectory);
  server.maxHeadersCount = MAX_HEADERS;
  server.on('request', handle).on('checkContinue', handle).on('clientError', refuse);
  return server;
}

/** @throws ListenError if the port is taken or not allowed. */
export function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new ListenError(whyNot(host, port, error))));
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

function whyNot(host: string, port: number, error: NodeJS.ErrnoException): string {
  const where = `${host}:${port}`;
  if (error.code === 'EADDRINUSE')
    return `Port ${port} on ${host} is in use: stop what listens there, or take another port (0: any free one).`;
  if (error.code === 'EACCES') return `Listening on ${where} is not permitted: take a port above 1023.`;
  return `Cannot listen on ${where} (${error.code ?? error.message}).`;
}

function tlsServer(directory: string): Server {
  try {
    const [cert, key] = ['tls.crt', 'tls.key'].map(name => readFileSync(path.join(directory, name)));
    return createTlsServer({ ...LIMITS, cert, key, minVersion: 'TLSv1.2' });
  } catch (error) {
    throw new ListenError(`The certificate in '${directory}' (tls.crt, tls.key) cannot be used: ${(error as Error).message}`);
  }
}

const REASONS: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
};

/** What is no HTTP never reaches the application: answered here, as plainly. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text] = REASONS[error.code ?? ''] ?? ['400 Bad Request', 'the request is not valid HTTP'];
  const body = JSON.stringify({ message: text });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
