import { initFailed, modelLoadFailed, ProfileError } from './errors';
import type { Subject } from './subject';

const KEPT_LINES = 40;
const SHOWN_LINES = 6;
const SHOWN_CHARACTERS = 800;

/** How the server begins to say that a script's init threw: JavaScript's message comes next, Python's at the end of its traceback. */
const INIT_FAILED = /^init of the entry script '.*?' failed: |^The entry script .* failed in init\(\):\s*/;

/** The last lines that a server wrote, and the words for people among them. */
export class ServerLog {
  private readonly lines: string[] = [];

  keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
  }

  /** The last words; empty where there were none. */
  words(): string {
    return shown(this.plain().slice(-SHOWN_LINES));
  }

  /** Why the subject could not be loaded: its own words, or `otherwise` where it said nothing. */
  loadFailure({ name, entryScript }: Pick<Subject, 'name' | 'entryScript'>, otherwise: string): ProfileError {
    return entryScript === undefined
      ? modelLoadFailed(name, this.words() || otherwise)
      : initFailed(entryScript, this.initWords() || this.words() || otherwise);
  }

  private initWords(): string {
    const plain = this.plain();
    const start = plain.findIndex(line => INIT_FAILED.test(line));
    if (start < 0) return '';
    const first = plain[start].replace(INIT_FAILED, '');
    const rest = plain.slice(start + 1);
    return shown(first === '' ? rest.slice(-SHOWN_LINES) : [first, ...rest].slice(0, SHOWN_LINES));
  }

  /** Without the JSON lines, which are for programs. */
  private plain(): string[] {
    return this.lines.filter(line => !line.startsWith('{'));
  }
}

const shown = (lines: readonly string[]): string => {
  const words = lines.map(line => line.trim()).filter(Boolean);
  return words.join(' | ').slice(0, SHOWN_CHARACTERS);
};
