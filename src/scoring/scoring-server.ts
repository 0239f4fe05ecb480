import { Server } from 'http';
import { LoadedModel } from './engine/engine';
import { EnginePool } from './engine/engine-pool';
import { EngineProcess } from './engine/engine-process';
import { KeyAuth } from './http/key-auth';
import { createListener, listen } from './http/listener';
import { Routes } from './http/routes';
import { ScoringApp } from './http/scoring-app';
import { Log } from './log';
import { findModels, ServedModel } from './model/model-layout';
import { Settings } from './settings';
import { swaggerDocument } from './swagger';

/** Where the running server is reached from this machine. */
export interface ServerAddress {
  readonly port: number;
  readonly scoringUri: string;
  readonly swaggerUri: string;
  readonly healthUri: string;
}

/** Connections that hold no request when the last answer is out get this long to read it. */
const LAST_ANSWER_MS = 100;

/** The front: it listens at once, so that liveness answers while models load, and is ready once its engines are. */
export class ScoringServer {
  private readonly models: readonly ServedModel[];
  private readonly routes: Routes;
  private readonly pool: EnginePool;
  private app?: ScoringApp;
  private listener?: Server;
  private keys?: KeyAuth;
  private swagger?: Buffer;

  /** @param program the bundle that engines are started from. @throws ModelLayoutError */
  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
    program: string,
  ) {
    const { limits, session } = settings;
    this.models = findModels(settings.modelDir);
    this.routes = new Routes(this.models);
    const files = this.models.map(model => model.file);
    this.pool = new EnginePool({
      engines: limits.maxConcurrentRequests,
      start: () => EngineProcess.start({ program, files, session, scoringTimeoutMs: limits.scoringTimeoutMs, log }),
      maxQueuedRequests: limits.maxQueuedRequests,
      maxHeldBytes: limits.maxHeldBytes,
      maxQueueWaitMs: limits.maxQueueWaitMs,
      log,
    });
  }

  /** Resolves when the first request can be scored. @throws KeyError, ListenError, EngineStartError */
  async start(): Promise<ServerAddress> {
    const { settings, routes, pool, log } = this;
    if (settings.auth.mode === 'keys') this.keys = await KeyAuth.watch(settings.auth.directory, log);
    const app = new ScoringApp({
      routes,
      pool,
      keys: this.keys,
      maxBodyBytes: settings.limits.maxBodyBytes,
      swagger: () => this.swagger,
      log,
    });
    this.app = app;
    this.listener = createListener(settings.tlsDirectory, (request, response) => app.handle(request, response));
    const { port } = await listen(this.listener, settings.host, settings.port);
    await pool.start();
    this.describe(pool.models);
    return this.address(port);
  }

  /** Answers what has begun, then ends everything. */
  async stop(): Promise<void> {
    const { app, listener, pool, settings } = this;
    app?.drain();
    if (listener?.listening) {
      await pause(settings.drainDelayMs);
      const closed = new Promise(resolve => listener.close(resolve));
      listener.closeIdleConnections();
      await app?.idle();
      await Promise.race([closed, pause(LAST_ANSWER_MS)]);
      listener.closeAllConnections();
    }
    this.keys?.close();
    await pool.stop();
  }

  /** Ends everything now. */
  kill(): void {
    this.pool.kill();
  }

  private describe(loaded: readonly LoadedModel[]): void {
    const { settings, models, log } = this;
    this.swagger = Buffer.from(
      swaggerDocument({
        name: settings.serviceName,
        version: settings.serviceVersion,
        keys: settings.auth.mode === 'keys',
        tls: settings.tlsDirectory !== undefined,
        models: models.map((served, index) => ({ served, loaded: loaded[index] })),
      }),
    );
    models.forEach(({ name, version }, index) => {
      const { signature, warmUpFault } = loaded[index];
      log.info('model-loaded', { name, version, skippedOutputs: signature.skippedOutputs });
      if (warmUpFault !== undefined) log.warning('not-warmed-up', { name, version, message: warmUpFault });
    });
  }

  private address(port: number): ServerAddress {
    const { host, tlsDirectory } = this.settings;
    const everywhere = host === '0.0.0.0' || host === '::';
    const name = everywhere ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    const base = `${tlsDirectory === undefined ? 'http' : 'https'}://${name}:${port}`;
    return { port, scoringUri: `${base}/score`, swaggerUri: `${base}/swagger.json`, healthUri: `${base}/` };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}
