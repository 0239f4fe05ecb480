/** Where a sum would say nothing. */
const OTHERWISE: Readonly<Record<string, (a: number, b: number) => number>> = {
  batch_limit: Math.max,
  event_loop_lag_seconds: Math.max,
  model_info: Math.max,
  process_start_time_seconds: Math.min,
};

const sum = (a: number, b: number): number => a + b;

/** A metric: the lines that describe it, and the value of each of its series. */
interface Family {
  readonly head: string[];
  readonly series: Map<string, number>;
}

/** Prometheus texts of processes that serve together as one: counts are summed. The texts are ours: every metric has its help line. */
export function mergeMetrics(texts: readonly string[]): string {
  return texts.length === 1 ? texts[0] : textOf(familiesOf(texts));
}

/** What a process that is gone leaves: its counts, or else the sums would fall, and its gauges no more. */
export function countsOf(text: string): string {
  return textOf(familiesOf([text]).filter(({ head }) => !head[1].endsWith(' gauge')));
}

function familiesOf(texts: readonly string[]): Family[] {
  const families = new Map<string, Family>();
  for (const text of texts) addTo(families, text);
  return [...families.values()];
}

function textOf(families: readonly Family[]): string {
  const lines = families.flatMap(({ head, series }) => [...head, ...[...series].map(([name, value]) => `${name} ${value}`)]);
  return `${lines.join('\n')}\n`;
}

function addTo(families: Map<string, Family>, text: string): void {
  let family: Family = { head: [], series: new Map() };
  let join = sum;
  for (const line of text.trimEnd().split('\n')) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (kind === 'HELP') {
      family = families.get(name) ?? { head: [line], series: new Map() };
      families.set(name, family);
      join = OTHERWISE[name] ?? sum;
    } else if (kind === 'TYPE') {
      if (family.head.length === 1) family.head.push(line);
    } else addSample(family.series, line, join);
  }
}

function addSample(series: Map<string, number>, line: string, join: (a: number, b: number) => number): void {
  // labels may hold blanks, a value none
  const end = line.lastIndexOf(' ');
  const [name, value] = [line.slice(0, end), Number(line.slice(end + 1))];
  const before = series.get(name);
  series.set(name, before === undefined ? value : join(before, value));
}
