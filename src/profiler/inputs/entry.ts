import type { ProfileInput } from '../input-set';

/** One request that a file holds, before the set is put together. */
export interface Entry extends ProfileInput {
  /** When it came, milliseconds; in a recording. */
  readonly atMs?: number;
}

/** What is wrong with a file; becomes INPUT_UNREADABLE under the file's name. */
export class Unreadable extends Error {}

/** What is wrong with one of its rows, counted from 1. */
export const badRow = (row: number, reason: string): Unreadable => new Unreadable(`row ${row}: ${reason}`);
