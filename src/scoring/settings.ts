import { existsSync, statSync } from 'fs';
import { CONTAINER, ENV, SERVER_DEFAULTS } from '../core/server-contract';

/** How callers prove who they are. */
export type AuthSettings = { readonly mode: 'none' } | { readonly mode: 'keys'; readonly directory: string };

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
  readonly maxBodyBytes: number;
  /** All request bodies that are held at one moment. */
  readonly maxHeldBytes: number;
  readonly maxQueueWaitMs: number;
  readonly scoringTimeoutMs: number;
}

/** Everything that the environment decides, checked. */
export interface Settings {
  readonly modelDir: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly auth: AuthSettings;
  readonly tlsDirectory?: string;
  readonly session: SessionSettings;
  readonly limits: RequestLimits;
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
  const settings: Settings = {
    modelDir: read.existing(ENV.modelDir, "the model's folder or .onnx file") ?? '',
    serviceName: read.text(ENV.serviceName, 'ML service'),
    serviceVersion: read.text(ENV.serviceVersion, '1.0'),
    host,
    port: read.integer(ENV.port, CONTAINER.port, 0, 65_535),
    auth: readAuth(read, host),
    tlsDirectory: read.directory(ENV.tlsDirectory, 'the folder of tls.crt and tls.key'),
    session: {
      intraOpThreads: read.integer(ENV.intraOpThreads, SERVER_DEFAULTS.intraOpThreads, 1, 1024),
      interOpThreads: read.integer(ENV.interOpThreads, SERVER_DEFAULTS.interOpThreads, 1, 1024),
      allowSpinning: read.flag(ENV.allowSpinning, SERVER_DEFAULTS.allowSpinning),
    },
    limits: {
      maxConcurrentRequests: read.integer(ENV.maxConcurrentRequests, SERVER_DEFAULTS.maxConcurrentRequests, 1, 256),
      maxQueuedRequests: read.integer(ENV.maxQueuedRequests, SERVER_DEFAULTS.maxQueuedRequests, 0, 100_000),
      maxBodyBytes,
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

/** Whether only this machine can connect to `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Keys where there are keys, nothing on loopback, and never an open door to a network by omission. */
function readAuth(read: EnvironmentReader, host: string): AuthSettings {
  const mode = read.text(ENV.auth, '');
  const directory = read.text(ENV.keysDirectory, '');
  if (mode === 'none') return { mode };
  if (mode !== '' && mode !== 'keys') {
    read.fault(`${ENV.auth} is '${mode}'; allowed are 'keys' and 'none'.`);
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
    const text = this.text(name, '');
    if (text === '') return fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    this.fault(`${name} is '${text}'; it must be an integer from ${least} to ${most}.`);
    return fallback;
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
