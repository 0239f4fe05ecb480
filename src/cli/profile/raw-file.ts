import * as fs from 'fs';
import { ProfileError, ProfileErrorCode } from '../../profiler/errors';

interface RawFileOptions {
  readonly out: string;
  readonly raw?: string;
  readonly resume?: boolean;
}

/** Failures after which the measurements so far are of use. */
const WORTH_KEEPING: ReadonlySet<ProfileErrorCode> = new Set(['INTERRUPTED', 'SERVER_STOPPED', 'JOURNAL_FOREIGN']);

/**
 * The measurements of a profile while it is made, so that it survives being killed: beside the result unless `--raw` names a
 * file. One that `--raw` names is the user's and stays; the other goes when it is of no more use.
 */
export class RawFile {
  readonly path: string;
  private readonly own: boolean;

  /** What the user does to go on from it; undefined where nothing is measured yet. */
  static wayOn({ out, raw }: RawFileOptions): string | undefined {
    if (!fs.existsSync(raw ?? besides(out))) return undefined;
    return `give the same command ${raw ? 'again' : 'with --resume'} to go on where it stopped`;
  }

  /** Begins anew unless asked to go on; a file that the user named is always gone on with. */
  constructor({ out, raw, resume }: RawFileOptions) {
    this.path = raw ?? besides(out);
    this.own = raw === undefined;
    if (this.own && !resume) this.remove();
  }

  /** The profile is made, or could not be. */
  finish(error?: unknown): void {
    const useful = error instanceof ProfileError ? WORTH_KEEPING.has(error.code) : error !== undefined;
    if (this.own && !useful) this.remove();
  }

  private remove(): void {
    fs.rmSync(this.path, { force: true });
  }
}

const besides = (out: string): string => `${out}.raw.jsonl`;
