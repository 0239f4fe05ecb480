import { isUtf8 } from 'buffer';
import { ExceptionRecord, Origin, RequestRecord, Severity, TraceRecord } from './records';

/** What every item says about its sender. */
export interface Sender {
  readonly instrumentationKey: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** Names this replica: the container's host name. */
  readonly instance: string;
  readonly workspaceName: string;
}

/** Application Insights' own name for one item and its data. */
export interface Envelope {
  readonly name: string;
  readonly time: string;
  readonly iKey: string;
  /** Percent of the items of this kind that are sent; the backend scales its counts by it. */
  readonly sampleRate: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> };
}

/** A bigger item is lost at the backend. */
export const MAX_ITEM_BYTES = 64 * 1024;
/** The backend's limits, in characters. */
const LIMIT = { id: 512, name: 1024, url: 2048, property: 8192, message: 32_768, typeName: 1024 } as const;
const SEVERITY: Readonly<Record<Severity, number>> = { verbose: 0, information: 1, warning: 2, error: 3, critical: 4 };

/** A row of `requests`. Success is a status below 400, as it was in v1. */
export function requestEnvelope(sender: Sender, record: RequestRecord, sampleRate: number): Envelope {
  const { method, path, status, requestId, trace } = record;
  return envelope(sender, 'Request', record.startedAt, sampleRate, tagsOf(sender, record, trace?.parentId, `${method} ${path}`), {
    id: clip(trace?.spanId ?? requestId, LIMIT.id),
    name: clip(path, LIMIT.name),
    url: clip(withoutQuery(record.url), LIMIT.url),
    duration: formatDuration(record.seconds),
    responseCode: String(status),
    success: status < 400,
    properties: {
      ...dimensions(sender, record),
      http_method: method,
      ...(record.response !== undefined && { 'Response Value': responseValue(record.response) }),
    },
  });
}

/** A row of `traces`. */
export function traceEnvelope(sender: Sender, record: TraceRecord): Envelope {
  return envelope(sender, 'Message', record.time, 100, tagsOf(sender, record, record.trace?.spanId), {
    message: clip(record.message, LIMIT.message) || '(empty)',
    severityLevel: SEVERITY[record.severity],
    properties: { ...clipValues(record.properties ?? {}), ...dimensions(sender, record) },
  });
}

/** A row of `exceptions`. */
export function exceptionEnvelope(sender: Sender, record: ExceptionRecord): Envelope {
  const { error } = record;
  return envelope(sender, 'Exception', record.time, 100, tagsOf(sender, record, record.trace?.spanId), {
    severityLevel: SEVERITY.error,
    exceptions: [
      {
        id: 1,
        typeName: clip(error.name || 'Error', LIMIT.typeName),
        message: clip(error.message, LIMIT.message) || '(empty)',
        hasFullStack: error.stack !== undefined,
        stack: clip(error.stack ?? '', LIMIT.message),
      },
    ],
    properties: dimensions(sender, record),
  });
}

/** The item as one line of JSON that the backend takes: its longest texts are cut until it fits. */
export function serialize(item: Envelope): string {
  let line = JSON.stringify(item);
  for (let limit: number = LIMIT.property; Buffer.byteLength(line) > MAX_ITEM_BYTES; limit >>= 1) {
    line = JSON.stringify(item, (_key, value: unknown) => (typeof value === 'string' ? clip(value, limit) : value));
  }
  return line;
}

/** `hh:mm:ss.ffffff`, after whole days and a point where there are any. */
export function formatDuration(seconds: number): string {
  const micros = Number.isFinite(seconds) ? Math.max(0, Math.round(seconds * 1e6)) : 0;
  const [days, hours, minutes, rest] = [86_400e6, 3_600e6, 60e6, 1e6].map((unit, i, units) =>
    Math.floor((i === 0 ? micros : micros % units[i - 1]) / unit),
  );
  const clock = [hours, minutes, rest].map(part => String(part).padStart(2, '0')).join(':');
  return `${days > 0 ? `${days}.` : ''}${clock}.${String(micros % 1e6).padStart(6, '0')}`;
}

function envelope(
  sender: Sender,
  kind: 'Request' | 'Message' | 'Exception',
  time: number,
  sampleRate: number,
  tags: Envelope['tags'],
  baseData: Envelope['data']['baseData'],
): Envelope {
  return {
    name: `Microsoft.ApplicationInsights.${kind}`,
    time: new Date(time).toISOString(),
    iKey: sender.instrumentationKey,
    sampleRate,
    tags,
    data: { baseType: `${kind}Data`, baseData: { ver: 2, ...baseData } },
  };
}

function tagsOf(sender: Sender, origin: Origin, parentId?: string, operation?: string): Record<string, string> {
  const operationId = origin.trace?.traceId ?? origin.requestId;
  return {
    'ai.cloud.role': sender.serviceName,
    'ai.cloud.roleInstance': sender.instance,
    'ai.application.ver': sender.serviceVersion,
    'ai.internal.sdkVersion': 'model-serving:1',
    ...(operationId !== undefined && { 'ai.operation.id': operationId }),
    ...(parentId !== undefined && { 'ai.operation.parentId': parentId }),
    ...(operation !== undefined && { 'ai.operation.name': clip(operation, LIMIT.name) }),
  };
}

/** v1's custom dimensions. */
function dimensions(sender: Sender, { requestId, clientRequestId }: Origin): Record<string, string> {
  return {
    'Container Id': sender.instance,
    'Request Id': requestId ?? 'Unknown',
    'Client Request Id': clientRequestId ?? '',
    'Workspace Name': sender.workspaceName,
    'Service Name': sender.serviceName,
  };
}

function responseValue(response: Buffer): string {
  return isUtf8(response) ? clip(response.toString(), LIMIT.property) : `(${response.length} bytes that are no text)`;
}

function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0];
}

function clipValues(properties: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [clip(name, 150), clip(value, LIMIT.property)]));
}

/** At most `limit` characters, without half a surrogate pair at the end. */
function clip(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
}
