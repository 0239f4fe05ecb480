import { randomUUID } from 'crypto';
import { IncomingMessage, ServerResponse } from 'http';
import { Readable } from 'stream';
import { header } from './header';
import { Route } from './routes';

/** Azure ML's limit for each of the three request ids. */
const MAX_ID_LENGTH = 100;
const ID_HEADERS = ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id'] as const;

/** An unread body up to this size is drained, so that the connection can be used again. */
const DRAIN_BYTES = 64 * 1024;
/** Up to this size a copy costs less than a second buffer in the system call. */
const ONE_WRITE_BYTES = 16 * 1024;
/** A caller that reads none of its answer for so long will not read the rest. */
const UNREAD_ANSWER_MS = 60_000;
/** How long a refused caller is listened to, so that it reads the answer before the connection is reset. */
const LINGER_MS = 1_000;

type Headers = Readonly<Record<string, string>>;

/** What all exchanges of a service have in common. */
export interface ExchangeOptions {
  /** Whether the connection may serve another request; asked when the answer is sent. */
  readonly mayKeepAlive: () => boolean;
  /** Headers that every answer to this request carries; names and values in turn. */
  readonly extraHeaders: (request: IncomingMessage) => readonly string[];
}

/** One request and its answer. Every answer carries the request ids; every failure is `{"message": …}`, or the protocol's own. */
export class Exchange {
  readonly method: string;
  readonly path: string;
  /** With the question mark, or empty. */
  readonly query: string;
  readonly startedAt = performance.now();
  route?: Route;
  /** 0 until the answer is sent. */
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  runFailed = false;
  /** What a failure said, for logs. */
  failure?: string;
  requestBody?: readonly Buffer[];
  responseBody?: readonly Buffer[];
  responseType = '';
  private preflightHeaders?: readonly string[];
  /** Names and values in turn, as `writeHead` takes them. */
  private readonly idHeaders: string[] = [];
  private readonly idFault?: { readonly status: number; readonly text: string };

