import { EngineLostError, ScoringTimeoutError } from '../engine/engine';
import { AbandonedError, OverloadError } from '../engine/engine-pool';
import { RequestHead, ScoringService } from '../engine/scoring-service';
import { Authenticator } from './authenticator';
import { Call, declaredLength } from './call';
import { Cors } from './cors';
import { Exchange, ExchangeOptions } from './exchange';
import { header } from './header';
import { queryAsJson } from './query-input';
import { Relay } from './relay';
import { BodyRefusedError, CallerGoneError, Hold, RequestBody, tooLarge } from './request-body';
import { methodsOf, Route, Routes } from './routes';

/** Who is told of every request, when its connection is done with it. */
export interface ExchangeObserver {
  answered(exchange: Exchange): void;
  rejected(reason: string): void;
}

/** Documents that describe what is served, once that is known. */
export interface Descriptions {
  /** By `?version=`; a text for the caller where there is none. */
  swagger(version: string | null): { readonly document: Buffer } | { readonly status: number; readonly message: string };
  /** The Open Inference Protocol's description of the server, or of one model. */
  oip(model?: number): object;
}

/** What the application answers with. */
export interface ScoringAppOptions {
  readonly routes: Routes;
  readonly service: ScoringService;
  readonly relay: Relay;
  /** Absent: everybody may score. */
  readonly auth?: Authenticator;
  /** Absent: no page of another origin may call, and a script may say otherwise. */
  readonly cors?: Cors;
  readonly maxBodyBytes: number;
  readonly descriptions: () => Descriptions | undefined;
  /** Whether a script takes requests as they come, OPTIONS included. */
  readonly rawScript: () => boolean;
  readonly observer: ExchangeObserver;
}

