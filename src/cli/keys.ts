import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

/** The variable that `serve` takes its key from and `score` sends; unlike an option it does not show in the process list. */
export const KEY_VARIABLE = 'MODEL_SERVING_KEY';

/** 256 random bits, as 43 characters that need no quoting in a shell or a URL. */
export function generateKey(): string {
  return randomBytes(32).toString('base64url');
}

/** Keys in a folder that only this user can read, as the server takes them; `remove` deletes it. */
export function writeKeys(primary: string, parent = os.tmpdir()): { readonly directory: string; readonly remove: () => void } {
  const directory = fs.mkdtempSync(path.join(parent, 'model-serving-keys-')); // 0700 by mkdtemp
  fs.writeFileSync(path.join(directory, 'primary'), primary, { mode: 0o600 });
  return { directory, remove: () => fs.rmSync(directory, { recursive: true, force: true }) };
}
