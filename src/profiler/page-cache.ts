import { spawnSync } from 'child_process';
import * as fs from 'fs';

/**
 * Asks the kernel to forget what it keeps of these files, so that the next read comes from disk as on a fresh machine. Only these: what
 * others have cached stays.
 *
 * Best effort: pages that a running process maps stay, so servers of the same model must have ended before; nothing
 * happens where the system is not Linux or its `dd` not of GNU coreutils, through which Node reaches `posix_fadvise`.
 */
export function dropFromPageCache(files: readonly string[]): void {
  if (process.platform !== 'linux') return;
  for (const file of files) {
    writeBack(file);
    spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'of=/dev/null', 'status=none'], {
      stdio: 'ignore',
      timeout: 5_000,
    });
  }
}

/** Pages that are not on disk yet cannot be dropped. */
function writeBack(file: string): void {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      fs.fdatasyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    // gone, or on a file system that knows no such thing
  }
}
