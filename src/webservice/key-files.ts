import { Fn } from 'cdktf';
import { BoundAuth } from './auth';

/**
 * The files of the keys' folder, by name. Without a second key its file holds the first one again: an empty one is refused
 * by some of the platforms that write it.
 *
 * @internal
 */
export function keyFiles({ primaryKey = '', secondaryKey }: BoundAuth): { primary: string; secondary: string } {
  return {
    primary: primaryKey,
    secondary: secondaryKey === undefined ? primaryKey : (Fn.coalesce([secondaryKey, primaryKey]) as string),
  };
}
