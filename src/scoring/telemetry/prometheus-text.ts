import { Histogram } from './histogram';

export type Labels = Readonly<Record<string, string | number>>;

/** What a scraper must be told about the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes Prometheus' text exposition format 0.0.4. */
export class PrometheusText {
  private readonly lines: string[] = [];
  private name = '';

  /** Starts a metric; the samples that follow are its. */
  metric(name: string, type: 'counter' | 'gauge' | 'histogram', help: string): this {
    this.name = name;
    this.lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    return this;
  }

  sample(value: number, labels: Labels = {}): this {
    return this.line('', labels, value);
  }

  histogram({ bounds, counts, sum }: Histogram, labels: Labels = {}): this {
    let cumulative = 0;
    bounds.forEach((bound, bucket) => {
      cumulative += counts[bucket];
      this.line('_bucket', { ...labels, le: bound }, cumulative);
    });
    cumulative += counts[bounds.length];
    this.line('_bucket', { ...labels, le: '+Inf' }, cumulative);
    return this.line('_sum', labels, sum).line('_count', labels, cumulative);
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }

  private line(suffix: string, labels: Labels, value: number): this {
    const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escaped(String(text))}"`);
    const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    this.lines.push(`${this.name}${suffix}${set} ${value}`);
    return this;
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
