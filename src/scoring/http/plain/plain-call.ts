import { IncomingHttpHeaders, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'http';
import { Socket } from 'net';
import { Readable } from 'stream';
import { Call, CallObserver, DRAIN_BYTES, LINGER_MS, ONE_WRITE_BYTES } from '../call';
import { BodyCollector, CallerGoneError, Hold, RequestBody } from '../request-body';
import { ChunkedBody } from './chunked-body';
import { httpDate } from './http-date';
import { PlainHead } from './plain-head';

interface Reader {
  readonly collector: BodyCollector;
  readonly resolve: (body: RequestBody) => void;
  readonly reject: (error: Error) => void;
}

/** What is the same for all answers. */
export interface AnswerTerms {
  /** `Connection` and `Keep-Alive` of answers after which the connection stays; with its line ends. */
  readonly keepAliveHeaders: string;
  /** A caller that reads none of its answer for so long is cut off. */
  readonly unreadAnswerMs: number;
}

/** A request that a plain connection read, and its answer. */
export class PlainCall implements Call {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  observer?: CallObserver;
  /** Bytes of the body that are still to come. */
  missing: number;
  /** Whether somebody wants what comes. */
  wanted = false;
  private first?: Buffer;
  private reader?: Reader;
  private streamed?: Readable;
  private begun = false;
  private gone = false;
  private finished = false;
  /** What happens when the body is complete, once the answer is out. */
  private afterBody?: () => void;

  /** @param first what came of the body with the head. @param end called once, when the answer is out. */
  constructor(
    head: PlainHead,
    first: Buffer,
    readonly socket: Socket,
    private readonly terms: AnswerTerms,
    private readonly end: (closes: boolean) => void,
  ) {
    this.method = head.method;
    this.url = head.url;
    this.headers = head.headers;
    this.first = first;
    this.missing = head.bodyBytes - first.length;
  }

  get caller(): Socket {
    return this.socket;
  }

  get isOver(): boolean {
    return this.begun || this.gone;
  }

  readBody(maxBytes: number, hold: Hold): RequestBody | Promise<RequestBody> {
    if (this.gone) throw new CallerGoneError();
    const collector = new BodyCollector(maxBytes, hold);
    const { first } = this;
    this.first = undefined;
    const refusal = first !== undefined && first.length > 0 ? collector.add(first) : undefined;
    if (refusal !== undefined) throw refusal;
    if (this.missing === 0) return collector.end();
    this.want();
    return new Promise((resolve, reject) => (this.reader = { collector, resolve, reject }));
  }

  /** A piece of the body: no more than is missing. */
  receive(piece: Buffer): void {
    this.missing -= piece.length;
    const { reader } = this;
    if (reader !== undefined) {
      const refusal = reader.collector.add(piece);
      if (refusal !== undefined || this.missing === 0) this.reader = undefined;
      if (refusal !== undefined) reader.reject(refusal);
      else if (this.missing === 0) reader.resolve(reader.collector.end());
    }
    if (this.missing === 0) this.afterBody?.();
  }

  /** The caller has left. */
  leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.reader?.reject(new CallerGoneError());
    this.finish(true);
  }

  send(status: number, headers: readonly string[], body: readonly Buffer[], keepAlive: boolean): void {
    const { socket } = this;
    const closes = this.closesAfter(keepAlive);
    const head = this.head(status, headers, closes);
    const content = hasBody(status) ? body : [];
    const sent = (): void => this.sent(closes);
    if (content.length <= 1 && (content.length === 0 || content[0].length <= ONE_WRITE_BYTES)) {
      // one text, one write; Latin-1 keeps every byte
      socket.write(content.length === 0 ? head : head + content[0].toString('latin1'), 'latin1', sent);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      for (let i = 0; i < content.length - 1; i++) socket.write(content[i]);
      socket.write(content[content.length - 1], sent);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.cutWhereUnread();
  }

  stream(status: number, headers: readonly string[], body: Readable, keepAlive: boolean): void {
    const { socket } = this;
    const closes = this.closesAfter(keepAlive);
    const cut = (): void => void socket.destroy();
    socket.write(this.head(status, [...headers, 'transfer-encoding', 'chunked'], closes), 'latin1');
    // it broke off before anybody listened, and says so to nobody again
    if (body.destroyed) return cut();
    body.once('error', cut);
    this.streamed = body;
    const chunks = body.pipe(new ChunkedBody());
    chunks.once('end', () => socket.write('0\r\n\r\n', 'latin1', () => this.sent(closes)));
    chunks.pipe(socket, { end: false });
    this.cutWhereUnread();
  }

  /** Whether the connection ends with this answer: so much that is unread is not waited for. */
  private closesAfter(keepAlive: boolean): boolean {
    return !keepAlive || this.missing > DRAIN_BYTES;
  }

  private head(status: number, headers: readonly string[], closes: boolean): string {
    this.begun = true;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    for (let i = 0; i < headers.length; i += 2) {
      validateHeaderName(headers[i]);
      validateHeaderValue(headers[i], headers[i + 1]);
      head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    }
    return `${head}Date: ${httpDate()}\r\n${closes ? 'Connection: close\r\n' : this.terms.keepAliveHeaders}\r\n`;
  }

  /** The connection ends where nothing happens for so long. */
  private cutWhereUnread(): void {
    this.socket.setTimeout(this.terms.unreadAnswerMs);
  }

  /** The answer is out; the request may not be in. */
  private sent(closes: boolean): void {
    if (this.socket.timeout) this.socket.setTimeout(0);
    if (this.missing === 0) return this.finish(closes);
    const lingering = closes ? setTimeout(() => this.finish(true), LINGER_MS) : undefined;
    this.afterBody = () => {
      clearTimeout(lingering);
      this.finish(closes);
    };
    this.want();
  }

  private want(): void {
    this.wanted = true;
    if (this.socket.isPaused()) this.socket.resume();
  }

  private finish(closes: boolean): void {
    if (this.finished) return;
    this.finished = true;
    this.streamed?.destroy();
    this.observer?.callEnded();
    this.end(closes);
  }
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 304;
}
