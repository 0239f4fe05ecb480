import { Dispatcher, Pool } from 'undici';
import type { ProfileInput } from './input-set';

/** How a request ended. */
export interface Answer {
  /** 0 where no answer came. */
  readonly status: number;
  /** The body where the status is not 200, shortened; the error where there is none. */
  readonly message: string;
}

const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 60_000;
const MESSAGE_CHARACTERS = 500;
/** How Node.js and undici call a connection that the other side had closed. */
const CLOSED = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** A request as it goes over the wire, but for its target. */
export type WireRequest = Pick<Dispatcher.DispatchOptions, 'headers' | 'body'>;

export function wireRequest({ body, contentType = 'application/json', headers = {} }: ProfileInput): WireRequest {
  return {
    body: typeof body === 'string' ? Buffer.from(body) : body,
    headers: ['content-type', contentType, ...Object.entries(headers).flat()],
  };
}

/** Posts to one server over connections that are kept. */
export class HttpSender {
  private readonly pool: Pool;
  private readonly path: string;

  /** @param connections how many at most; as many as requests are in flight by default */
  constructor(scoringUri: string, connections?: number) {
    const { origin, pathname, search } = new URL(scoringUri);
    this.path = pathname + search;
    this.pool = new Pool(origin, {
      connections: connections ?? null,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      bodyTimeout: REQUEST_TIMEOUT_MS,
      connect: { noDelay: true, timeout: REQUEST_TIMEOUT_MS },
    });
  }

  /** Never rejects. */
  async send(request: WireRequest): Promise<Answer> {
    const first = await this.sendOnce(request);
    // the server closed an idle connection while the request was on its way: HTTP's own advice is to send it again
    return first.closed ? this.sendOnce(request) : first;
  }

  /** Breaks off what is in flight. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private sendOnce(request: WireRequest): Promise<Answer & { readonly closed?: boolean }> {
    return new Promise(resolve => {
      let status = 0;
      let message = '';
      this.pool.dispatch(
        { ...request, method: 'POST', path: this.path },
        {
          onConnect() {},
          onHeaders(statusCode) {
            status = statusCode;
            return true;
          },
          onData(chunk) {
            if (status !== 200 && message.length < MESSAGE_CHARACTERS) message += chunk.toString('utf8');
            return true;
          },
          onComplete: () => resolve({ status, message: message.slice(0, MESSAGE_CHARACTERS) }),
          onError: (error: NodeJS.ErrnoException) =>
            resolve({ status: 0, message: error.message, closed: status === 0 && CLOSED.includes(error.code ?? '') }),
        },
      );
    });
  }
}
