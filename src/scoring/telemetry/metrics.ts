import { IntervalHistogram, monitorEventLoopDelay } from 'perf_hooks';
import { BATCH_SIZES, BYTES, Histogram, SECONDS } from './histogram';
import { PrometheusText } from './prometheus-text';

/** What is asked for at each scrape. */
export interface MetricGauges {
  readonly inFlight: () => number;
  readonly queueLength: () => number;
  /** Bytes of all request bodies that are held. */
  readonly heldBytes: () => number;
  /** Engines that are alive. */
  readonly engines: () => number;
}

/** One model that is served. */
export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  readonly sha256?: string;
  /** Asked for at each scrape: the most requests that one run may score now. Absent or undefined: each has its own. */
  readonly batchLimit?: () => number | undefined;
}

/** Routes come from a fixed table; should one ever not, the rest is counted under this name instead of growing for ever. */
const OTHER = 'other';
const MAX_LABEL_VALUES = 200;
const LAG_RESOLUTION_MS = 10;

/** Counts what happens, cheaply, and writes it down as Prometheus text when asked. */
export class Metrics {
  private readonly durations = new Map<string, Map<number, Histogram>>();
  private readonly requestBytes = new Histogram(BYTES);
  private readonly responseBytes = new Histogram(BYTES);
  private readonly queueWait = new Histogram(SECONDS);
  private readonly batchSize = new Histogram(BATCH_SIZES);
  private readonly runSeconds = new Histogram(SECONDS);
  private readonly rejections = new Map<string, number>();
  private readonly drops = new Map<string, number>();
  private readonly lag: IntervalHistogram;
  private restarts = 0;
  private models: readonly ModelInfo[] = [];

  constructor(private readonly gauges: MetricGauges) {
    this.lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    this.lag.enable();
  }

  /** An answer is out. `route` is the route's pattern, never a path that the caller chose. */
  requestDone(route: string, status: number, seconds: number, requestBytes: number, responseBytes: number): void {
    this.duration(route, status).observe(seconds);
    this.requestBytes.observe(requestBytes);
    this.responseBytes.observe(responseBytes);
  }

  /** A request got its engine after so long. */
  queued(waitSeconds: number): void {
    this.queueWait.observe(waitSeconds);
  }

  /** The model ran once, for so many requests. */
  batch(size: number, runSeconds: number): void {
    this.batchSize.observe(size);
    this.runSeconds.observe(runSeconds);
  }

  /** A request was refused before it was scored. */
  rejected(reason: string): void {
    increment(this.rejections, reason, 1);
  }

  engineRestarted(): void {
    this.restarts++;
  }

  /** So many records did not reach a sink (`application-insights`, `data-collection`). */
  dropped(sink: string, count: number): void {
    increment(this.drops, sink, count);
  }

  /** What is served now, in place of what was said before. */
  serving(models: readonly ModelInfo[]): void {
    this.models = models;
  }

  /** All metrics as Prometheus text. The lag is the time since the text was last asked for. */
  text(): string {
    const text = new PrometheusText();
    this.writeRequests(text);
    this.writeScoring(text);
    this.writeProcess(text);
    return text.toString();
  }

  close(): void {
    this.lag.disable();
  }

  private duration(route: string, status: number): Histogram {
    return this.durations.get(route)?.get(status) ?? this.newDuration(route, status);
  }

  private newDuration(route: string, status: number): Histogram {
    const name = this.durations.has(route) || this.durations.size < MAX_LABEL_VALUES ? route : OTHER;
    const statuses = this.durations.get(name) ?? new Map<number, Histogram>();
    this.durations.set(name, statuses);
    const histogram = statuses.get(status) ?? new Histogram(SECONDS);
    statuses.set(status, histogram);
    return histogram;
  }

  private writeRequests(text: PrometheusText): void {
    text.metric('http_server_request_duration_seconds', 'histogram', 'From the request line to the last byte of the answer.');
    for (const [route, statuses] of this.durations) {
      for (const [status, histogram] of statuses) text.histogram(histogram, { route, status });
    }
    text.metric('http_server_request_body_bytes', 'histogram', 'Size of request bodies.').histogram(this.requestBytes);
    text.metric('http_server_response_body_bytes', 'histogram', 'Size of response bodies.').histogram(this.responseBytes);
    text.metric('http_server_requests_in_flight', 'gauge', 'Requests being answered.').sample(this.gauges.inFlight());
    text.metric('rejected_total', 'counter', 'Requests refused before they were scored.');
    for (const [reason, count] of this.rejections) text.sample(count, { reason });
  }

  private writeScoring(text: PrometheusText): void {
    const { gauges } = this;
    text.metric('queue_length', 'gauge', 'Requests that wait for an engine.').sample(gauges.queueLength());
    text.metric('queue_held_bytes', 'gauge', 'Bytes of request bodies being held.').sample(gauges.heldBytes());
    text.metric('queue_wait_seconds', 'histogram', 'Wait for an engine.').histogram(this.queueWait);
    text.metric('batch_size', 'histogram', 'Requests in one run of the model.').histogram(this.batchSize);
    text.metric('batch_limit', 'gauge', 'The most requests that one run of the model may score now.');
    for (const { name, version, batchLimit } of this.models) {
      const limit = batchLimit?.();
      if (limit !== undefined) text.sample(limit, { name, version });
    }
    text.metric('model_run_seconds', 'histogram', 'Time of one run of the model.').histogram(this.runSeconds);
    text.metric('fronts', 'gauge', 'Processes that take requests.').sample(1);
    text.metric('engines', 'gauge', 'Engines that are alive.').sample(gauges.engines());
    text.metric('engine_restarts_total', 'counter', 'Engines started in place of lost ones.').sample(this.restarts);
    text.metric('model_info', 'gauge', 'Models that are served.');
    for (const { name, version, sha256 } of this.models) {
      text.sample(1, sha256 === undefined ? { name, version } : { name, version, sha256 });
    }
    text.metric('telemetry_dropped_total', 'counter', 'Records that did not reach their sink.');
    for (const [sink, count] of this.drops) text.sample(count, { sink });
  }

  private writeProcess(text: PrometheusText): void {
    const { user, system } = process.cpuUsage();
    text.metric('event_loop_lag_seconds', 'gauge', 'Delay of the event loop since the last scrape.');
    for (const quantile of [0.5, 0.99, 1]) text.sample(this.lagSeconds(quantile), { quantile });
    this.lag.reset();
    text.metric('process_cpu_seconds_total', 'counter', 'CPU time of the fronts.').sample((user + system) / 1e6);
    text.metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the fronts.').sample(process.memoryUsage.rss());
    text
      .metric('process_start_time_seconds', 'gauge', 'When the first front started, since the epoch.')
      .sample(Math.round(Date.now() - process.uptime() * 1000) / 1000);
  }

  /** Node.js reports the whole interval between two ticks: what lies above the resolution is the lag. */
  private lagSeconds(quantile: number): number {
    const nanoseconds = this.lag.count === 0 ? 0 : this.lag.percentile(quantile * 100);
    return Math.max(0, nanoseconds - LAG_RESOLUTION_MS * 1e6) / 1e9;
  }
}

function increment(counters: Map<string, number>, key: string, by: number): void {
  const name = counters.has(key) || counters.size < MAX_LABEL_VALUES ? key : OTHER;
  counters.set(name, (counters.get(name) ?? 0) + by);
}
