import { once } from 'events';
import { createServer, IncomingMessage, ServerResponse } from 'http';
import { AddressInfo } from 'net';
import { Authenticator } from '../../../../src/scoring/http/authenticator';
import { Log } from '../../../../src/scoring/log';

/** What one request was answered, and whether that was known without waiting. */
export interface Verdicts {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly atOnce: boolean;
}

/** A server that answers nothing but the authenticator's verdict. */
export interface GuardedServer {
  readonly url: string;
  ask(authorization?: string): Promise<Verdicts>;
  /** With the token as the bearer. */
  askWith(token: string): Promise<Verdicts>;
  close(): Promise<void>;
}

export async function guardedServer(authenticator: Authenticator): Promise<GuardedServer> {
  const server = createServer((request, response) => void answer(authenticator, request, response));
  server.unref().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const ask = async (authorization?: string): Promise<Verdicts> => {
    const response = await fetch(url, authorization === undefined ? {} : { headers: { authorization } });
    const { status, headers } = response;
    return { status, headers, text: await response.text(), atOnce: headers.get('at-once') === 'true' };
  };
  return {
    url,
    ask,
    askWith: token => ask(`Bearer ${token}`),
    close: async () => {
      authenticator.close();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

async function answer(authenticator: Authenticator, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const verdict = authenticator.check(request);
  response.setHeader('at-once', String(!(verdict instanceof Promise)));
  const known = await verdict;
  if (known === 'accepted') response.end('accepted');
  else response.writeHead(known.status, known.headers).end(known.message);
}

/** A log that keeps its lines. */
export interface KeptLog {
  readonly log: Log;
  readonly lines: string[];
  /** The events so far, in order. */
  readonly events: () => string[];
}

export function keptLog(): KeptLog {
  const lines: string[] = [];
  const events = (): string[] => lines.map(line => (JSON.parse(line) as { event: string }).event);
  return { log: new Log(line => lines.push(line)), lines, events };
}