const NO_HEADERS: readonly string[] = [];
/** Azure ML's server says so on whatever its own code answers. */
const RUN_DID_NOT_FAIL = { 'x-ms-run-function-failed': 'False' };
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
  active = 0;
  private onIdle?: () => void;
  private readonly exchangeOptions: ExchangeOptions;

  constructor(private readonly options: ScoringAppOptions) {
    const { cors } = options;
    this.exchangeOptions = {
      ended: exchange => this.ended(exchange),
      mayKeepAlive: () => !this.draining,
      extraHeaders: request => cors?.headersFor(request) ?? NO_HEADERS,
    };
  }

  handle(call: Call): void {
    this.active++;
    const exchange = new Exchange(call, this.exchangeOptions);
    const route = this.options.routes.match(exchange.path);
    exchange.route = route;
    if (exchange.refusedForItsIds()) return;
    if (route === undefined) exchange.message(404, `There is nothing at this path. Paths that score: ${this.scorePaths()}`);
    else if (!methodsOf(route).includes(exchange.method)) {
      exchange.message(405, 'The method is not allowed for the requested URL.', { Allow: methodsOf(route).join(', ') });
    } else if (exchange.method === 'OPTIONS') this.answerOptions(route, exchange);
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

  private ended(exchange: Exchange): void {
    this.options.observer.answered(exchange);
    if (--this.active === 0) this.onIdle?.();
  }

  private answerOptions(route: Route, exchange: Exchange): void {
    const preflight = this.options.cors?.preflight(exchange.call);
    if (preflight !== undefined) exchange.preflight(preflight);
    else if (route.kind === 'score' && this.options.rawScript()) void this.answerScore(0, exchange);
    else exchange.text(200, '', { ...(route.kind === 'score' ? RUN_DID_NOT_FAIL : {}), Allow: methodsOf(route).join(', ') });
  }

  private answer(route: Route, exchange: Exchange): void {
    if (route.kind === 'home') exchange.text(200, 'Healthy');
    else if (route.kind === 'live') exchange.text(200, 'Alive');
    else if (route.kind === 'ready' || route.kind === 'model-ready') this.answerReadiness(exchange);
    else if (route.kind === 'score') void this.answerScore(route.model, exchange);
    else this.describe(route, exchange);
  }

  private answerReadiness(exchange: Exchange): void {
    if (this.draining) exchange.message(503, 'stopping', RETRY_SOON);
    else if (!this.options.service.ready) exchange.message(503, 'no engine is ready', RETRY_SOON);
    else exchange.text(200, 'Ready');
  }

  private describe(route: Route, exchange: Exchange): void {
    const descriptions = this.options.descriptions();
    if (descriptions === undefined) return exchange.message(503, 'the models are being loaded', RETRY_SOON);
    if (route.kind !== 'swagger') return exchange.json(200, Buffer.from(JSON.stringify(descriptions.oip(route.model))));
    const found = descriptions.swagger(new URLSearchParams(exchange.query).get('version'));
    if ('document' in found) exchange.json(200, found.document, RUN_DID_NOT_FAIL);
    else exchange.message(found.status, found.message);
  }

  /** Never rejects. */
  private async answerScore(model: number | undefined, exchange: Exchange): Promise<void> {
    const { auth, service, relay } = this.options;
    if (model === undefined) return exchange.message(400, `Several models are served; score one of: ${this.scorePaths()}`);
    let held = 0;
    const hold: Hold = bytes => {
      if (!service.bodies.hold(bytes)) return false;
      held += bytes;
      return true;
    };
    try {
      if (auth !== undefined) {
        const checked = auth.check(exchange.call);
        const verdict = checked instanceof Promise ? await checked : checked;
        if (verdict !== 'accepted') return exchange.message(verdict.status, verdict.message, verdict.headers);
      }
      const head = this.readableHead(exchange, model);
      if (head === undefined) return;
      const { chunks, bytes } = await this.input(exchange, hold);
      exchange.requestBytes = bytes;
      exchange.requestBody = chunks;
      const answer = await service.score(relay.request(exchange, head, chunks, bytes), exchange.call.caller);
      relay.answer(exchange, answer);
    } catch (error) {
      this.answerFailure(exchange, error as Error);
    } finally {
      service.bodies.release(held);
    }
  }

  /** What the head alone shows to be hopeless is refused before the body is read: then there is none. */
  private readableHead(exchange: Exchange, model: number): RequestHead | undefined {
    const { service, relay, maxBodyBytes } = this.options;
    const announced = declaredLength(exchange.call);
    const bytes = Number.isFinite(announced) ? announced : 0;
    const encoding = header(exchange.call, 'content-encoding') ?? 'identity';
    if (!service.hasStarted) this.refuse(exchange, 'no-engine');
    else if (bytes > maxBodyBytes) exchange.message(413, tooLarge(maxBodyBytes).message);
    else if (/^multipart\//i.test(header(exchange.call, 'content-type') ?? '') && !this.options.rawScript()) {
      exchange.message(415, 'multipart bodies are not read; send JSON');
    } else if (encoding !== 'identity' && encoding !== 'gzip') {
      exchange.message(415, `bodies encoded as '${encoding.slice(0, 40)}' are not read; send gzip, or no Content-Encoding`);
    } else {
      const head = relay.head(exchange, model, bytes);
      const admission = service.admission(head);
      if (admission === 'accepted') return head;
      this.refuse(exchange, admission);
    }
    return undefined;
  }

  private input(exchange: Exchange, hold: Hold): RequestBody | Promise<RequestBody> {
    if (exchange.method === 'GET' && !this.options.rawScript()) {
      const json = Buffer.from(queryAsJson(exchange.query));
      return { chunks: [json], bytes: json.length };
    }
    return exchange.call.readBody(this.options.maxBodyBytes, hold);
  }

  private answerFailure(exchange: Exchange, error: Error): void {
    const failed = { 'x-ms-run-function-failed': 'True' };
    if (error instanceof CallerGoneError || error instanceof AbandonedError) return;
    if (error instanceof OverloadError) this.refuse(exchange, error.reason);
    else if (error instanceof BodyRefusedError) {
      if (error.status === 429) this.options.observer.rejected('too-many-bytes');
      exchange.message(error.status, error.message, error.status === 429 ? RETRY_SOON : {});
    } else if (error instanceof ScoringTimeoutError) exchange.message(504, error.message, failed);
    else if (error instanceof EngineLostError) {
      exchange.message(503, 'The engine ended while it scored this request.', { ...failed, ...RETRY_SOON });
    } else {
      exchange.message(500, 'The server failed.', {}, error.stack);
    }
  }

  private refuse(exchange: Exchange, reason: OverloadError['reason']): void {
    const { status, text } = OVERLOAD[reason];
    this.options.observer.rejected(reason);
    exchange.message(status, text, RETRY_SOON);
  }

  private scorePaths(): string {
    const { scorePaths } = this.options.routes;
    return scorePaths.slice(0, 50).join(', ');
  }
}
