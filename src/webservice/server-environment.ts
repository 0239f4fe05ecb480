import { URL } from 'url';
import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';
import { isPort } from '../core/ports';
import { CONTAINER, ENV, SERVER_DEFAULTS } from '../core/server-contract';
import { ifKnown, isKnown } from '../core/tokens';
import { BoundSize } from '../sizing/sizing';
import {
  insightsMissing,
  invalidCorsOrigin,
  invalidMetricsPort,
  notPositive,
  reservedVariable,
  timeoutsOutOfOrder,
} from './errors';
import { WebserviceProps } from './webservice-props';

/** Only what differs from the server's own defaults, besides what must never depend on them: a plan stays readable. */
export function serverEnvironment(name: string, props: WebserviceProps, size: BoundSize): Record<string, string> {
  const namesWorkspace = props.appInsightsEnabled === true || props.collectModelData !== undefined;
  return {
    [ENV.serviceName]: name,
    [ENV.serviceVersion]: String(props.image.models[0]?.modelVersion ?? 1),
    [ENV.intraOpThreads]: String(size.intraOpThreads),
    [ENV.allowSpinning]: size.allowSpinning ? '1' : '0',
    [ENV.scoringTimeoutMs]: String(props.scoringTimeoutMs ?? SERVER_DEFAULTS.scoringTimeoutMs),
    [ENV.maxConcurrentRequests]: String(props.maxConcurrentRequests ?? size.workers ?? SERVER_DEFAULTS.maxConcurrentRequests),
    [ENV.maxQueueWaitMs]: String(props.maxQueueWaitMs ?? SERVER_DEFAULTS.maxQueueWaitMs),
    [ENV.maxBodyBytes]: String(props.maxBodyBytes ?? SERVER_DEFAULTS.maxBodyBytes),
    ...given({
      [ENV.maxResponseBytes]: props.maxResponseBytes,
      [ENV.maxQueuedRequests]: props.maxQueuedRequests,
      [ENV.maxBatch]: props.maxBatchSize ?? size.maxBatch,
      [ENV.corsOrigins]: props.corsOrigins?.length === 0 ? undefined : props.corsOrigins?.join(','),
      [ENV.statusCodes]: props.statusCodes,
      [ENV.accessLog]: props.accessLog,
      [ENV.metricsPort]: props.metricsPort,
      // the container's network is its own, so who reaches the port is the platform's business
      [ENV.metricsHost]: props.metricsPort === undefined ? undefined : '0.0.0.0',
      [ENV.appInsightsEnabled]: props.appInsightsEnabled === true ? 'true' : undefined,
      [ENV.workspaceName]: namesWorkspace ? props.workspace?.workspaceName : undefined,
    }),
  };
}

function given(values: Record<string, string | number | undefined>): Record<string, string> {
  const all = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return Object.fromEntries(all) as Record<string, string>;
}

/** The connection string lets anybody write telemetry, so it is kept as a key is. Throws `APP_INSIGHTS_MISSING`. */
export function telemetrySecrets(scope: IConstruct, props: WebserviceProps): Record<string, string> {
  if (props.appInsightsEnabled !== true) return {};
  const insights = props.workspace?.applicationInsights;
  if (insights === undefined) throw insightsMissing(scope);
  return { [ENV.appInsightsConnection]: insights.connectionString };
}

/** Faults of what the server is told. */
export function checkSettings(scope: IConstruct, props: WebserviceProps): ValidationError[] {
  return [
    ...checkLimits(scope, props),
    ...checkOrigins(scope, props.corsOrigins ?? []),
    ...checkMetricsPort(scope, props),
    ...checkEnvironment(scope, props),
  ];
}

const LIMITS = [
  'scoringTimeoutMs',
  'maxConcurrentRequests',
  'maxQueueWaitMs',
  'maxBodyBytes',
  'maxResponseBytes',
  'maxQueuedRequests',
  'maxBatchSize',
] as const;

function checkLimits(scope: IConstruct, props: WebserviceProps): ValidationError[] {
  const faults: ValidationError[] = [];
  for (const what of LIMITS) {
    ifKnown(props[what], value => {
      if (!Number.isSafeInteger(value) || value < 1) faults.push(notPositive(scope, what, value));
    });
  }
  const queueMs = props.maxQueueWaitMs ?? SERVER_DEFAULTS.maxQueueWaitMs;
  const scoringMs = props.scoringTimeoutMs ?? SERVER_DEFAULTS.scoringTimeoutMs;
  if (props.maxQueueWaitMs !== undefined && isKnown(queueMs) && isKnown(scoringMs) && queueMs > scoringMs) {
    faults.push(timeoutsOutOfOrder(scope, queueMs, scoringMs));
  }
  return faults;
}

function checkOrigins(scope: IConstruct, origins: readonly string[]): ValidationError[] {
  return origins.filter(origin => isKnown(origin) && !isOrigin(origin)).map(origin => invalidCorsOrigin(scope, origin));
}

/** As browsers send it: scheme, host and port unless it is the usual one, in lower case. What differs would match nothing. */
function isOrigin(text: string): boolean {
  if (text === '*') return true;
  if (text.includes('*') || !URL.canParse(text)) return false;
  const { protocol, host } = new URL(text);
  return /^https?:$/.test(protocol) && text === `${protocol}//${host}`;
}

function checkMetricsPort(scope: IConstruct, { metricsPort }: WebserviceProps): ValidationError[] {
  const isLegal = (port: number) => isPort(port) && port >= 1024 && port !== CONTAINER.port;
  return ifKnown(metricsPort, port => (isLegal(port) ? [] : [invalidMetricsPort(scope, port)])) ?? [];
}

function checkEnvironment(scope: IConstruct, props: WebserviceProps): ValidationError[] {
  const reserved: readonly string[] = Object.values(ENV);
  return Object.keys(props.environment ?? {})
    .filter(name => reserved.includes(name))
    .map(name => reservedVariable(scope, name));
}
