import { randomUUID } from 'crypto';
import { Readable } from 'stream';
import { Call, CallHead, CallObserver } from './call';
import { header } from './header';
import { Route } from './routes';

/** Azure ML's limit for each of the three request ids. */
const MAX_ID_LENGTH = 100;
const ID_HEADERS = ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id'] as const;

type Headers = Readonly<Record<string, string>>;

/** What all exchanges of a service have in common. */
export interface ExchangeOptions {
  /** Whether the connection may serve another request; asked when the answer is sent. */
  readonly mayKeepAlive: () => boolean;
  /** The connection is done with it. */
  readonly ended: (exchange: Exchange) => void;
  /** Headers that every answer to this request carries; names and values in turn. */
  readonly extraHeaders: (request: CallHead) => readonly string[];
}

/** One request and its answer. Every answer carries the request ids; every failure is `{"message": …}`, or the protocol's own. */
export class Exchange implements CallObserver {
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
    readonly call: Call,
    private readonly options: ExchangeOptions,
  ) {
    const { method, url } = call;
    this.method = method;
    const mark = url.indexOf('?');
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = mark < 0 ? '' : url.slice(mark);
    this.idFault = this.readIds();
    call.observer = this;
  }

  callEnded(): void {
    this.options.ended(this);
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

  /** A failure in the form of the protocol that was asked; `cause` is for logs. */
  message(status: number, text: string, headers: Headers = {}, cause = text): void {
    this.failure = cause;
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
    this.responseBody = body;
    this.call.send(status, this.head(status, headers, bytes), body, this.options.mayKeepAlive());
  }

  /** Sends the pieces as they come, and breaks off where they are more than `maxBytes`. */
  stream(status: number, headers: readonly string[], body: Readable, maxBytes: number): void {
    const all = this.head(status, headers);
    body.on('data', (piece: Buffer) => {
      this.responseBytes += piece.length;
      if (this.responseBytes > maxBytes) body.destroy(new Error(`the answer is longer than ${maxBytes} bytes`));
    });
    this.call.stream(status, all, body, this.options.mayKeepAlive());
  }

  private send(status: number, contentType: string, body: Buffer, headers: readonly string[]): void {
    if (this.call.isOver) return;
    const all = this.head(status, ['content-type', contentType, ...headers], body.length);
    this.call.send(status, all, [body], this.options.mayKeepAlive());
  }

  /** All headers, names and values in turn. */
  private head(status: number, headers: readonly string[], bytes?: number): string[] {
    this.status = status;
    this.responseBytes = bytes ?? 0;
    this.responseType = headers[0] === 'content-type' ? headers[1] : '';
    const all = this.idHeaders.slice();
    for (const part of headers) all.push(part);
    if (bytes !== undefined) all.push('content-length', String(bytes));
    for (const part of this.extraHeaders()) all.push(part);
    return all;
  }

  private extraHeaders(): readonly string[] {
    return this.preflightHeaders ?? this.options.extraHeaders(this.call);
  }

  /** Azure ML's rules: the request id is echoed or made; the older header is answered too, the client's only if it sent one. */
  private readIds(): { readonly status: number; readonly text: string } | undefined {
    const { call } = this;
    const faulty = ID_HEADERS.find(name => !isAcceptableId(header(call, name)));
    if (faulty !== undefined) {
      this.idHeaders.push('x-request-id', randomUUID());
      const tooLong = (header(call, faulty) as string).length > MAX_ID_LENGTH;
      return tooLong
        ? { status: 431, text: `${faulty} is longer than ${MAX_ID_LENGTH} characters` }
        : { status: 400, text: `${faulty} may hold visible ASCII characters only` };
    }
    const own = header(call, 'x-request-id');
    const legacy = header(call, 'x-ms-request-id');
    const client = header(call, 'x-ms-client-request-id');
    const requestId = own || randomUUID();
    this.idHeaders.push('x-request-id', requestId, 'x-ms-request-id', legacy || client || requestId);
    if (client || legacy) this.idHeaders.push('x-ms-client-request-id', client || legacy || '');
    const trace = header(call, 'traceid');
    if (trace !== undefined && isAcceptableId(trace)) this.idHeaders.push('TraceId', trace);
    return undefined;
  }
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
