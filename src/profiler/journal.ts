import * as fs from 'fs';
import * as path from 'path';
import { isFloat64Array } from 'util/types';
import { journalForeign } from './errors';

/** What a journal was made for: another model, machine or objective is another profile. */
export interface JournalHeader {
  readonly journal: 1;
  readonly fingerprint: string;
  /** ISO 8601; becomes the profile's `createdTime`, so that the same raw file gives the same bytes. */
  readonly createdTime: string;
}

/**
 * The raw file of a profile: every measurement as one line, written when it is complete.
 *
 * A profile is a walk through named steps. A step that the journal has is read, another is taken and appended, so a profile that
 * was killed goes on where it stopped, and one whose file is whole is decided again, to the byte, without measuring anything.
 */
export class Journal {
  private readonly taken = new Map<string, Step>();
  private readonly opened = performance.now();
  private readonly clockBefore: number;
  private descriptor: number | undefined;
  private walkedMs = 0;
  readonly createdTime: string;

  /**
   * Opens the journal at `file`, or begins one that is kept in memory where there is no file.
   *
   * @throws ProfileError JOURNAL_FOREIGN where the file was made for something else
   */
  constructor(fingerprint: string, file?: string) {
    const text = file && fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const kept = wholeLines(text);
    const [header, ...steps] = kept as [JournalHeader | undefined, ...Step[]];
    if (file && text !== '' && header?.fingerprint !== fingerprint) throw journalForeign(file);
    for (const step of steps) this.taken.set(step.step, step);
    this.clockBefore = steps[steps.length - 1]?.atMs ?? 0;
    this.createdTime = header?.createdTime ?? new Date().toISOString();
    if (file === undefined) return;
    const lines = header ? kept : [{ journal: 1, fingerprint, createdTime: this.createdTime } satisfies JournalHeader];
    const whole = lines.map(line => `${encode(line)}\n`).join('');
    // a line that a kill cut in two would spoil the next
    if (whole !== text) replaceFile(file, whole);
    this.descriptor = fs.openSync(file, 'a');
  }

  /**
   * Milliseconds of measuring up to the last step that was walked through, time between a kill and a resumption left out. What depends
   * on time asks this clock and is decided from the file as it was decided live.
   */
  get elapsedMs(): number {
    return this.walkedMs;
  }

  has(step: string): boolean {
    return this.taken.has(step);
  }

  /** The step's value: read where it was taken before, else taken now. Values are plain data and typed arrays of numbers. */
  async step<T>(name: string, take: () => Promise<T> | T): Promise<T> {
    const step = this.taken.get(name) ?? this.keep(name, await take());
    this.walkedMs = step.atMs;
    return step.value as T;
  }

  close(): void {
    if (this.descriptor !== undefined) fs.closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private keep(name: string, value: unknown): Step {
    const atMs = Math.round(this.clockBefore + performance.now() - this.opened);
    const line = encode({ step: name, atMs, value } satisfies Step);
    // through the text, so that what is decided now is what would be decided from the file
    const step = decode<Step>(line);
    this.taken.set(name, step);
    if (this.descriptor !== undefined) fs.writeSync(this.descriptor, `${line}\n`);
    return step;
  }
}

/** One line. */
interface Step {
  readonly step: string;
  /** Milliseconds of measuring since the profile began. */
  readonly atMs: number;
  readonly value: unknown;
}

/** Whole lines; the last may have been cut by a kill. */
function wholeLines(text: string): unknown[] {
  const whole: unknown[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    try {
      whole.push(decode(line));
    } catch {
      break;
    }
  }
  return whole;
}

/** At every moment there is the old file or the new one. */
function replaceFile(file: string, text: string): void {
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}

const FLOATS = '$float32';

/** JSON, with arrays of numbers as base64 of 32-bit floats: latencies to a ten-millionth, in a third of the bytes. */
function encode(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isFloat64Array(item) ? { [FLOATS]: Buffer.from(Float32Array.from(item).buffer).toString('base64') } : item,
  );
}

function decode<T>(text: string): T {
  return JSON.parse(text, (_key, item: unknown) => {
    const floats = (item as Record<string, unknown> | null)?.[FLOATS];
    if (typeof floats !== 'string') return item;
    const bytes = Uint8Array.from(Buffer.from(floats, 'base64'));
    return Float64Array.from(new Float32Array(bytes.buffer));
  }) as T;
}
