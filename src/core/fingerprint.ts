import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

const CHUNK = 1024 * 1024;

/** SHA-256 of a file, lower-case hex, read in 1 MiB pieces: a model may be larger than memory. */
export function sha256File(file: string): string {
  const stat = fs.statSync(file);
  return cache().get(file, stat) ?? cache().put(file, stat, streamDigest(file));
}

/** SHA-256 of text, lower-case hex. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** MD5 of a file, lower-case hex: the form that `azurerm_storage_blob.content_md5` takes. Streamed. */
export function md5File(file: string): string {
  return streamDigest(file, 'md5');
}

/**
 * One digest for a set of files: their relative paths (with `/`), executable bits and contents, in sorted order.
 * Neither time stamps nor the order of the folder's entries matter; a rename does.
 */
export function sha256Tree(
  files: ReadonlyArray<{ readonly path: string; readonly sha256: string; readonly executable?: boolean }>,
): string {
  const lines = files.map(file => `${file.executable ? 'x' : '-'} ${file.sha256} ${file.path}`).sort();
  return sha256Text(lines.join('\n'));
}

function streamDigest(file: string, algorithm = 'sha256'): string {
  const hash = createHash(algorithm);
  const buffer = Buffer.allocUnsafe(CHUNK);
  const descriptor = fs.openSync(file, 'r');
  try {
    for (let read = fs.readSync(descriptor, buffer); read > 0; read = fs.readSync(descriptor, buffer)) {
      hash.update(read === CHUNK ? buffer : buffer.subarray(0, read));
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest('hex');
}

/** Digests by path, size and time of last change, so that an unchanged model is hashed once per machine and not once per synth. */
class DigestCache {
  private readonly file = path.join(
    process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'),
    'cdktf-model-serving',
    'digests.json',
  );
  private readonly entries: Map<string, string> = new Map(this.load());

  get(file: string, stat: fs.Stats): string | undefined {
    return this.entries.get(key(file, stat));
  }

  put(file: string, stat: fs.Stats, digest: string): string {
    // small files are cheaper to hash than to remember
    if (stat.size < 16 * CHUNK) return digest;
    this.entries.set(key(file, stat), digest);
    this.save();
    return digest;
  }

  private load(): Array<[string, string]> {
    try {
      return Object.entries(JSON.parse(fs.readFileSync(this.file, 'utf8')) as Record<string, string>);
    } catch {
      return []; // none yet, or not readable: hashing again is always right
    }
  }

  private save(): void {
    try {
      fs.mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
      const written = `${this.file}.${process.pid}`;
      fs.writeFileSync(written, JSON.stringify(Object.fromEntries([...this.entries].slice(-1000))), { mode: 0o600 });
      fs.renameSync(written, this.file); // whole or not at all, whoever else writes
    } catch {
      // a read-only home costs time, not correctness
    }
  }
}

/** The inode tells a file that was moved into another's place. Not its ctime: each hard link that synth makes changes that. */
function key(file: string, stat: fs.Stats): string {
  return `${path.resolve(file)}|${stat.size}|${stat.mtimeMs}|${stat.ino}`;
}

let shared: DigestCache | undefined;
const cache = (): DigestCache => (shared ??= new DigestCache());
