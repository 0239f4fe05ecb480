import { hostname } from 'os';
import { CONTAINER, ENV } from '../../core/server-contract';
import { ConnectionStringError, parseConnectionString } from './application-insights/connection-string';
import { DataCollectionSettings } from './data-collection/settings';

/** What is reported, and where to. Absent parts are off. */
export interface TelemetrySettings {
  readonly metrics?: { readonly host: string; readonly port: number };
  readonly applicationInsights?: { readonly connectionString: string; readonly logResponses: boolean };
  readonly dataCollection?: DataCollectionSettings;
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly workspaceName: string;
  /** Names this replica. */
  readonly instance: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that nothing but telemetry reads, and that the platform or the user's own tools set. */
const OTHER_ENV = {
  /** Only for a local emulator. */
  storageConnectionString: 'AZURE_STORAGE_CONNECTION_STRING',
  subscriptionId: 'AZUREML_ARM_SUBSCRIPTION',
  resourceGroup: 'AZUREML_ARM_RESOURCEGROUP',
  instance: 'HOSTNAME',
} as const;

/** Reads the settings, and lists every fault as a sentence for the operator. An empty variable counts as absent. */
export function readTelemetrySettings(env: Environment): {
  readonly settings: TelemetrySettings;
  readonly faults: readonly string[];
} {
  const read = new Reader(env);
  const names = {
    serviceName: read.text(ENV.serviceName) || 'ML service',
    serviceVersion: read.text(ENV.serviceVersion) || '1.0',
    workspaceName: read.text(ENV.workspaceName),
    instance: read.text(OTHER_ENV.instance) || hostname(),
  };
  const settings = {
    ...names,
    metrics: readMetrics(read),
    applicationInsights: readInsights(read),
    dataCollection: readCollection(read, names),
  };
  return { settings, faults: read.faults };
}

function readMetrics(read: Reader): TelemetrySettings['metrics'] {
  const name = ENV.metricsPort;
  const text = read.text(name);
  if (text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) read.fault(`${name} is '${text}'; it must be an integer from 0 to 65535, where 0 takes a free port.`);
  else if (port !== 0 && port === Number(read.text(ENV.port) || CONTAINER.port)) {
    read.fault(`${name} is ${text}, which ${ENV.port} takes already: metrics need a port of their own.`);
  }
  return { host: read.text(ENV.metricsHost) || read.text(ENV.host) || '127.0.0.1', port };
}

/** A connection string is enough; v1's bare key needs v1's switch. */
function readInsights(read: Reader): TelemetrySettings['applicationInsights'] {
  const { appInsightsConnection: modern, appInsightsKey: bareKey, appInsightsEnabled: enabled } = ENV;
  const name = read.text(modern) === '' ? bareKey : modern;
  const connectionString = read.text(name);
  if (!read.flag(enabled, name === modern)) return undefined;
  if (connectionString === '') {
    read.fault(`${enabled} is true, but neither ${modern} nor ${bareKey} is set: set the resource's connection string.`);
    return undefined;
  }
  try {
    parseConnectionString(connectionString);
  } catch (error) {
    if (!(error instanceof ConnectionStringError)) throw error;
    read.fault(`${name} cannot be used: ${error.message}.`);
  }
  return { connectionString, logResponses: read.flag(ENV.appInsightsResponses, false) };
}

function readCollection(
  read: Reader,
  names: Pick<TelemetrySettings, 'serviceName' | 'workspaceName' | 'instance'>,
): DataCollectionSettings | undefined {
  const enabled = [ENV.collectionEnabled, ENV.collectionEnabledDocumented].map(name => read.flag(name, false));
  if (!enabled.includes(true)) return undefined;
  const connectionString = read.text(OTHER_ENV.storageConnectionString) || undefined;
  const format = read.text(ENV.collectionFormat) || 'csv';
  if (format !== 'csv' && format !== 'jsonl') {
    read.fault(`${ENV.collectionFormat} is '${format}'; allowed are 'csv' and 'jsonl'.`);
  }
  return {
    ...names,
    // a path needs a name everywhere
    workspaceName: names.workspaceName || 'default',
    subscriptionId: read.text(OTHER_ENV.subscriptionId) || 'default',
    resourceGroup: read.text(OTHER_ENV.resourceGroup) || 'default',
    containerUrl: readContainer(read, connectionString !== undefined),
    connectionString,
    format: format === 'jsonl' ? format : 'csv',
    sampleRate: readShare(read),
  };
}

/** No secret in the address: the identity writes. An account key only opens an emulator on this machine. */
function readContainer(read: Reader, withKey: boolean): string {
  const name = ENV.collectionUri;
  const text = read.text(name);
  const shown = text.split('?', 1)[0];
  const form = 'https://<account>.blob.core.windows.net/<container>';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url?.hostname ?? '');
  if (text === '') read.fault(`${name} is not set, but data is to be collected: name the container, ${form}.`);
  else if (url === undefined || url.pathname.length < 2) read.fault(`${name} is '${shown}'; it must name a container, ${form}.`);
  else if (url.search !== '' || url.username !== '' || url.password !== '') {
    read.fault(`${name} carries a token or a password: leave it out, the service's managed identity writes to the container.`);
  } else if (url.protocol !== 'https:' && !(url.protocol === 'http:' && local && withKey)) {
    read.fault(`${name} is '${shown}'; it must begin with https://, or identities would be sent in the clear.`);
  } else if (withKey && !local) {
    read.fault(
      `${OTHER_ENV.storageConnectionString} is set, but ${name} is not on this machine: account keys are for a local emulator; ` +
        'unset it and give the managed identity the role Storage Blob Data Contributor.',
    );
  }
  return text.replace(/\/+$/, '');
}

function readShare(read: Reader): number {
  const name = ENV.collectionSample;
  const text = read.text(name);
  if (text === '') return 1;
  const share = /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (share >= 0 && share <= 1) return share;
  read.fault(`${name} is '${text}'; it must be a number from 0 (nothing) to 1 (every request).`);
  return 0;
}

class Reader {
  readonly faults: string[] = [];

  constructor(private readonly env: Environment) {}

  fault(text: string): void {
    this.faults.push(text);
  }

  text(name: string): string {
    return this.env[name]?.trim() ?? '';
  }

  flag(name: string, fallback: boolean): boolean {
    const text = this.text(name).toLowerCase();
    if (text === '') return fallback;
    if (!['true', 'false', '1', '0'].includes(text)) this.fault(`${name} is '${text.slice(0, 50)}'; it must be true or false.`);
    return text === 'true' || text === '1';
  }
}
