export type LogLevel = 'info' | 'warning' | 'error';

/** What a line may carry: never a request's or an answer's payload. */
export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Writes one JSON object a line: `time`, `level`, `event`, then what belongs to the event. */
export class Log {
  private onLine?: (line: string) => void;

  /** @param everywhere what every line carries */
  constructor(
    private readonly write: (line: string) => void,
    private readonly everywhere: LogFields = {},
  ) {}

  /** Gives every further line to somebody else as well. */
  tap(onLine: (line: string) => void): void {
    this.onLine = onLine;
  }

  info(event: string, fields: LogFields = {}): void {
    this.line('info', event, fields);
  }

  warning(event: string, fields: LogFields = {}): void {
    this.line('warning', event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.line('error', event, fields);
  }

  private line(level: LogLevel, event: string, fields: LogFields): void {
    const line = JSON.stringify({ time: new Date().toISOString(), level, event, ...this.everywhere, ...fields });
    this.write(`${line}\n`);
    this.onLine?.(line);
  }
}

/** A log on standard output that outlives its reader. */
export function standardLog(everywhere?: LogFields): Log {
  // whoever read our output may be gone: that must not take requests with it
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return new Log(line => process.stdout.write(line), everywhere);
}
