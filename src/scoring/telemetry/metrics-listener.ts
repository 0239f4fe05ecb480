import { createServer, IncomingMessage, Server, ServerResponse } from 'http';
import { listen } from '../http/listener';
import { PROMETHEUS_CONTENT_TYPE } from './prometheus-text';

/** Scrapers are few; whoever opens more connections waits. */
const MAX_CONNECTIONS = 16;

/** Answers `GET /metrics`, and nothing else, on a listener of its own: metrics never share a port with the public. */
export class MetricsListener {
  /**
   * @param port 0 takes a free one.
   * @param text what is answered, asked for at each scrape
   * @throws ListenError if the port is taken or not allowed.
   */
  static async listen(host: string, port: number, text: () => Promise<string>): Promise<MetricsListener> {
    const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 8 * 1024 });
    server.maxConnections = MAX_CONNECTIONS;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void answer(text, request, response));
    server.on('clientError', (_error, socket) => socket.destroy());
    return new MetricsListener(server, (await listen(server, host, port)).port);
  }

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  close(): Promise<void> {
    return new Promise(resolve => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

async function answer(text: () => Promise<string>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const [path] = (request.url ?? '').split('?');
  const found = path === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
  response.writeHead(found ? 200 : 404, { 'content-type': found ? PROMETHEUS_CONTENT_TYPE : 'text/plain' });
  response.end(found ? await text() : 'Only GET /metrics is answered here.\n');
}
