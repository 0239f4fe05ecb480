import { IncomingMessage, request as httpRequest } from 'http';
import { RowRequest } from './row';

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  /** In their order, repeated ones too. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly body: Buffer;
  /** How many pieces the body arrived in. */
  readonly pieces: number;
}

/** Longer than any row's answer takes. */
const PATIENCE_MS = 30_000;

/** Sends the request on a connection of its own. */
export function send(port: number, { method, path, headers = {}, body }: RowRequest): Promise<Answer> {
  const typed = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = typed ? body : JSON.stringify(body);
  const all: Record<string, string | readonly string[]> = {
    Connection: 'keep-alive',
    ...(typed ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, method, path, agent: false, timeout: PATIENCE_MS });
    for (const [name, value] of Object.entries(all)) sent.setHeader(name, value);
    sent.once('timeout', () => sent.destroy(new Error(`no answer within ${PATIENCE_MS} ms`)));
    sent.once('error', reject).once('response', response => void read(response).then(resolve, reject));
    sent.end(bytes);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  response.destroy();
  const { rawHeaders } = response;
  const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]] as const] : []));
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(pieces), pieces: pieces.length };
}
