import { Server as NetServer } from 'net';
import { version } from '../../package.json';
import { LoadedModel } from './engine/engine';
import { ScoringService } from './engine/scoring-service';
import { Siblings } from './front/siblings';
import { Authenticator } from './http/authenticator';
import { Cors } from './http/cors';
import { ExchangeReporter } from './http/exchange-reporter';
import { FailedAuthLimit } from './http/failed-auth-limit';
import { KeyAuth } from './http/key-auth';
import { Listener } from './http/listener';
import { Relay } from './http/relay';
import { Routes } from './http/routes';
import { Descriptions, ScoringApp } from './http/scoring-app';
import { Log } from './log';
import { findModels, ServedModel } from './model/model-layout';
import { AuthSettings, Settings } from './settings';
import { SwaggerDocuments } from './swagger/swagger-documents';
import { Scrape, Telemetry } from './telemetry/telemetry';
import { oipMetadata, oipServerMetadata } from './wire/oip-metadata';

/** Where the running server is reached from this machine. */
export interface ServerAddress {
  readonly port: number;
  readonly scoringUri: string;
  readonly swaggerUri: string;
  readonly healthUri: string;
}

/** Connections that hold no request when the last answer is out get this long to read it. */
const LAST_ANSWER_MS = 100;
/** How long records that are still to be sent may hold up the end. */
const LAST_RECORDS_MS = 3_000;

/**
 * A front. The first one listens at once, so that liveness answers while models load, and is ready once it can score; where it scores
 * by itself, siblings join it.
 */
export class ScoringServer {
  private readonly models: readonly ServedModel[];
  private readonly routes: Routes;
  private readonly service: ScoringService;
  private telemetry = Telemetry.OFF;
  private app?: ScoringApp;
  private listener?: Listener;
  private auth?: Authenticator;
  private descriptions?: Descriptions;
  private siblings?: Siblings;