  constructor(
    readonly request: IncomingMessage,
    readonly response: ServerResponse,
    private readonly options: ExchangeOptions,
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

  /** The caller's own id, if it sent one. */
  get clientRequestId(): string | undefined {
    return this.idHeaders[4] === 'x-ms-client-request-id' ? this.idHeaders[5] : undefined;
  }

  /** Answers 431 or 400 where an id header is not acceptable, and says whether it did. */
  refusedForItsIds(): boolean {
    if (this.idFault !== undefined) this.message(this.idFault.status, this.idFault.text);
    return this.idFault !== undefined;
  }

  /** A failure in the form of the protocol that was asked. */
  message(status: number, text: string, headers: Headers = {}): void {
    this.failure = text;
    if (this.route?.protocol === 'oip') return this.send(status, 'application/json', json({ error: text }), flat(headers));
    this.json(status, json({ message: text }), { 'x-ms-run-function-failed': 'False', ...headers });
  }

  /** The answer to a browser's question, whose headers replace those that every answer carries. */
  preflight(headers: readonly string[]): void {
    this.preflightHeaders = headers;
    this.text(200, '', { 'x-ms-run-function-failed': 'False' });
  }

  /** Whether the front itself says which pages may read this answer. */
  get hasCors(): boolean {
    return this.extraHeaders().length > 0;
  }

  json(status: number, body: Buffer, headers: Headers = {}): void {
    this.send(status, 'application/json', body, flat(headers));
  }

  text(status: number, text: string, headers: Headers = {}): void {
    this.send(status, 'text/html; charset=utf-8', Buffer.from(text), flat(headers));
  }

  /** `headers`: names and values in turn, the content type included. */
  answer(status: number, headers: readonly string[], body: readonly Buffer[]): void {
    let bytes = 0;
    for (const chunk of body) bytes += chunk.length;
    this.head(status, headers, bytes);
    this.responseBody = body;
    this.write(body);
  }

  /** Sends the pieces as they come; where they end in an error the connection is cut, so that nobody takes them for the whole. */
  stream(status: number, headers: readonly string[], body: Readable, maxBytes: number): void {
    const { response } = this;
    this.head(status, headers);
    response.flushHeaders();
    const cut = (): void => void response.destroy();
    // it broke off before anybody listened, and says so to nobody again
    if (body.destroyed) return cut();
    body.on('data', (piece: Buffer) => {
      this.responseBytes += piece.length;
      if (this.responseBytes > maxBytes) body.destroy(new Error(`the answer is longer than ${maxBytes} bytes`));
    });
    body.once('error', cut);
    response.once('close', () => body.destroy());
    body.pipe(response);
    this.cutWhereUnread();
  }

  private send(status: number, contentType: string, body: Buffer, headers: readonly string[]): void {
    if (this.response.headersSent || this.response.destroyed) return;
    this.head(status, ['content-type', contentType, ...headers], body.length);
    this.write([body]);
  }

  /** Names and values in turn, for `writeHead`. */
  private head(status: number, headers: readonly string[], bytes?: number): void {
    const { response, options } = this;
    this.status = status;
    this.responseBytes = bytes ?? 0;
    this.responseType = headers[0] === 'content-type' ? headers[1] : '';
    const all = this.idHeaders.slice();
    for (const part of headers) all.push(part);
    if (bytes !== undefined) all.push('content-length', String(bytes));
    for (const part of this.extraHeaders()) all.push(part);
    if (this.leavesUnread() || !options.mayKeepAlive()) all.push('connection', 'close');
    response.writeHead(status, all);
  }

  private write(body: readonly Buffer[]): void {
    const { request, response } = this;
    const content = this.method === 'HEAD' ? [] : body;
    if (this.leavesUnread()) return this.linger(content);
    if (!request.readableEnded) request.resume();
    if (content.length === 1 && content[0].length <= ONE_WRITE_BYTES) {
      // as text, which Node.js appends to the head: one write; Latin-1 keeps every byte
      response.end(content[0].toString('latin1'), 'latin1');
      return;
    }
    for (let i = 0; i < content.length - 1; i++) response.write(content[i]);
    response.end(content[content.length - 1]);
    if (response.writableLength > 0) this.cutWhereUnread();
  }

  private cutWhereUnread(): void {
    const { response } = this;
    response.setTimeout(UNREAD_ANSWER_MS, () => response.destroy());
  }

  private extraHeaders(): readonly string[] {
    return this.preflightHeaders ?? this.options.extraHeaders(this.request);
  }

  private leavesUnread(): boolean {
    const { request } = this;
    return !request.complete && (declaredLength(request) > DRAIN_BYTES || header(request, 'expect') !== undefined);
  }

  /** Answers at once, but closes only when the caller has had time to read the answer: a reset would take it away. */
  private linger(content: readonly Buffer[]): void {
    const { request, response } = this;
    if (content.length === 0) response.flushHeaders();
    for (const chunk of content) response.write(chunk);
    const end = (): void => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(end, LINGER_MS);
    request.once('close', end).once('end', end).resume();
  }

  /** Azure ML's rules: the request id is echoed or made; the older header is answered too, the client's only if it sent one. */
  private readIds(): { readonly status: number; readonly text: string } | undefined {
    const { request } = this;
    const faulty = ID_HEADERS.find(name => !isAcceptableId(header(request, name)));
    if (faulty !== undefined) {
      this.idHeaders.push('x-request-id', randomUUID());
      const tooLong = (header(request, faulty) as string).length > MAX_ID_LENGTH;
      return tooLong
        ? { status: 431, text: `${faulty} is longer than ${MAX_ID_LENGTH} characters` }
        : { status: 400, text: `${faulty} may hold visible ASCII characters only` };
    }
    const own = header(request, 'x-request-id');
    const legacy = header(request, 'x-ms-request-id');
    const client = header(request, 'x-ms-client-request-id');
    const requestId = own || randomUUID();
    this.idHeaders.push('x-request-id', requestId, 'x-ms-request-id', legacy || client || requestId);
    if (client || legacy) this.idHeaders.push('x-ms-client-request-id', client || legacy || '');
    const trace = header(request, 'traceid');
    if (trace !== undefined && isAcceptableId(trace)) this.idHeaders.push('TraceId', trace);
    return undefined;
  }
}

/** What `Content-Length` says; infinite for a chunked body, 0 for none. */
export function declaredLength(request: IncomingMessage): number {
  if (header(request, 'transfer-encoding') !== undefined) return Infinity;
  return Number(header(request, 'content-length') ?? 0);
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function flat(headers: Headers): string[] {
  return Object.keys(headers).flatMap(name => [name, headers[name]]);
}

function isAcceptableId(value: string | undefined): boolean {
  return value === undefined || (value.length <= MAX_ID_LENGTH && /^[\x21-\x7e]*$/.test(value));
}
