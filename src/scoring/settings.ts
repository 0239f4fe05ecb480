import { existsSync, statSync } from 'fs';
import * as path from 'path';
import { CONTAINER, ENV, SERVER_DEFAULTS } from '../core/server-contract';
import type { EntraOptions } from './http/entra-auth';
import { readTelemetrySettings, TelemetrySettings } from './telemetry/telemetry-settings';

/** How callers prove who they are. */
export type AuthSettings =
  | { readonly mode: 'none' }
  | { readonly mode: 'keys'; readonly directory: string }
  | { readonly mode: 'entra'; readonly entra: EntraOptions };

/** What answers: models as they are, or a script. */
export type RuntimeSettings =
  | { readonly kind: 'onnx' }
  | {
      readonly kind: 'javascript' | 'python';
      readonly script: string;
      readonly appRoot: string;
      /** The interpreter, for Python. */
      readonly python: string;
    };

/** What every ONNX Runtime session of the server is created with. */
export interface SessionSettings {
  readonly intraOpThreads: number;
  readonly interOpThreads: number;
  readonly allowSpinning: boolean;
}

/** What one request may cost. Times in milliseconds, sizes in bytes. */
export interface RequestLimits {
  readonly maxConcurrentRequests: number;
  readonly maxQueuedRequests: number;
  /** Requests that one run may score together. */
  readonly maxBatch: number;
  readonly batchDelayMs: number;
  /** What 95 of 100 requests may take, wait and run; batches become smaller where they take more. Absent: not watched. */
  readonly batchTargetMs?: number;
  /** Of a request, compressed or not. */
  readonly maxBodyBytes: number;
  readonly maxResponseBytes: number;
  /** All request bodies that are held at one moment. */
  readonly maxHeldBytes: number;
  readonly maxQueueWaitMs: number;
  readonly scoringTimeoutMs: number;
}

/** Everything that the environment decides, checked. */
export interface Settings {
  /** Empty only where a script has no model. */
  readonly modelDir: string;
  readonly runtime: RuntimeSettings;
  /** Where a body that scores may lie for each model, `<name>/<version>.json`. */
  readonly samplesDir?: string;
  /** Where user-written Swagger documents may lie. */
  readonly appRoot?: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly servicePathPrefix: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly auth: AuthSettings;
  /** As `AML_CORS_ORIGINS` says it; empty: no page of another origin may call. */
  readonly corsOrigins: string;
  /** Whether a script's 500 becomes 502, as Azure ML v1's front end made it. */
  readonly v1StatusCodes: boolean;
  readonly accessLog: 'errors' | 'all';
  /** Whether cheap requests may be scored in the front. */
  readonly inline: boolean;
  readonly tlsDirectory?: string;
  readonly session: SessionSettings;
  readonly limits: RequestLimits;
  readonly telemetry: TelemetrySettings;
  /** How long new connections are still taken after the signal to stop, while readiness already says no. */
  readonly drainDelayMs: number;
}

