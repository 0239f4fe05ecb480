import { Socket } from 'net';
import { AnswerTerms, PlainCall } from './plain-call';
import { readPlainHead } from './plain-head';

/** Whom a connection belongs to. */
export interface PlainConnectionOwner {
  readonly terms: AnswerTerms;
  handle(call: PlainCall): void;
  /** What comes next is not plain. The connection is no longer this one's. */
  handOver(connection: PlainConnection, piece: Buffer): void;
  closed(connection: PlainConnection): void;
}

/**
 * A connection that is read without Node.js's parser and streams, which cost a small request more than all else together. It knows
 * plain requests only, one at a time; at the first of another kind the connection is handed over for good.
 */
export class PlainConnection {
  /** Whether a request has come. */
  used = false;
  /** Turns of the owner's clock since something happened. */
  quiet = 0;
  private call?: PlainCall;
  /** What came while a request was being answered. */
  private early: Buffer[] = [];

  constructor(
    readonly socket: Socket,
    private readonly owner: PlainConnectionOwner,
  ) {
    socket.on('data', this.onData).on('end', this.onEnd).on('error', ignore).on('close', this.onClose);
    socket.on('timeout', this.onTimeout);
  }

  /** Whether it waits for a request. */
  get idle(): boolean {
    return this.call === undefined;
  }

  /** Whether a request is coming. */
  get receiving(): boolean {
    return this.call !== undefined && this.call.missing > 0;
  }

  private readonly onData = (piece: Buffer): void => {
    const { call } = this;
    if (call === undefined) return this.begin(piece);
    if (piece.length <= call.missing) return call.receive(piece);
    this.early.push(piece.subarray(call.missing));
    this.socket.pause();
    if (call.missing > 0) call.receive(piece.subarray(0, call.missing));
  };

  private readonly onEnd = (): void => {
    if (this.call === undefined) this.socket.end();
    else this.socket.destroy();
  };

  /** Somebody does not read an answer. */
  private readonly onTimeout = (): void => void this.socket.destroy();

  private readonly onClose = (): void => {
    this.call?.leave();
    this.owner.closed(this);
  };

  private begin(piece: Buffer): void {
    const head = readPlainHead(piece);
    if (head === undefined || head.headBytes + head.bodyBytes < piece.length) return this.handOver(piece);
    this.used = true;
    this.quiet = 0;
    const { socket, owner } = this;
    const call = new PlainCall(head, piece.subarray(head.headBytes), socket, owner.terms, closes => this.ended(closes));
    this.call = call;
    owner.handle(call);
    if (call.missing > 0 && !call.wanted) socket.pause();
  }

  private ended(closes: boolean): void {
    this.call = undefined;
    this.quiet = 0;
    if (closes) this.socket.destroySoon();
    else if (this.early.length > 0) this.handOver(Buffer.concat(this.early));
  }

  private handOver(piece: Buffer): void {
    const { socket } = this;
    socket.off('data', this.onData).off('end', this.onEnd).off('error', ignore).off('close', this.onClose);
    socket.off('timeout', this.onTimeout);
    this.owner.handOver(this, piece);
  }
}

function ignore(): void {
  // the end of the connection follows, and says the same
}
