import { Log } from '../log';
import { parseConnectionString } from './application-insights/connection-string';
import { exceptionEnvelope, requestEnvelope, Sender, serialize, traceEnvelope } from './application-insights/envelope';
import { IngestionChannel, IngestionChannelOptions } from './application-insights/ingestion-channel';
import { ExceptionRecord, RequestRecord, TraceRecord } from './application-insights/records';
import { RequestSampler } from './application-insights/request-sampler';
import { keptBytes } from './kept-bytes';

/** How the service reports to Application Insights. */
export interface ApplicationInsightsOptions extends Omit<Sender, 'instrumentationKey'> {
  /** `InstrumentationKey=…;IngestionEndpoint=…`, or the bare key. */
  readonly connectionString: string;
  /** Whether answers become part of their `requests` rows. */
  readonly logResponses: boolean;
  /**
   * Rows of successful requests per second; above it a sample is sent, with its rate.
   * @default 500
   */
  readonly maxRequestsPerSecond?: number;
  readonly log: Log;
  readonly onDrop: (count: number) => void;
  /** For tests: other times than the defaults. */
  readonly channel?: Pick<IngestionChannelOptions, 'flushMs' | 'batchItems' | 'maxItems' | 'firstRetryMs'>;
}

/** As much of an answer as a row keeps, at four bytes a character. */
const KEPT_RESPONSE_BYTES = 8192 * 4;

/**
 * Reports requests, traces and exceptions to Application Insights.
 *
 * Written by hand: the classic SDK bundles to 1.9 MB and takes 130 ms to load, the OpenTelemetry exporter 1.7 MB and 220 ms,
 * both for three kinds of JSON objects and one POST.
 */
export class ApplicationInsights {
  private readonly sender: Sender;
  private readonly channel: IngestionChannel;
  private readonly sampler: RequestSampler;

  /** @throws ConnectionStringError */
  constructor(private readonly options: ApplicationInsightsOptions) {
    const { instrumentationKey, trackUrl } = parseConnectionString(options.connectionString);
    const { serviceName, serviceVersion, instance, workspaceName, log, onDrop } = options;
    this.sender = { instrumentationKey, serviceName, serviceVersion, instance, workspaceName };
    this.channel = new IngestionChannel({ trackUrl, log, onDrop, ...options.channel });
    this.sampler = new RequestSampler(options.maxRequestsPerSecond ?? 500);
  }

  /** Health probes are not reported, as in v1; of a flood of successes a share is. */
  request(record: RequestRecord): void {
    if (isProbe(record.path)) return;
    const traceId = record.trace?.traceId ?? record.requestId;
    const rate = this.sampler.sampleRate(traceId, record.status >= 500, record.startedAt + record.seconds * 1_000);
    if (rate === 0) return;
    const kept = { ...record, response: this.keptResponse(record.response) };
    this.channel.push(() => serialize(requestEnvelope(this.sender, kept, rate)));
  }

  trace(record: TraceRecord): void {
    this.channel.push(() => serialize(traceEnvelope(this.sender, record)));
  }

  exception(record: ExceptionRecord): void {
    this.channel.push(() => serialize(exceptionEnvelope(this.sender, record)));
  }

  /** Sends what waits, at most for `deadlineMs`. */
  stop(deadlineMs: number): Promise<void> {
    return this.channel.stop(deadlineMs);
  }

  private keptResponse(response: Buffer | undefined): Buffer | undefined {
    if (response === undefined || !this.options.logResponses) return undefined;
    return keptBytes(response, characterStart(response));
  }
}

/** Where a UTF-8 character begins, at or before the limit. */
function characterStart(text: Buffer): number {
  let end = Math.min(KEPT_RESPONSE_BYTES, text.length);
  while (end > 0 && end > KEPT_RESPONSE_BYTES - 3 && (text[end] & 0xc0) === 0x80) end--;
  return end;
}

function isProbe(path: string): boolean {
  return path === '/' || path.startsWith('/health/') || path.startsWith('/v2/health/');
}
