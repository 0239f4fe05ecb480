import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'http';
import { Socket } from 'net';
import { Readable } from 'stream';
import { Call, CallObserver, declaredLength, DRAIN_BYTES, LINGER_MS, ONE_WRITE_BYTES } from './call';
import { header } from './header';
import { Hold, readBody, RequestBody } from './request-body';

/** A request that Node.js read. */
export class NodeCall implements Call {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  observer?: CallObserver;

  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    private readonly unreadAnswerMs: number,
  ) {
    this.method = request.method ?? 'GET';
    this.url = request.url ?? '/';
    this.headers = request.headers;
    this.socket = request.socket;
    response.once('close', () => this.observer?.callEnded());
  }

  get caller(): ServerResponse {
    return this.response;
  }

  get isOver(): boolean {
    return this.response.headersSent || this.response.destroyed;
  }

  readBody(maxBytes: number, hold: Hold): Promise<RequestBody> {
    if (header(this.request, 'expect') !== undefined) this.response.writeContinue();
    return readBody(this.request, maxBytes, hold);
  }

  send(status: number, headers: readonly string[], body: readonly Buffer[], keepAlive: boolean): void {
    const { request, response } = this;
    this.head(status, headers, keepAlive);
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

  stream(status: number, headers: readonly string[], body: Readable, keepAlive: boolean): void {
    const { response } = this;
    this.head(status, headers, keepAlive);
    response.flushHeaders();
    const cut = (): void => void response.destroy();
    // it broke off before anybody listened, and says so to nobody again
    if (body.destroyed) return cut();
    body.once('error', cut);
    response.once('close', () => body.destroy());
    body.pipe(response);
    this.cutWhereUnread();
  }

  private head(status: number, headers: readonly string[], keepAlive: boolean): void {
    const closes = !keepAlive || this.leavesUnread();
    this.response.writeHead(status, closes ? [...headers, 'connection', 'close'] : (headers as string[]));
  }

  private cutWhereUnread(): void {
    const { response } = this;
    response.setTimeout(this.unreadAnswerMs, () => response.destroy());
  }

  private leavesUnread(): boolean {
    const { request } = this;
    return !request.complete && (declaredLength(request) > DRAIN_BYTES || header(request, 'expect') !== undefined);
  }

  /** Answers at once, but closes only when the caller has had time to read the answer. */
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
}
