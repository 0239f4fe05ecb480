import { Log } from '../log';
import { ServedModel } from '../model/model-layout';
import { Telemetry } from '../telemetry/telemetry';
import { continueTrace, formatTraceparent, TraceContext } from '../telemetry/trace-context';
import { Exchange } from './exchange';
import { Route } from './routes';
import { ExchangeObserver } from './scoring-app';

/** Of log lines and exceptions; an answer may be of any length. */
const MAX_TEXT = 2_000;

/** The names of routes in metrics; never a path that a caller chose. */
const ROUTE_NAMES: Readonly<Record<Route['kind'], string>> = {
  home: '/',
  live: '/health/live',
  ready: '/health/ready',
  swagger: '/swagger.json',
  score: '/score',
  server: '/v2',
  model: '/v2/models',
  'model-ready': '/v2/models/ready',
};
const PROBES: ReadonlySet<Route['kind']> = new Set(['home', 'live', 'ready', 'model-ready']);

/** Tells log and telemetry of every exchange. */
export class ExchangeReporter implements ExchangeObserver {
  private readonly traces = new WeakMap<Exchange, TraceContext>();

  constructor(
    private readonly telemetry: Telemetry,
    private readonly log: Log,
    private readonly logsAll: boolean,
    private readonly models: readonly ServedModel[],
  ) {}

  answered(exchange: Exchange): void {
    const { route, status, startedAt, requestBytes, responseBytes } = exchange;
    const ms = performance.now() - startedAt;
    this.telemetry.metrics?.requestDone(nameOf(route), status, ms / 1000, requestBytes, responseBytes);
    // 0: the caller left before there was an answer
    // a probe that is told to wait is no failure
    if (status >= 500 && !isProbe(route)) this.logFailure(exchange);
    else if (this.logsAll) this.logRequest(exchange, ms);
    if (this.telemetry.recordsRequests && !isProbe(route)) this.record(exchange, ms);
    if (this.telemetry.collects && route?.kind === 'score' && status === 200) this.collect(exchange);
  }

  rejected(reason: string): void {
    this.telemetry.metrics?.rejected(reason);
  }

  /** This server's span; the same for all that happens in the exchange. */
  trace(exchange: Exchange): TraceContext {
    const known = this.traces.get(exchange);
    if (known !== undefined) return known;
    const { traceparent, tracestate } = exchange.call.headers;
    const trace = continueTrace(single(traceparent), single(tracestate));
    this.traces.set(exchange, trace);
    return trace;
  }

  traceparent(exchange: Exchange): string {
    return formatTraceparent(this.trace(exchange));
  }

  private logFailure({ requestId, path, status, failure }: Exchange): void {
    this.log.error('request-failed', { requestId, path, status, message: failure?.slice(0, MAX_TEXT) });
  }

  private logRequest({ requestId, method, path, status, requestBytes, responseBytes }: Exchange, ms: number): void {
    this.log.info('request', { requestId, method, path, status, ms: Math.round(ms * 1000) / 1000, requestBytes, responseBytes });
  }

  private record(exchange: Exchange, ms: number): void {
    const { method, path, status, requestId, clientRequestId, failure, responseBody } = exchange;
    const trace = this.trace(exchange);
    this.telemetry.request({
      ...{ method, path, url: path, status, requestId, clientRequestId, trace },
      startedAt: Date.now() - ms,
      seconds: ms / 1000,
      response: responseBody && Buffer.concat(responseBody),
    });
    if (status < 500) return;
    this.telemetry.exception(new Error(failure?.slice(0, MAX_TEXT) ?? `status ${status}`), { requestId, clientRequestId, trace });
  }

  private collect({ route, requestId, clientRequestId, path, method, call, ...exchange }: Exchange): void {
    const model = this.models[route?.model ?? 0];
    this.telemetry.collect({
      modelName: model?.name ?? 'script',
      modelVersion: String(model?.version ?? 1),
      requestId,
      correlationId: clientRequestId,
      time: new Date(),
      path,
      method,
      status: exchange.status,
      input: Buffer.concat(exchange.requestBody ?? []),
      inputType: call.headers['content-type'],
      output: Buffer.concat(exchange.responseBody ?? []),
      outputType: exchange.responseType,
    });
  }
}

function nameOf(route: Route | undefined): string {
  if (route === undefined) return 'none';
  return route.kind === 'score' && route.protocol === 'oip' ? '/v2/models/infer' : ROUTE_NAMES[route.kind];
}

function isProbe(route: Route | undefined): boolean {
  return route !== undefined && PROBES.has(route.kind);
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
