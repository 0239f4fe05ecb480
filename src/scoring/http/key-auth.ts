import { hash, timingSafeEqual } from 'crypto';
import { readFile } from 'fs/promises';
import * as path from 'path';
import { Log } from '../log';

/** Files of the two live keys: replace one while callers move to the other. */
const KEY_FILES = ['primary', 'secondary'] as const;
const REREAD_MS = 1_000;

/** The keys cannot be used; the message is for the operator. */
export class KeyError extends Error {}

/** Checks `Authorization: Bearer <key>` against keys in files, which are read again when they change. */
export class KeyAuth {
  /** @throws KeyError if there is no usable primary key. */
  static async watch(directory: string, log: Log): Promise<KeyAuth> {
    return new KeyAuth(directory, log, await readKeys(directory));
  }

  private readonly timer: NodeJS.Timeout;
  private digests: readonly Buffer[];
  private lastFault = '';

  private constructor(
    private readonly directory: string,
    private readonly log: Log,
    private keys: readonly string[],
  ) {
    this.digests = keys.map(digest);
    // polled: mounted secrets are swapped by links, which file events do not report everywhere
    this.timer = setInterval(() => void this.reread(), REREAD_MS).unref();
  }

  /** Whether the header carries a live key. All keys are compared, in constant time, whichever matches. */
  admits(authorization: string | undefined): boolean {
    const key = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) return false;
    const presented = digest(key);
    return this.digests.map(known => timingSafeEqual(known, presented)).includes(true);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async reread(): Promise<void> {
    try {
      const keys = await readKeys(this.directory);
      this.lastFault = '';
      if (keys.join('\n') === this.keys.join('\n')) return;
      this.keys = keys;
      this.digests = keys.map(digest);
      this.log.info('keys-reread', { keys: keys.length });
    } catch (error) {
      // half-written or gone: the last good keys stay
      const { message } = error as Error;
      if (message !== this.lastFault) this.log.warning('keys-unreadable', { message });
      this.lastFault = message;
    }
  }
}

async function readKeys(directory: string): Promise<string[]> {
  const [primary, secondary] = await Promise.all(KEY_FILES.map(name => readKey(path.join(directory, name))));
  if (primary === '') throw new KeyError(`No key in '${path.join(directory, 'primary')}': write the key into that file.`);
  return secondary === '' ? [primary] : [primary, secondary];
}

async function readKey(file: string): Promise<string> {
  const key = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new KeyError(`The key file '${file}' cannot be read (${error.code}).`);
  });
  const trimmed = key.trim();
  if (/^[\x21-\x7e]*$/.test(trimmed)) return trimmed;
  throw new KeyError(`The key in '${file}' holds characters that a header cannot carry: use visible ASCII without spaces.`);
}

/** Of equal length whatever the key's, as the comparison needs. */
function digest(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
