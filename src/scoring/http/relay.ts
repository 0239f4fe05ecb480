import { readDeadline, TimedRequest } from '../engine/deadline';
import { HeaderValues, ScoreAnswer } from '../engine/engine';
import { RequestHead } from '../engine/scoring-service';
import { Exchange } from './exchange';
import { header } from './header';

/** How requests go to engines and answers come back. */
export interface RelayOptions {
  /** A script sees all headers, a model those that say how its body is to be read. */
  readonly toScript: boolean;
  /** Whether the front has checked who calls: then a script need not see the credential. */
  readonly hidesCredentials: boolean;
  readonly maxResponseBytes: number;
  /** Azure ML v1's front end made a script's 500 a 502. */
  readonly v1StatusCodes: boolean;
  /** The header that a script's own calls continue the trace with. */
  readonly traceparent: (exchange: Exchange) => string | undefined;
}

/** Of the connection, not of the answer; or the front's own. */
const OWN_HEADERS = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer', 'content-length', 'server', 'date'],
  ...['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'traceid'],
]);

/** Turns an exchange into an engine's request, and the engine's answer into the exchange's. */
export class Relay {
  constructor(private readonly options: RelayOptions) {}

  /** What is known before the body is read: `bytes` of it are announced. */
  head(exchange: Exchange, model: number, bytes: number): RequestHead {
    const { method, path, query, route } = exchange;
    return { model, protocol: route?.protocol ?? 'azureml', method, path, query, headers: this.headersOf(exchange), bytes };
  }

  /** The whole of it: `bytes` have come. */
  request({ call, startedAt }: Exchange, head: RequestHead, body: readonly Buffer[], bytes: number): TimedRequest {
    // by name: copies by `...` live long enough to grow the heap by 15 MiB (Node.js 20, small requests)
    const { model, protocol, method, path, query, headers } = head;
    return { model, protocol, method, path, query, headers, body, bytes, deadline: readDeadline(call.headers, startedAt) };
  }

  answer(exchange: Exchange, answer: ScoreAnswer): void {
    if (exchange.call.isOver) return void answer.stream?.destroy();
    const { maxResponseBytes, v1StatusCodes, toScript } = this.options;
    exchange.runFailed = answer.runFailed;
    const status = v1StatusCodes && answer.runFailed && answer.status === 500 ? 502 : answer.status;
    const headers = toScript ? fromScript(exchange, answer) : withRun(answer.headers, answer);
    if (status >= 400) exchange.failure = textOf(answer);
    if (answer.stream !== undefined) return exchange.stream(status, headers, answer.stream, maxResponseBytes);
    const bytes = answer.body.reduce((sum, { length }) => sum + length, 0);
    if (bytes > maxResponseBytes) {
      return exchange.message(500, `The answer has ${bytes} bytes; the limit of this service is ${maxResponseBytes}.`);
    }
    exchange.answer(status, headers, answer.body);
  }

  /** What says how the body is to be read; all for a script. */
  private headersOf(exchange: Exchange): HeaderValues {
    if (this.options.toScript) return this.scriptHeaders(exchange);
    const { call } = exchange;
    return {
      'content-type': header(call, 'content-type'),
      accept: header(call, 'accept'),
      'inference-header-content-length': header(call, 'inference-header-content-length'),
    };
  }

  private scriptHeaders(exchange: Exchange): HeaderValues {
    const traceparent = this.options.traceparent(exchange);
    const { call, requestId } = exchange;
    const all: Record<string, string | string[] | undefined> = { ...call.headers, 'x-request-id': requestId };
    if (traceparent !== undefined) all.traceparent = traceparent;
    if (this.options.hidesCredentials) delete all.authorization;
    return all;
  }
}

function withRun(headers: readonly string[], { runFailed, engineMs, stream }: ScoreAnswer): string[] {
  const all = [...headers, 'x-ms-run-function-failed', runFailed ? 'True' : 'False'];
  // of a streamed answer it is not known yet
  if (stream === undefined) all.push('x-ms-run-fn-exec-ms', engineMs.toFixed(3));
  return all;
}

/** What the script said about the run goes before what was measured; what is the front's own is left out. */
function fromScript(exchange: Exchange, answer: ScoreAnswer): string[] {
  const kept: string[] = [];
  let saysRun = false;
  for (let i = 0; i < answer.headers.length; i += 2) {
    const name = answer.headers[i].toLowerCase();
    if (OWN_HEADERS.has(name) || (exchange.hasCors && name.startsWith('access-control-'))) continue;
    saysRun ||= name === 'x-ms-run-function-failed';
    kept.push(name, answer.headers[i + 1]);
  }
  return saysRun ? kept : withRun(kept, answer);
}

function textOf({ body }: ScoreAnswer): string {
  return Buffer.concat(body).toString('utf8', 0, 2000);
}
