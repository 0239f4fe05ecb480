import { count } from './count';
import { Difference, Expected, ExpectedStart, Row, Runtime, StartRow, Table, TextMatcher } from './row';
import { starts, tables } from './table';

const RUNTIMES: Readonly<Record<Runtime, string>> = { python: 'Python', javascript: 'JavaScript', onnx: 'ONNX' };

/** docs/azureml-parity.md, from the table alone: the tests show that both servers are as it says. */
export function parityDocument(): string {
  const { rows, replays, different } = count();
  const all = [...tables, starts];
  return `# Parity with Azure ML's inference server

<!-- Written by test/conformance/write-docs.ts. -->

${rows} rows of (script, request, answer) say what \`azureml-inference-server-http\` 1.5.1 does that can be seen over HTTP, in its log or by its exit
code. The tests replay each row against that server, and ${replays} times in all against this one: with the same Python script, with a JavaScript
script that does the same, and with an ONNX model without code, as far as the row makes sense there. ${rows - different} rows are answered alike;
${different} differ on purpose, and the tests hold this server to the difference, too.

\`\`\`
python3 -m venv venv && venv/bin/pip install azureml-inference-server-http==1.5.1 flask-cors numpy pandas
MODEL_SERVING_TEST_PYTHON=$PWD/venv/bin/python npm run test:integration -- test/conformance
\`\`\`

## Differences

${all.map(differencesOf).filter(Boolean).join('\n')}
## Rows

"≠" marks a difference from above.

${all.map(rowsOf).join('\n')}`;
}

interface Line {
  readonly name: string;
  readonly theirs: string;
  readonly ours: string;
  readonly because: string;
}

function differencesOf({ title, rows }: Table<Row | StartRow>): string {
  const lines = rows.flatMap(row => (isStart(row) ? startLines(row) : rowLines(row)));
  if (lines.length === 0) return '';
  const cells = merged(lines).map(({ name, theirs, ours, because }) => `| ${name} | ${theirs} | ${ours} | ${because} |`);
  return `### ${title}\n\n| | Azure ML | here | why |\n|---|---|---|---|\n${cells.join('\n')}\n`;
}

/** Rows that differ alike are one line. */
function merged(lines: readonly Line[]): Line[] {
  const byDifference = new Map<string, Line>();
  for (const line of lines) {
    const key = JSON.stringify([line.theirs, line.ours, line.because]);
    const alike = byDifference.get(key);
    byDifference.set(key, alike === undefined ? line : { ...alike, name: `${alike.name}; ${line.name}` });
  }
  return [...byDifference.values()];
}

function rowLines(row: Row): Line[] {
  return (row.ours ?? []).map(difference => ({
    name: nameOf(row, difference.runtimes),
    theirs: answerText(theirsOf(row.expected, difference)),
    ours: answerText(difference),
    because: difference.because,
  }));
}

function startLines(row: StartRow): Line[] {
  return (row.ours ?? []).map(difference => ({
    name: nameOf(row, difference.runtimes),
    theirs: startText(row.expected),
    ours: startText(difference),
    because: difference.because,
  }));
}

/** With the runtimes that the difference is about, where the row has more. */
function nameOf(row: Row | StartRow, runtimes: readonly Runtime[] = row.runtimes): string {
  const some = runtimes.length < row.runtimes.length ? ` (${named(runtimes)})` : '';
  return cell(row.name) + some;
}

/** Of Azure ML's answer, what this server does otherwise. */
function theirsOf(expected: Expected, difference: Difference): Partial<Expected> {
  const names = Object.keys(difference.headers ?? {});
  const headers = Object.entries(expected.headers ?? {}).filter(([name]) => names.includes(name));
  const { json, text, contains, waits } = expected;
  const otherBody = [difference.json, difference.text, difference.contains].some(body => body !== undefined);
  return {
    ...(difference.status === undefined ? {} : { status: expected.status }),
    ...(otherBody ? { json, text, contains } : {}),
    ...(difference.waits === undefined ? {} : { waits }),
    headers: Object.fromEntries(headers),
  };
}

function answerText({ status, json, text, contains, headers, waits }: Partial<Expected>): string {
  const body = [json, contains, text].find(each => each !== undefined);
  const parts = [
    ...(status === undefined ? [] : [status === 0 ? 'no answer' : String(status)]),
    ...(body === undefined || body === '' ? [] : [code(body)]),
    ...Object.entries(headers ?? {}).map(([name, value]) => headerText(name, value)),
    ...(waits === undefined ? [] : [waits ? 'waits' : 'at once']),
  ];
  return parts.join('; ');
}

function headerText(name: string, value: TextMatcher | readonly string[] | null): string {
  if (value === null) return `no \`${name}\``;
  if (value instanceof RegExp) return `\`${name}\``;
  const values = typeof value === 'string' ? [value] : value;
  return values.map(each => code(`${name}: ${each}`)).join(' ');
}

function startText({ exitCode }: ExpectedStart): string {
  return exitCode === undefined ? 'serves' : `exit code ${exitCode}`;
}

const MOST_CHARACTERS = 60;

/** Patterns are left out: they say too little in a few words. */
function code(value: unknown): string {
  if (value instanceof RegExp) return '…';
  const text =
    typeof value === 'string' ? value : JSON.stringify(value, (_, inner: unknown) => (inner instanceof RegExp ? '…' : inner));
  const short = cell(text);
  return `\`${short.length > MOST_CHARACTERS ? `${short.slice(0, MOST_CHARACTERS)}…` : short}\``;
}

function rowsOf({ title, rows }: Table<Row | StartRow>): string {
  const lines = rows.map(row => `- ${cell(row.name)} (${named(row.runtimes)})${row.ours === undefined ? '' : ' ≠'}`);
  return `### ${title}: ${rows.length} rows\n\n${lines.join('\n')}\n`;
}

const isStart = (row: Row | StartRow): row is StartRow => !('request' in row);
const named = (runtimes: readonly Runtime[]) => runtimes.map(runtime => RUNTIMES[runtime]).join(', ');
const cell = (text: string) => text.replaceAll('|', '\\|').replace(/(.)\1{19,}/g, '$1$1$1…');
