import { hash, timingSafeEqual } from 'crypto';
import { readFile } from 'fs/promises';
import { Socket } from 'net';
import * as path from 'path';
import { Log } from '../log';
import { Authenticator, bearerToken, challenge, Verdict } from './authenticator';
import { CallHead } from './call';
import { pollFiles } from './file-poll';
import { header } from './header';

/** Files of the two live keys: replace one while callers move to the other. */
const KEY_FILES = ['primary', 'secondary'] as const;
const { missing, invalid } = challenge('A valid key is needed: Authorization: Bearer <key>');

/** The keys cannot be used; the message is for the operator. */
export class KeyError extends Error {}

/** Checks `Authorization: Bearer <key>` against keys in files, which are read again when they change. */
export class KeyAuth implements Authenticator {
  /** @throws KeyError if there is no usable primary key. */
  static async watch(directory: string, log: Log): Promise<KeyAuth> {
    return new KeyAuth(directory, log, await readKeys(directory));
  }

  private readonly accepted = new AcceptedHeaders();
  private readonly endPoll: () => void;
  private digests: readonly Buffer[];

  private constructor(directory: string, log: Log, keys: readonly string[]) {
    this.digests = keys.map(digest);
    this.endPoll = pollFiles<readonly string[]>({
      initial: keys,
      read: () => readKeys(directory),
      same: (a, b) => a.join('\n') === b.join('\n'),
      apply: changed => {
        this.digests = changed.map(digest);
        this.accepted.forget();
        log.info('keys-reread', { keys: changed.length });
      },
      fault: message => log.warning('keys-unreadable', { message }),
    });
  }

  check(request: CallHead): Verdict {
    if (this.accepted.has(request)) return 'accepted';
    const key = bearerToken(header(request, 'authorization'));
    if (key === undefined) return missing;
    if (!this.isLive(key)) return invalid;
    this.accepted.add(request);
    return 'accepted';
  }

  close(): void {
    this.endPoll();
  }

  /** All keys are compared, in constant time, whichever matches. */
  private isLive(key: string): boolean {
    const presented = digest(key);
    return this.digests.map(known => timingSafeEqual(known, presented)).includes(true);
  }
}

/**
 * The `Authorization` header that each connection was last let in with: a caller sends the same one with every request, and most
 * then need nothing but this comparison.
 */
class AcceptedHeaders {
  private bySocket = new WeakMap<Socket, string>();

  has(request: CallHead): boolean {
    const last = this.bySocket.get(request.socket);
    return last !== undefined && sameText(last, header(request, 'authorization') ?? '');
  }

  add(request: CallHead): void {
    this.bySocket.set(request.socket, header(request, 'authorization') ?? '');
  }

  forget(): void {
    this.bySocket = new WeakMap();
  }
}

/** In constant time for texts of one length: a proxy may send the requests of many callers through one connection. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
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
