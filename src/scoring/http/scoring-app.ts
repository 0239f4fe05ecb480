import { IncomingMessage, ServerResponse } from 'http';
import { EngineLostError, ScoringTimeoutError } from '../engine/engine';
import { AbandonedError, EnginePool, OverloadError } from '../engine/engine-pool';
import { Log } from '../log';
import { declaredLength, Exchange } from './exchange';
import { KeyAuth } from './key-auth';
import { queryAsJson } from './query-input';
import { BodyRefusedError, CallerGoneError, readBody, RequestBody, tooLarge } from './request-body';
import { METHODS, Route, Routes } from './routes';

/** What the application answers with. */
export interface ScoringAppOptions {
  readonly routes: Routes;
  readonly pool: EnginePool;
  /** Absent: everybody may score. */
  readonly keys?: KeyAuth;
  readonly maxBodyBytes: number;
  /** The Swagger 2.0 document, once the models are known. */
  readonly swagger: () => Buffer | undefined;
  readonly log: Log;
}

/** Versions of the OpenAPI document that are served, as `?version=` names them. */
const SWAGGER_VERSIONS = ['2', '2.0'];
const RETRY_SOON = { 'Retry-After': '1' };

const OVERLOAD: Readonly<Record<OverloadError['reason'], { readonly status: number; readonly text: string }>> = {
  'too-many-requests': { status: 429, text: 'too many requests are waiting' },
  'too-many-bytes': { status: 429, text: 'too many bytes of requests are being held' },
  'waited-too-long': { status: 503, text: 'no engine was free in time' },
  'no-engine': { status: 503, text: 'the service cannot score now' },
};

/** Answers requests. Everything that can be decided from the head is decided before any of the body is read. */
export class ScoringApp {
  private draining = false;
  private active = 0;
  private onIdle?: () => void;

  constructor(private readonly options: ScoringAppOptions) {}

  /** For `http.Server`'s `request` and `checkContinue` alike. */
  handle(request: IncomingMessage, response: ServerResponse): void {
    this.active++;
    response.once('close', () => {
      if (--this.active === 0) this.onIdle?.();
    });
    const exchange = new Exchange(request, response, () => !this.draining);
    if (exchange.refusedForItsIds()) return;
    const route = this.options.routes.match(exchange.path);
    if (route === undefined) exchange.message(404, `There is nothing at this path. Paths that score: ${this.scorePaths()}`);
    else if (!METHODS[route.kind].includes(exchange.method)) {
      exchange.message(405, 'The method is not allowed for the requested URL.', { Allow: METHODS[route.kind].join(', ') });
    } else if (exchange.method === 'OPTIONS') exchange.text(200, '', { Allow: METHODS[route.kind].join(', ') });
    else this.answer(route, exchange);
  }

  /** From now on not ready, and every answer closes its connection; what comes is answered all the same. */
  drain(): void {
    this.draining = true;
  }

  /** Resolves when nothing is being answered. */
  idle(): Promise<void> {
    return this.active === 0 ? Promise.resolve() : new Promise(resolve => (this.onIdle = resolve));
  }

  private answer(route: Route, exchange: Exchange): void {
    if (route.kind === 'home') exchange.text(200, 'Healthy');
    else if (route.kind === 'live') exchange.text(200, 'Alive');
    else if (route.kind === 'ready') this.answerReadiness(exchange);
    else if (route.kind === 'swagger') this.answerSwagger(exchange);
    else void this.answerScore(route.model, exchange);
  }

  private answerReadiness(exchange: Exchange): void {
    if (this.draining) exchange.message(503, 'stopping', RETRY_SOON);
    else if (!this.options.pool.ready) exchange.message(503, 'no engine is ready', RETRY_SOON);
    else exchange.text(200, 'Ready');
  }

  private answerSwagger(exchange: Exchange): void {
    const version = new URLSearchParams(exchange.query).get('version') ?? '2';
    const document = this.options.swagger();
    if (!SWAGGER_VERSIONS.includes(version)) {
      exchange.message(404, `There is no Swagger document of version '${version.slice(0, 20)}'; versions served: [2]`);
    } else if (document === undefined) exchange.message(503, 'the models are being loaded', RETRY_SOON);
    else exchange.json(200, document);
  }

