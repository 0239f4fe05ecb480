import { createServer, IncomingMessage, Server, ServerOptions, ServerResponse } from 'http';
import { AddressInfo, Server as NetServer, Socket } from 'net';
import { totalmem } from 'os';
import { Log } from '../log';
import { Call } from './call';
import { NodeCall } from './node-call';
import { PlainConnections } from './plain/plain-connections';
import { MAX_HEAD_BYTES, MAX_HEADERS } from './plain/plain-head';
import { createTlsServer, TlsFilesError } from './tls-server';

/** The address cannot be served; the message is for the operator. */
export class ListenError extends Error {}

/**
 * Time and size limits of the HTTP layer, milliseconds and bytes. Load balancers keep connections for up to 60 s: ours outlive
 * them, or the balancer would send a request into a connection that is just being closed.
 */
const LIMITS = {
  keepAliveTimeout: 75_000,
  // also for a connection that never sends anything
  headersTimeout: 15_000,
  // head and body together, however slowly they trickle
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: MAX_HEAD_BYTES,
  noDelay: true,
  // a caller that reads none of its answer for so long will not read the rest
  unreadAnswerTimeout: 60_000,
};
/** What an idle connection was measured to take (Node.js 20), rounded up. Bytes. */
const CONNECTION_BYTES = { plain: 12 * 1024, tls: 48 * 1024 };
const MOST_CONNECTIONS = 16_384;
const LOG_DROPS_EVERY_MS = 60_000;

export interface ListenerOptions {
  /** For what happens without a request. */
  readonly log?: Log;
  /** Replaces some of the limits. */
  readonly limits?: Partial<typeof LIMITS>;
  /** Beyond it a new connection is closed at once. @default - what a quarter of the memory holds, at most 16384 */
  readonly maxConnections?: number;
}

/** Listens, and reads requests: plain ones by itself, all others by Node.js. */
export class Listener {
  readonly server: Server;
  private readonly plain: PlainConnections;

  /**
   * With TLS 1.2 or newer where there is a certificate; a new certificate is served without a restart.
   *
   * @throws ListenError if the certificate cannot be used.
   */
  constructor(tlsDirectory: string | undefined, handle: (call: Call) => void, options: ListenerOptions = {}) {
    const limits = { ...LIMITS, ...options.limits };
    const server = tlsDirectory === undefined ? createServer(limits) : tlsServer(tlsDirectory, limits, options.log);
    const handleNode = (request: IncomingMessage, response: ServerResponse): void =>
      handle(new NodeCall(request, response, limits.unreadAnswerTimeout));
    server.maxHeadersCount = MAX_HEADERS;
    server.maxConnections = options.maxConnections ?? maxConnections(tlsDirectory === undefined ? 'plain' : 'tls');
    server.on('request', handleNode).on('checkContinue', handleNode).on('clientError', refuse);
    if (options.log !== undefined) logDrops(server, options.log);
    this.server = server;
    this.plain = new PlainConnections(server, { ...limits, handle });
  }

  /** @throws ListenError if the port is taken or not allowed. */
  listen(host: string, port: number): Promise<AddressInfo> {
    return listen(this.server, host, port);
  }

  /** Takes connections from a socket that listens already, as others may do. */
  listenOn(shared: NetServer): Promise<void> {
    return new Promise(resolve => this.server.listen(shared, resolve));
  }

  /** Takes no more connections and ends those that are idle; resolves when the others have ended, too. */
  close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    this.plain.closeIdle();
    return closed;
  }

  closeAllConnections(): void {
    this.server.closeAllConnections();
    this.plain.closeAll();
  }
}

function tlsServer(directory: string, limits: ServerOptions, log: Log | undefined): Server {
  try {
    return createTlsServer(directory, limits, log);
  } catch (error) {
    throw error instanceof TlsFilesError ? new ListenError(error.message) : error;
  }
}

/** Idle connections must never be what ends the process. */
function maxConnections(kind: keyof typeof CONNECTION_BYTES): number {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return Math.min(MOST_CONNECTIONS, Math.floor(memory / 4 / CONNECTION_BYTES[kind]));
}

function logDrops(server: Server, log: Log): void {
  let last = -Infinity;
  server.on('drop', () => {
    if (performance.now() < last + LOG_DROPS_EVERY_MS) return;
    last = performance.now();
    log.warning('connections-dropped', { maxConnections: server.maxConnections });
  });
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

const REASONS: Readonly<Record<string, readonly [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time'],
};

/** A refused caller gets this long to read why; a reset at once would take the answer away. Milliseconds. */
const LINGER_MS = 1_000;

/** What is no HTTP never reaches the application: answered here, as plainly. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text] = REASONS[error.code ?? ''] ?? ['400 Bad Request', 'the request is not valid HTTP'];
  const body = JSON.stringify({ message: text });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  // our half is closed; whoever keeps the other half open and sends on would hold its place all the same
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
