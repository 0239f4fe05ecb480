import { ENV } from '../../core/server-contract';
import { ServerSettings, settingsEnvironment } from '../server-settings';
import type { LaunchOptions } from '../subject';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Requests of a profile are nobody's telemetry and nobody's data. */
const NO_RECORDS: Variables = Object.fromEntries(
  [ENV.appInsightsConnection, ENV.appInsightsKey, ENV.collectionEnabled, ENV.collectionEnabledDocumented].map(name => [
    name,
    undefined,
  ]),
);

/** The variables of every profiled server, on top of its subject's: nobody asks for keys, nothing waits at the end, and what is sent leaves no trace elsewhere. */
export function serverVariables(settings: ServerSettings, { maxQueueWaitMs, maxBodyBytes, port }: LaunchOptions): Variables {
  return {
    ...settingsEnvironment(settings),
    [ENV.host]: '127.0.0.1',
    [ENV.port]: String(port),
    [ENV.auth]: 'none',
    [ENV.keysDirectory]: undefined,
    [ENV.tlsDirectory]: undefined,
    // they count the requests in each run, where there may be more than one
    [ENV.metricsPort]: settings.maxBatch > 1 ? '0' : undefined,
    [ENV.metricsHost]: undefined,
    ...NO_RECORDS,
    [ENV.maxQueueWaitMs]: String(maxQueueWaitMs),
    [ENV.maxBodyBytes]: String(maxBodyBytes),
    [ENV.drainDelayMs]: '0',
    [ENV.ortDisableTelemetry]: '1',
  };
}