  private async answerScore(model: number | undefined, exchange: Exchange): Promise<void> {
    const { pool } = this.options;
    if (model === undefined) return exchange.message(400, `Several models are served; score one of: ${this.scorePaths()}`);
    if (!this.mayScore(exchange) || !this.mayRead(exchange)) return;
    let held = 0;
    const hold = (bytes: number): boolean => {
      if (!pool.queue.hold(bytes)) return false;
      held += bytes;
      return true;
    };
    try {
      const { chunks, bytes } = await this.input(exchange, hold);
      const result = await pool.score({ model, body: chunks, bytes }, exchange.response);
      exchange.json(result.status, result.body, {
        'x-ms-run-function-failed': result.runFailed ? 'True' : 'False',
        'x-ms-run-fn-exec-ms': result.engineMs.toFixed(3),
      });
      if (result.status >= 500) this.logFailure(exchange, result.status, result.body.toString());
    } catch (error) {
      this.answerFailure(exchange, error as Error);
    } finally {
      pool.queue.release(held);
    }
  }

  private mayScore(exchange: Exchange): boolean {
    const { keys } = this.options;
    if (keys === undefined || keys.admits(exchange.request.headers.authorization)) return true;
    exchange.message(401, 'A valid key is needed: Authorization: Bearer <key>', { 'WWW-Authenticate': 'Bearer' });
    return false;
  }

  /** What the head alone shows to be hopeless is refused before the body is read. */
  private mayRead(exchange: Exchange): boolean {
    const { pool, maxBodyBytes } = this.options;
    const { headers } = exchange.request;
    const announced = declaredLength(exchange.request);
    const known = Number.isFinite(announced) ? announced : 0;
    const encoding = headers['content-encoding'] ?? 'identity';
    const admission = pool.admission(known);
    if (!pool.started) this.refuse(exchange, 'no-engine');
    else if (known > maxBodyBytes) exchange.message(413, tooLarge(maxBodyBytes).message);
    else if (/^multipart\//i.test(headers['content-type'] ?? ''))
      exchange.message(415, 'multipart bodies are not read; send JSON');
    else if (encoding !== 'identity') exchange.message(415, 'encoded bodies are not read; send JSON without Content-Encoding');
    else if (admission !== 'accepted') this.refuse(exchange, admission);
    else return true;
    return false;
  }

  private async input(exchange: Exchange, hold: (bytes: number) => boolean): Promise<RequestBody> {
    if (exchange.method === 'GET') {
      const json = Buffer.from(queryAsJson(exchange.query));
      return { chunks: [json], bytes: json.length };
    }
    if (exchange.request.headers.expect !== undefined) exchange.response.writeContinue();
    return readBody(exchange.request, this.options.maxBodyBytes, hold);
  }

  private answerFailure(exchange: Exchange, error: Error): void {
    const failed = { 'x-ms-run-function-failed': 'True' };
    if (error instanceof CallerGoneError || error instanceof AbandonedError) return;
    if (error instanceof OverloadError) this.refuse(exchange, error.reason);
    else if (error instanceof BodyRefusedError)
      exchange.message(error.status, error.message, error.status === 429 ? RETRY_SOON : {});
    else if (error instanceof ScoringTimeoutError) exchange.message(504, error.message, failed);
    else if (error instanceof EngineLostError) {
      exchange.message(503, 'The engine ended while it scored this request.', { ...failed, ...RETRY_SOON });
    } else exchange.message(500, 'The server failed.');
    if (exchange.response.statusCode >= 500) this.logFailure(exchange, exchange.response.statusCode, error.message);
  }

  private refuse(exchange: Exchange, reason: OverloadError['reason']): void {
    const { status, text } = OVERLOAD[reason];
    exchange.message(status, text, RETRY_SOON);
  }

  private logFailure({ requestId, path }: Exchange, status: number, message: string): void {
    this.options.log.error('request-failed', { requestId, path, status, message });
  }

  private scorePaths(): string {
    const { scorePaths } = this.options.routes;
    return scorePaths.slice(0, 50).join(', ');
  }
}
