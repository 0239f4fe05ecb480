import * as fs from 'fs';

/** The text of a file of the kernel, or `fallback` where it is not there, or is no longer. */
export function readOr(file: string, fallback: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}
