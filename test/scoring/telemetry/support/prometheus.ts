/** One sample of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/s;
const PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** Reads the text format as strictly as a scraper does. */
export function parsePrometheus(text: string): Sample[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  return text
    .split('\n')
    .filter(line => line !== '' && !/^# (HELP|TYPE) /.test(line))
    .map(line => {
      const [, name, pairs = '', value] = LINE.exec(line) ?? fail(line);
      return { name, labels: parseLabels(pairs), value: Number(value) };
    });
}

function parseLabels(pairs: string): Record<string, string> {
  const labels: [string, string][] = [];
  for (let at = 0; at < pairs.length; at = PAIR.lastIndex) {
    PAIR.lastIndex = at;
    const [, name, text] = PAIR.exec(pairs) ?? fail(pairs);
    labels.push([name, text.replace(/\\(["\\n])/g, (_all, c: string) => (c === 'n' ? '\n' : c))]);
  }
  return Object.fromEntries(labels);
}

function fail(text: string): never {
  throw new Error(`not in the text format: ${text}`);
}
