import { randomUUID } from 'crypto';
import { IncomingMessage, ServerResponse } from 'http';

/** Azure ML's limit for each of the three request ids. */
const MAX_ID_LENGTH = 100;
const ID_HEADERS = ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id'] as const;

/** An unread body up to this size is drained, so that the connection can be used again. */
const DRAIN_BYTES = 64 * 1024;
/** How long a refused caller is listened to, so that it reads the answer before the connection is reset. */
const LINGER_MS = 1_000;

type Headers = Readonly<Record<string, string>>;

/** One request and its answer. Every answer carries the request ids; every failure is `{"message": …}`. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  /** With the question mark, or empty. */
  readonly query: string;
  /** Names and values in turn, as `writeHead` takes them. */
  private readonly idHeaders: string[] = [];
  private readonly idFault?: { readonly status: number; readonly text: string };

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    /** Whether the connection may serve another request; asked when the answer is sent. */
    private readonly mayKeepAlive: () => boolean,
  ) {
    this.method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark);
    this.idFault = this.readIds();
  }

  /** The id that every log line about this request carries. */
  get requestId(): string {
    return this.idHeaders[1];
  }

  /** Answers 431 or 400 where an id header is not acceptable, and says whether it did. */
  refusedForItsIds(): boolean {
    if (this.idFault !== undefined) this.message(this.idFault.status, this.idFault.text);
    return this.idFault !== undefined;
  }

  message(status: number, text: string, headers: Headers = {}): void {
    this.json(status, Buffer.from(JSON.stringify({ message: text })), headers);
  }

  json(status: number, body: Buffer, headers: Headers = {}): void {
    this.send(status, 'application/json', body, { 'x-ms-run-function-failed': 'False', ...headers });
  }

  text(status: number, text: string, headers: Headers = {}): void {
    this.send(status, 'text/html; charset=utf-8', Buffer.from(text), headers);
  }

  private send(status: number, contentType: string, body: Buffer, headers: Headers): void {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) return;
    const unread = !request.complete && (declaredLength(request) > DRAIN_BYTES || request.headers.expect !== undefined);
    const all = [...this.idHeaders, 'content-type', contentType, 'content-length', String(body.length)];
    for (const name of Object.keys(headers)) all.push(name, headers[name]);
    if (unread || !this.mayKeepAlive()) all.push('connection', 'close');
    response.writeHead(status, all);
    const content = this.method === 'HEAD' ? undefined : body;
    if (unread) this.linger(content);
    else {
      request.resume();
      response.end(content);
    }
  }

  /** Answers at once, but closes only when the caller has had time to read the answer: a reset would take it away. */
  private linger(content: Buffer | undefined): void {
    const { request, response } = this;
    if (content === undefined) response.flushHeaders();
    else response.write(content);
    const end = (): void => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(end, LINGER_MS);
    request.once('close', end).once('end', end).resume();
  }

  /** Azure ML's rules: the request id is echoed or made; the older header is answered too, the client's only if it sent one. */
  private readIds(): { readonly status: number; readonly text: string } | undefined {
    const { headers } = this.request;
    const faulty = ID_HEADERS.find(name => !isAcceptableId(headers[name]));
    if (faulty !== undefined) {
      this.idHeaders.push('x-request-id', randomUUID());
      const tooLong = (headers[faulty] as string).length > MAX_ID_LENGTH;
      return tooLong
        ? { status: 431, text: `${faulty} is longer than ${MAX_ID_LENGTH} characters` }
        : { status: 400, text: `${faulty} may hold visible ASCII characters only` };
    }
    const [own, legacy, client] = ID_HEADERS.map(name => headers[name] as string | undefined);
    const requestId = own || randomUUID();
    this.idHeaders.push('x-request-id', requestId, 'x-ms-request-id', legacy || client || requestId);
    if (client || legacy) this.idHeaders.push('x-ms-client-request-id', client || legacy || '');
    const trace = headers.traceid as string | undefined;
    if (trace !== undefined && isAcceptableId(trace)) this.idHeaders.push('TraceId', trace);
    return undefined;
  }
}

/** What `Content-Length` says; infinite for a chunked body, 0 for none. */
export function declaredLength(request: IncomingMessage): number {
  if (request.headers['transfer-encoding'] !== undefined) return Infinity;
  return Number(request.headers['content-length'] ?? 0);
}

function isAcceptableId(value: string | string[] | undefined): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= MAX_ID_LENGTH && /^[\x21-\x7e]*$/.test(value));
}
