import { IncomingHttpHeaders } from 'http';

/** The head of a plain request. */
export interface PlainHead {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Up to the first byte of the body. */
  readonly headBytes: number;
  readonly bodyBytes: number;
}

/** Of every request, whoever reads it. */
export const MAX_HEAD_BYTES = 16 * 1024;
export const MAX_HEADERS = 100;

const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

/** No two parts of it can match the same character, so it takes time in proportion to the text. */
const HEAD = /^(GET|POST) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n((?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e]*\r\n)+)\r\n$/;

/** These say how a body is read, or what becomes of the connection. */
const NOT_PLAIN = new Set([
  ...['transfer-encoding', 'content-encoding', 'expect', 'upgrade', 'trailer', 'te', 'proxy-connection', 'http2-settings'],
]);

/**
 * Reads a head that leaves nothing to interpretation: GET or POST, all of it in one piece, each header once, in visible ASCII, a
 * body of a length that is given in digits, and a connection that stays. Undefined for all else, which is not therefore wrong.
 */
export function readPlainHead(piece: Buffer): PlainHead | undefined {
  const headBytes = piece.indexOf(HEAD_END) + HEAD_END.length;
  if (headBytes < HEAD_END.length || headBytes > MAX_HEAD_BYTES) return undefined;
  const parts = HEAD.exec(piece.toString('latin1', 0, headBytes));
  if (parts === null) return undefined;
  const [, method, url, lines] = parts;
  const headers = readHeaders(lines);
  const bodyBytes = headers && bodyLength(method, headers);
  return headers && bodyBytes !== undefined ? { method, url, headers, headBytes, bodyBytes } : undefined;
}

function readHeaders(lines: string): IncomingHttpHeaders | undefined {
  // no prototype: a header may be called `__proto__`
  const headers = Object.create(null) as IncomingHttpHeaders;
  let count = 0;
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf(LINE_END, at);
    const name = lines.slice(at, colon).toLowerCase();
    if (++count > MAX_HEADERS || NOT_PLAIN.has(name) || headers[name] !== undefined) return undefined;
    headers[name] = lines.slice(colon + 1, end).trim();
    at = end + LINE_END.length;
  }
  return headers;
}

/** Undefined where it is not given as everybody reads it, or the head says more of the connection than that it stays. */
function bodyLength(method: string, { host, connection, 'content-length': length }: IncomingHttpHeaders): number | undefined {
  if (host === undefined || (connection !== undefined && connection.toLowerCase() !== 'keep-alive')) return undefined;
  if (length === undefined) return 0;
  return method === 'POST' && /^\d{1,12}$/.test(length) ? Number(length) : undefined;
}
