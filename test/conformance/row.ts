/** What stands behind `/score`. */
export type Runtime = 'python' | 'javascript' | 'onnx';

/** A server to start: one process for all rows with the same setup. */
export interface Setup {
  /** The folder below `fixtures` whose `score.py` or `score.js` is served; see `fixtures.ts` for the models. */
  readonly fixture: string;
  /**
   * More environment; an empty value takes a variable away. `$FIXTURE` stands for the fixture's folder, `$TAKEN` for a port that
   * is taken, in arguments, too.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** More arguments for the command line of Azure ML's server. */
  readonly args?: readonly string[];
}

export interface RowRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Objects are sent as JSON, with its content type unless the row sets one. */
  readonly body?: string | Buffer | object;
}

/** A text that must be equal, or a pattern that it must match. */
export type TextMatcher = string | RegExp;

/** What an answer must be. What is not named is not looked at. */
export interface Expected {
  /** 0 where the connection ends without an answer. */
  readonly status: number;
  /** The parsed body; texts in it may be patterns. */
  readonly json?: unknown;
  /** A part of the parsed body: members that are not named may be there, too. */
  readonly contains?: Readonly<Record<string, unknown>>;
  /** The body as text. */
  readonly text?: TextMatcher;
  /** By name in any case: text or pattern of the joined value, each value of a repeated header, or null where it must be absent. */
  readonly headers?: Readonly<Record<string, TextMatcher | readonly string[] | null>>;
  /** The least number of pieces that the body arrives in. */
  readonly pieces?: number;
  /** Whether the answer comes only after the one to the request `meanwhile`. */
  readonly waits?: boolean;
  /** What the server writes about the request. */
  readonly logs?: RegExp;
}

/** Where this server answers otherwise on purpose: only what differs, and why. */
export interface Difference extends Partial<Expected> {
  /** @default - all runtimes of the row */
  readonly runtimes?: readonly Runtime[];
  readonly because: string;
}

/** One request, what Azure ML's server answers to it, and where this one differs. */
export interface Row extends Setup {
  readonly name: string;
  readonly request: RowRequest;
  /** Sent just before, and still being answered when the request comes. */
  readonly meanwhile?: RowRequest;
  readonly expected: Expected;
  readonly runtimes: readonly Runtime[];
  readonly ours?: readonly Difference[];
}

/** What becomes of a start. */
export interface ExpectedStart {
  /** Absent where it must serve. */
  readonly exitCode?: number;
  /** What it writes until then. */
  readonly says?: RegExp;
}

/** One start, what Azure ML's server makes of it, and where this one differs. */
export interface StartRow extends Setup {
  readonly name: string;
  readonly expected: ExpectedStart;
  readonly runtimes: readonly Runtime[];
  readonly ours?: ReadonlyArray<ExpectedStart & { readonly runtimes?: readonly Runtime[]; readonly because: string }>;
}

export interface Table<R = Row> {
  readonly title: string;
  readonly rows: readonly R[];
}

/** The difference that applies to a runtime, if any does. */
export function differenceFor<D extends { readonly runtimes?: readonly Runtime[] }>(
  row: { readonly ours?: readonly D[] },
  runtime: Runtime,
): D | undefined {
  return row.ours?.find(difference => difference.runtimes?.includes(runtime) ?? true);
}

/** What this server must answer: as Azure ML's, with the row's difference on top. */
export function expectedOfOurs(row: Row, runtime: Runtime): Expected {
  const difference = differenceFor(row, runtime);
  if (difference === undefined) return row.expected;
  const { json, text, contains, headers, ...rest } = row.expected;
  const newBody = [difference.json, difference.text, difference.contains].some(body => body !== undefined);
  return {
    ...rest,
    ...(newBody ? {} : { json, text, contains }),
    ...difference,
    headers: { ...headers, ...difference.headers },
  };
}

/** Rows that one process can answer, in the order of the table. */
export function groupBySetup<R extends Setup>(rows: readonly R[]): ReadonlyMap<string, readonly R[]> {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const { fixture, env = {}, args } = row;
    const settings = [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(args === undefined ? [] : ['command line', ...args]),
    ];
    const key = [fixture, ...settings].join(' ');
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return groups;
}
