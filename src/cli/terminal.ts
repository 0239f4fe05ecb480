import { CommandFailure } from './failure';

/** Where a command's words go. The result is on stdout, all else on stderr; with `--json` the result is one JSON value. */
export class Terminal {
  private lineIsOpen = false;

  constructor(
    private readonly json: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
    private readonly err: NodeJS.WriteStream = process.stderr,
  ) {}

  /** Whether someone watches: then progress overwrites itself. */
  get interactive(): boolean {
    return !this.json && this.err.isTTY;
  }

  /** The result: `text` for people, `value` for programs. */
  result(text: string, value: object): void {
    this.endLine();
    this.out.write(this.json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** One line of a result that comes in pieces; with `--json` they wait for `end`. */
  piece(text: string): void {
    this.endLine();
    if (!this.json) this.out.write(`${text}\n`);
  }

  /** Ends a result that came in pieces: all of it as JSON text, for `--json`. */
  end(json: string): void {
    if (this.json) this.out.write(`${json}\n`);
  }

  /** What is being done; overwritten by the next one where someone watches. */
  progress(text: string): void {
    if (this.json) return;
    if (!this.err.isTTY) {
      this.err.write(`${text}\n`);
      return;
    }
    this.err.write(`\r\x1b[K${text.slice(0, (this.err.columns || 80) - 1)}`);
    this.lineIsOpen = true;
  }

  /** A remark that stays: a key that is shown once, where a file was written, what to do next. */
  note(text: string): void {
    if (this.json) return;
    this.endLine();
    this.err.write(`${text}\n`);
  }

  /** Said even with `--json`: what the user must not miss. */
  warn(text: string): void {
    this.endLine();
    this.err.write(`warning: ${text}\n`);
  }

  /** The failure in a sentence with its code, and its fix; with `--json` also as a value on stdout. */
  failure(failure: CommandFailure): void {
    this.endLine();
    this.err.write(`error: ${failure.message} [${failure.code}]\n  fix: ${failure.fix}\n`);
    if (!this.json) return;
    const error = { code: failure.code, problem: failure.message, fix: failure.fix };
    this.out.write(`${JSON.stringify({ ...failure.result, error })}\n`);
  }

  private endLine(): void {
    if (this.lineIsOpen) this.err.write('\r\x1b[K');
    this.lineIsOpen = false;
  }
}
