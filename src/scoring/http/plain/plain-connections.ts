import { Server } from 'http';
import { Socket } from 'net';
import { Server as TlsServer } from 'tls';
import { AnswerTerms, PlainCall } from './plain-call';
import { PlainConnection, PlainConnectionOwner } from './plain-connection';

/** Milliseconds each. */
export interface PlainConnectionsOptions {
  readonly keepAliveTimeout: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly unreadAnswerTimeout: number;
  readonly handle: (call: PlainCall) => void;
}

/** Takes a server's connections before Node.js reads them, and gives it those whose requests are not plain. */
export class PlainConnections implements PlainConnectionOwner {
  readonly terms: AnswerTerms;
  readonly handle: (call: PlainCall) => void;
  private readonly open = new Set<PlainConnection>();
  private readonly readByNode: (socket: Socket) => void;

  constructor(
    private readonly server: Server,
    private readonly options: PlainConnectionsOptions,
  ) {
    this.handle = options.handle;
    this.terms = {
      keepAliveHeaders: `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.keepAliveTimeout / 1000)}\r\n`,
      unreadAnswerMs: options.unreadAnswerTimeout,
    };
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    const [listener] = server.listeners(event);
    this.readByNode = socket => void listener.call(server, socket);
    server.off(event, listener as () => void).on(event, (socket: Socket) => this.take(socket));
    const clock = setInterval(() => this.sweep(), options.connectionsCheckingInterval).unref();
    server.once('close', () => clearInterval(clock));
  }

  handOver(connection: PlainConnection, piece: Buffer): void {
    const { socket } = connection;
    this.open.delete(connection);
    socket.unshift(piece);
    this.readByNode(socket);
    socket.resume();
  }

  closed(connection: PlainConnection): void {
    this.open.delete(connection);
  }

  closeIdle(): void {
    for (const connection of this.open) if (connection.idle) connection.socket.destroySoon();
  }

  closeAll(): void {
    for (const { socket } of this.open) socket.destroy();
  }

  private take(socket: Socket): void {
    this.open.add(new PlainConnection(socket, this));
  }

  private sweep(): void {
    for (const connection of this.open) {
      const quietMs = connection.quiet++ * this.options.connectionsCheckingInterval;
      if (quietMs > this.patience(connection)) this.endQuiet(connection);
    }
  }

  /** How long it may go on as it is. */
  private patience({ idle, used, receiving }: PlainConnection): number {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = this.options;
    if (idle) return used ? keepAliveTimeout : headersTimeout;
    return receiving ? requestTimeout : Infinity;
  }

  private endQuiet({ socket, idle, used }: PlainConnection): void {
    if (idle && used) return socket.destroySoon();
    const error = Object.assign(new Error('the request did not arrive in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    this.server.emit('clientError', error, socket);
  }
}
