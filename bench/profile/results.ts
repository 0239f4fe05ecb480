import * as fs from 'fs';
import * as path from 'path';

/** What is kept of one finished piece. */
interface Kept {
  /** What it was measured for; another case under the same name is another piece. */
  readonly of: string;
  readonly value: unknown;
}

/** One piece of work and its result. */
export interface Piece<T> {
  /** Absent where it is not finished. */
  get(): T | undefined;
  /** Read where it was finished before, else taken now. One that throws is tried again at the next start. */
  once(take: () => Promise<T>): Promise<T>;
}

/** Finished pieces in one file, written after each: a benchmark that was stopped goes on where it was. */
export class Results {
  private readonly kept: Record<string, Kept | undefined>;

  constructor(private readonly file: string) {
    this.kept = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Kept>) : {};
  }

  /** `of` is everything that the result depends on. */
  piece<T>(name: string, of: unknown): Piece<T> {
    const made = JSON.stringify(of);
    const get = () => {
      const kept = this.kept[name];
      return kept?.of === made ? (kept.value as T) : undefined;
    };
    const once = async (take: () => Promise<T>) => {
      const known = get();
      if (known !== undefined) return known;
      const value = await take();
      this.kept[name] = { of: made, value };
      writeJson(this.file, this.kept);
      return value;
    };
    return { get, once };
  }
}

/** Beside and then over: never half a file. */
export function writeJson(file: string, value: unknown): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(value, undefined, 1)}\n`);
  fs.renameSync(`${file}.new`, file);
}
