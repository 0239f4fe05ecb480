import { Log } from '../log';
import type { ApplicationInsights } from './application-insights';
import { Origin, RequestRecord, Severity } from './application-insights/records';
import type { CollectedModel, CollectedScore, DataCollector } from './data-collection/data-collector';
import type { Metrics, MetricGauges, ModelInfo } from './metrics';
import type { MetricsListener } from './metrics-listener';
import { TelemetrySettings } from './telemetry-settings';

/** The longest that a stop waits for what is still to be sent, in milliseconds. */
const STOP_MS = 5_000;

/** Who is asked for metrics at a scrape: this process alone, or others with it. */
export type Scrape = (own: string) => Promise<string>;

interface Parts {
  readonly metrics?: Metrics;
  readonly listener?: MetricsListener;
  readonly insights?: ApplicationInsights;
  readonly collector?: DataCollector;
}

/** Everything that the server reports, beside the requests: no method waits, throws or keeps a header. */
export class Telemetry {
  /** Reports nothing. */
  static readonly OFF = new Telemetry({});

  /**
   * Loads and starts what is on, and nothing else.
   *
   * @param scrape makes of this process's metrics what a scraper gets; where it is absent, nobody can scrape
   * @throws ListenError if the metrics' port is taken or not allowed; ConnectionStringError.
   */
  static async start(settings: TelemetrySettings, gauges: MetricGauges, log: Log, scrape?: Scrape): Promise<Telemetry> {
    const { metrics: address, applicationInsights, dataCollection } = settings;
    const metrics = address && new (await import('./metrics')).Metrics(gauges);
    const counting = (sink: string) => (count: number) => metrics?.dropped(sink, count);
    const listener =
      address &&
      metrics &&
      scrape &&
      (await (
        await import('./metrics-listener')
      ).MetricsListener.listen(address.host, address.port, () => scrape(metrics.text())));
    const insights =
      applicationInsights &&
      new (await import('./application-insights')).ApplicationInsights({
        ...settings,
        ...applicationInsights,
        log,
        onDrop: counting('application-insights'),
      });
    const collector =
      dataCollection &&
      (await (
        await import('./data-collection/data-collector')
      ).DataCollector.start(dataCollection, log, counting('data-collection')));
    return new Telemetry({ metrics, listener, insights, collector });
  }

  /** Absent where metrics are off: `telemetry.metrics?.requestDone(…)`. */
  readonly metrics: Metrics | undefined;
  /** Where metrics are scraped, if they are. */
  readonly metricsPort: number | undefined;
  /** Whether `request` does anything: if not, the record need not be made. */
  readonly recordsRequests: boolean;
  /** Whether `collect` does anything. */
  readonly collects: boolean;

  private constructor(private readonly parts: Parts) {
    this.metrics = parts.metrics;
    this.metricsPort = parts.listener?.port;
    this.recordsRequests = parts.insights !== undefined;
    this.collects = parts.collector !== undefined;
  }

  serving(models: readonly ModelInfo[]): void {
    this.metrics?.serving(models);
  }

  /** An answered request, for Application Insights. */
  request(record: RequestRecord): void {
    this.parts.insights?.request(record);
  }

  /** A failure, for Application Insights. */
  exception(error: Error, origin: Origin): void {
    this.parts.insights?.exception({ ...origin, error, time: Date.now() });
  }

  /** What a script printed, for Application Insights. */
  trace(message: string, severity: Severity, origin: Origin = {}): void {
    this.parts.insights?.trace({ ...origin, message, severity, time: Date.now() });
  }

  /** A line that the server logged, for Application Insights; except those about telemetry, which would feed themselves. */
  logLine(line: string): void {
    if (this.parts.insights === undefined) return;
    const { level, event, time, requestId, ...fields } = parsedLine(line);
    if (typeof event !== 'string' || event.startsWith('telemetry-')) return;
    const texts = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    this.parts.insights.trace({
      message: typeof fields.message === 'string' ? `${event}: ${fields.message}` : event,
      severity: level === 'error' || level === 'warning' ? level : 'information',
      time: Date.parse(String(time)) || Date.now(),
      requestId: typeof requestId === 'string' ? requestId : undefined,
      properties: Object.fromEntries(texts) as Record<string, string>,
    });
  }

  /** A scored request, for data collection. */
  collect(score: CollectedScore): void {
    this.parts.collector?.collect(score);
  }

  /** What a script's own collector was given. */
  collectRecord(model: CollectedModel, designation: string, data: Buffer): void {
    this.parts.collector?.collectRecord(model, designation, data);
  }

  /** Sends what waits, at most for `deadlineMs`; the rest is dropped. */
  async stop(deadlineMs = STOP_MS): Promise<void> {
    const { insights, collector, listener, metrics } = this.parts;
    await Promise.all([insights?.stop(deadlineMs), collector?.stop(deadlineMs)]);
    await listener?.close();
    metrics?.close();
  }
}

function parsedLine(line: string): Record<string, unknown> {
  try {
    return (JSON.parse(line) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