  /** @param program the bundle that engines are started from. @throws ModelLayoutError */
  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
    private readonly program: string,
  ) {
    const isScript = settings.runtime.kind !== 'onnx';
    this.models = isScript ? [] : findModels(settings.modelDir);
    this.routes = new Routes(isScript ? undefined : this.models);
    this.service = new ScoringService({
      settings,
      models: this.models,
      program,
      log,
      observer: {
        queued: seconds => this.telemetry.metrics?.queued(seconds),
        batch: (size, seconds) => this.telemetry.metrics?.batch(size, seconds),
        engineRestarted: () => this.telemetry.metrics?.engineRestarted(),
      },
      collect: (name, designation, data) => this.telemetry.collectRecord({ name, version: '1' }, designation, data),
    });
  }

  /** Resolves when the first request can be scored. @throws KeyError, CorsError, ListenError, EngineStartError, ModelError */
  async start(): Promise<ServerAddress> {
    const { settings, service, log, program } = this;
    const listener = await this.prepare(async own => this.siblings?.metrics(own) ?? own);
    const { port } = await listener.listen(settings.host, settings.port);
    await this.load(listener);
    if (service.fronts > 1) this.siblings = new Siblings({ program, count: service.fronts - 1, listener: listener.server, log });
    return this.address(port);
  }

  /** Loads what a sibling serves; it gets its requests by `join`. @throws as `start` */
  async startSibling(): Promise<{ readonly join: (shared: NetServer) => Promise<void> }> {
    const listener = await this.prepare();
    await this.load(listener);
    return { join: shared => listener.listenOn(shared) };
  }

  /** This front's own, as Prometheus text. */
  get metrics(): string {
    return this.telemetry.metrics?.text() ?? '';
  }

  /** Answers what has begun, then ends everything. */
  async stop(): Promise<void> {
    const { app, listener, service, settings } = this;
    const others = this.siblings?.stop();
    app?.drain();
    if (listener?.server.listening) {
      await pause(settings.drainDelayMs);
      const closed = listener.close();
      await app?.idle();
      await Promise.race([closed, pause(LAST_ANSWER_MS)]);
      listener.closeAllConnections();
    }
    this.auth?.close();
    await Promise.all([service.stop(), others]);
    await this.telemetry.stop(LAST_RECORDS_MS);
  }

  /** Ends everything now. */
  kill(): void {
    this.siblings?.kill();
    this.service.kill();
  }

  private async prepare(scrape?: Scrape): Promise<Listener> {
    const { settings, log } = this;
    this.telemetry = await this.startTelemetry(scrape);
    this.auth = await createAuth(settings.auth, log);
    const app = this.createApp();
    this.app = app;
    this.listener = new Listener(settings.tlsDirectory, call => app.handle(call), { log });
    return this.listener;
  }

  private async load({ server }: Listener): Promise<void> {
    await this.service.start();
    // all fronts together hold what the memory allows
    server.maxConnections = Math.ceil(server.maxConnections / this.service.fronts);
    this.describe();
  }

  private async startTelemetry(scrape?: Scrape): Promise<Telemetry> {
    const { settings, service, log } = this;
    const gauges = {
      inFlight: () => this.app?.active ?? 0,
      queueLength: () => service.queueLength,
      heldBytes: () => service.bodies.heldBytes,
      engines: () => service.engineCount,
    };
    const telemetry = await Telemetry.start(settings.telemetry, gauges, log, scrape);
    log.tap(line => telemetry.logLine(line));
    if (telemetry.metricsPort !== undefined) log.info('metrics', { port: telemetry.metricsPort });
    return telemetry;
  }

  private createApp(): ScoringApp {
    const { settings, routes, service, auth, log, models } = this;
    const reporter = new ExchangeReporter(this.telemetry, log, settings.accessLog === 'all', models);
    const relay = new Relay({
      toScript: settings.runtime.kind !== 'onnx',
      hidesCredentials: auth !== undefined,
      maxResponseBytes: settings.limits.maxResponseBytes,
      v1StatusCodes: settings.v1StatusCodes,
      traceparent: exchange => reporter.traceparent(exchange),
    });
    return new ScoringApp({
      routes,
      service,
      relay,
      auth,
      cors: settings.corsOrigins === '' ? undefined : Cors.parse(settings.corsOrigins),
      maxBodyBytes: settings.limits.maxBodyBytes,
      descriptions: () => this.descriptions,
      rawScript: () => service.service.script?.raw === true,
      observer: reporter,
    });
  }

  private describe(): void {
    const { settings, models, service, log } = this;
    const loaded = service.service;
    const versions = (name: string) =>
      models.filter(model => model.name === name && model.version !== undefined).map(model => String(model.version));
    const swagger = new SwaggerDocuments(
      {
        name: settings.serviceName,
        version: settings.serviceVersion,
        pathPrefix: settings.servicePathPrefix,
        authenticated: settings.auth.mode !== 'none',
        tls: settings.tlsDirectory !== undefined,
        models,
      },
      loaded,
      settings.appRoot,
    );
    this.descriptions = {
      swagger: wanted => swagger.get(wanted),
      oip: model =>
        model === undefined
          ? oipServerMetadata(version)
          : oipMetadata(models[model].name, versions(models[model].name), loaded.models[model].signature),
    };
    this.telemetry.serving(
      models.map((model, index) => ({
        name: model.name,
        version: String(model.version ?? ''),
        batchLimit: () => service.batchLimit(index),
      })),
    );
    models.forEach((model, index) => describeModel(log, model, loaded.models[index]));
  }

  private address(port: number): ServerAddress {
    const { host, tlsDirectory } = this.settings;
    const everywhere = host === '0.0.0.0' || host === '::';
    const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    const base = `${tlsDirectory === undefined ? 'http' : 'https'}://${name}:${port}`;
    return { port, scoringUri: `${base}/score`, swaggerUri: `${base}/swagger.json`, healthUri: `${base}/` };
  }
}

async function createAuth(settings: AuthSettings, log: Log): Promise<Authenticator | undefined> {
  if (settings.mode === 'keys') return new FailedAuthLimit(await KeyAuth.watch(settings.directory, log), log);
  if (settings.mode === 'none') return undefined;
  // loaded where it is needed: the others start sooner
  const { EntraAuth } = await import('./http/entra-auth');
  return new FailedAuthLimit(EntraAuth.create(settings.entra, log), log);
}

function describeModel(log: Log, { name, version }: ServedModel, loaded: LoadedModel): void {
  const { signature, warmUpFault, batchable, cost } = loaded;
  log.info('model-loaded', { name, version, batchable, runMs: cost?.runMs, skippedOutputs: signature.skippedOutputs });
  if (warmUpFault !== undefined) log.warning('not-warmed-up', { name, version, message: warmUpFault });
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