/** The environment cannot become a server; every fault is listed. */
export class SettingsError extends Error {
  constructor(public readonly faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'SettingsError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A bigger body could not become one JavaScript string. */
const LARGEST_BODY = 512 * 1024 * 1024 - 25;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Reads the server's settings from environment variables. An empty variable counts as absent.
 *
 * @throws SettingsError with all faults at once.
 */
export function parseSettings(env: Environment): Settings {
  const read = new EnvironmentReader(env);
  const host = read.text(ENV.host, '127.0.0.1');
  const maxBodyBytes = read.integer(ENV.maxBodyBytes, SERVER_DEFAULTS.maxBodyBytes, 1, LARGEST_BODY);
  const runtime = readRuntime(read);
  const telemetry = readTelemetrySettings(env);
  for (const fault of telemetry.faults) read.fault(fault);
  const settings: Settings = {
    modelDir: readModelDir(read, runtime),
    runtime,
    telemetry: telemetry.settings,
    samplesDir: read.directory(ENV.samplesDirectory, 'the folder of sample bodies'),
    appRoot: read.directory(ENV.appRoot, 'the folder of the entry script'),
    serviceName: read.text(ENV.serviceName, 'ML service'),
    serviceVersion: read.text(ENV.serviceVersion, '1.0'),
    servicePathPrefix: read.text(ENV.servicePathPrefix, ''),
    host,
    port: read.integer(ENV.port, CONTAINER.port, 0, 65_535),
    auth: readAuth(read, host),
    corsOrigins: read.text(ENV.corsOrigins, ''),
    v1StatusCodes: read.choice(ENV.statusCodes, ['server', 'azureml-v1']) === 'azureml-v1',
    accessLog: read.choice(ENV.accessLog, ['errors', 'all']),
    inline: read.choice(ENV.inline, ['auto', 'off']) === 'auto',
    tlsDirectory: read.directory(ENV.tlsDirectory, 'the folder of tls.crt and tls.key'),
    session: {
      intraOpThreads: read.integer(ENV.intraOpThreads, SERVER_DEFAULTS.intraOpThreads, 1, 1024),
      interOpThreads: read.integer(ENV.interOpThreads, SERVER_DEFAULTS.interOpThreads, 1, 1024),
      allowSpinning: read.flag(ENV.allowSpinning, SERVER_DEFAULTS.allowSpinning),
    },
    limits: {
      maxConcurrentRequests: read.integer(ENV.maxConcurrentRequests, SERVER_DEFAULTS.maxConcurrentRequests, 1, 256),
      maxQueuedRequests: read.integer(ENV.maxQueuedRequests, SERVER_DEFAULTS.maxQueuedRequests, 0, 100_000),
      maxBatch: read.integer(ENV.maxBatch, SERVER_DEFAULTS.maxBatch, 1, 4096),
      batchDelayMs: read.integer(ENV.batchDelayMs, SERVER_DEFAULTS.batchDelayMs, 0, 10_000),
      batchTargetMs: read.optionalInteger(ENV.batchTargetMs, 1, DAY_MS),
      maxBodyBytes,
      maxResponseBytes: read.integer(ENV.maxResponseBytes, SERVER_DEFAULTS.maxResponseBytes, 1, LARGEST_BODY),
      // one largest body always fits, and small ones do not starve because the largest was set small
      maxHeldBytes: Math.max(maxBodyBytes, SERVER_DEFAULTS.maxBodyBytes),
      maxQueueWaitMs: read.integer(ENV.maxQueueWaitMs, SERVER_DEFAULTS.maxQueueWaitMs, 0, DAY_MS),
      scoringTimeoutMs: read.integer(ENV.scoringTimeoutMs, SERVER_DEFAULTS.scoringTimeoutMs, 1, DAY_MS),
    },
    drainDelayMs: read.integer(ENV.drainDelayMs, SERVER_DEFAULTS.drainDelayMs, 0, 600_000),
  };
  read.throwFaults();
  return settings;
}

const SCRIPT_RUNTIMES: Readonly<Record<string, 'javascript' | 'python'>> = {
  '.py': 'python',
  ...Object.fromEntries(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts'].map(ending => [ending, 'javascript'] as const)),
};

/** The entry script's ending says what runs it. Python finds it itself, as Azure ML's server does. */
function readRuntime(read: EnvironmentReader): RuntimeSettings {
  const script = read.text(ENV.entryScript, '');
  if (script === '') return { kind: 'onnx' };
  const appRoot = path.resolve(read.text(ENV.appRoot, existsSync(CONTAINER.appRoot) ? CONTAINER.appRoot : '.'));
  const kind = SCRIPT_RUNTIMES[path.extname(script)];
  if (kind === undefined) {
    const endings = Object.keys(SCRIPT_RUNTIMES).join(' ');
    read.fault(`${ENV.entryScript} is '${script}'; an entry script ends in one of ${endings}.`);
  } else if (!existsSync(path.resolve(appRoot, script))) {
    read.fault(`${ENV.entryScript} is '${script}', which does not exist in '${appRoot}' (${ENV.appRoot}).`);
  }
  return { kind: kind ?? 'javascript', script, appRoot, python: read.text(ENV.python, 'python3') };
}

/** A script may do without a model; models are nothing without their files. */
function readModelDir(read: EnvironmentReader, { kind }: RuntimeSettings): string {
  if (kind !== 'onnx' && read.text(ENV.modelDir, '') === '') return '';
  return read.existing(ENV.modelDir, "the model's folder or .onnx file") ?? '';
}

/** Whether only this machine can connect to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Keys where there are keys, nothing on loopback, and never an open door to a network by omission. */
function readAuth(read: EnvironmentReader, host: string): AuthSettings {
  const mode = read.text(ENV.auth, '');
  const directory = read.text(ENV.keysDirectory, '');
  if (mode === 'none') return { mode };
  if (mode === 'entra') return { mode, entra: readEntra(read) };
  if (mode !== '' && mode !== 'keys') {
    read.fault(`${ENV.auth} is '${mode}'; allowed are 'keys', 'entra' and 'none'.`);
    return { mode: 'none' };
  }
  if (mode === 'keys' || directory !== '' || existsSync(CONTAINER.keysDirectory)) {
    return { mode: 'keys', directory: directory || CONTAINER.keysDirectory };
  }
  if (!isLoopback(host)) {
    read.fault(
      `${ENV.host} is '${host}', which other machines can reach, but no keys are set: put a key into a file 'primary' and name its ` +
        `folder in ${ENV.keysDirectory}, or set ${ENV.auth}=none to let everybody score.`,
    );
  }
  return { mode: 'none' };
}

function readEntra(read: EnvironmentReader): EntraOptions {
  const [tenantId, audiences] = [read.text(ENV.entraTenantId, ''), read.list(ENV.entraAudiences)];
  if (tenantId === '')
    read.fault(`${ENV.entraTenantId} is not set; it must be the id of the directory whose tokens are accepted.`);
  if (audiences === undefined) {
    read.fault(
      `${ENV.entraAudiences} is not set; it must list the audiences that a token may name, such as api://<application id>.`,
    );
  }
  return {
    tenantId,
    audiences: audiences ?? [],
    roles: read.list(ENV.entraRoles),
    allowedClients: read.list(ENV.entraClients),
    issuers: read.list(ENV.entraIssuers),
    jwksUri: read.text(ENV.entraJwksUri, '') || undefined,
  };
}

class EnvironmentReader {
  private readonly faults: string[] = [];

  constructor(private readonly env: Environment) {}

  fault(text: string): void {
    this.faults.push(text);
  }

  throwFaults(): void {
    if (this.faults.length > 0) throw new SettingsError(this.faults);
  }

  text(name: string, fallback: string): string {
    return this.env[name]?.trim() || fallback;
  }

  integer(name: string, fallback: number, least: number, most: number): number {
    return this.optionalInteger(name, least, most) ?? fallback;
  }

  optionalInteger(name: string, least: number, most: number): number | undefined {
    const text = this.text(name, '');
    if (text === '') return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    this.fault(`${name} is '${text}'; it must be an integer from ${least} to ${most}.`);
    return undefined;
  }

  /** Comma-separated; undefined where there is none. */
  list(name: string): string[] | undefined {
    const entries = this.text(name, '')
      .split(',')
      .map(entry => entry.trim())
      .filter(entry => entry !== '');
    return entries.length === 0 ? undefined : entries;
  }

  /** One of `allowed`; the first unless said. */
  choice<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const text = this.text(name, allowed[0]);
    const chosen = allowed.find(value => value === text);
    if (chosen === undefined)
      this.fault(`${name} is '${text}'; allowed are ${allowed.map(value => `'${value}'`).join(' and ')}.`);
    return chosen ?? allowed[0];
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.text(name, '');
    if (text !== '' && text !== '0' && text !== '1') this.fault(`${name} is '${text}'; it must be 0 or 1.`);
    return text === '' ? fallback : text === '1';
  }

  existing(name: string, meaning: string): string | undefined {
    const path = this.text(name, '');
    if (path === '') this.fault(`${name} is not set; it must name ${meaning}.`);
    else if (!existsSync(path)) this.fault(`${name} is '${path}', which does not exist; it must name ${meaning}.`);
    return path || undefined;
  }

  directory(name: string, meaning: string): string | undefined {
    const path = this.text(name, '');
    if (path === '') return undefined;
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      this.fault(`${name} is '${path}', which is not a folder; it must name ${meaning}.`);
    }
    return path;
  }
}
