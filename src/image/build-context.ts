import * as fs from 'fs';
import * as path from 'path';
import { FileEntry } from '../core/file-tree';
import { sha256File, sha256Text, sha256Tree } from '../core/fingerprint';

/** Where an entry's bytes are, and whether they may be shared with the context by a hard link. */
type Content = { readonly file: string; readonly link: boolean } | { readonly text: string };

/**
 * The folder that an image is built from: gathered, fingerprinted and written.
 *
 * Only what was added is in it, so the fingerprint and the builder see the same files whatever a `.dockerignore` says.
 */
export class BuildContext {
  private readonly entries = new Map<string, { readonly content: Content; readonly executable: boolean }>();

  /** Adds text, such as the Dockerfile. */
  public addText(target: string, text: string): void {
    this.entries.set(target, { content: { text }, executable: false });
  }

  /** Adds the user's files below a folder of the context. They are copied: their owner may overwrite them in place. */
  public addFiles(folder: string, files: readonly FileEntry[]): void {
    this.add(folder, files, false);
  }

  /** Adds files of installed packages. They are replaced and never rewritten, so a hard link does. */
  public addInstalledFiles(folder: string, files: readonly FileEntry[]): void {
    this.add(folder, files, true);
  }

  private add(folder: string, files: readonly FileEntry[], link: boolean): void {
    for (const file of files) {
      this.entries.set(path.posix.join(folder, file.path), {
        content: { file: file.absolute, link },
        executable: file.executable,
      });
    }
  }

  /** SHA-256 over every path, mode and byte, and over the options that are not in a file, such as the platform. */
  public fingerprint(options: readonly string[]): string {
    const tree = sha256Tree(
      [...this.entries].map(([target, { content, executable }]) => ({
        path: target,
        executable,
        sha256: 'text' in content ? sha256Text(content.text) : sha256File(content.file),
      })),
    );
    return sha256Text([tree, ...options].join('\n'));
  }

  /** Writes the context to `directory`, whole or not at all. One that is there already has the same content by its name. */
  public writeTo(directory: string): void {
    if (fs.existsSync(directory)) return;
    const unfinished = `${directory}.unfinished`;
    fs.rmSync(unfinished, { recursive: true, force: true });
    for (const [target, { content, executable }] of this.entries) {
      const file = path.join(unfinished, target);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      place(content, file, executable ? 0o755 : 0o644);
    }
    fs.renameSync(unfinished, directory);
  }
}

/** Modes are set rather than kept: the server runs as another user than the one who owns the model. */
function place(content: Content, target: string, mode: number): void {
  if ('text' in content) return fs.writeFileSync(target, content.text, { mode });
  if (content.link && linked(content.file, target, mode)) return;
  fs.copyFileSync(content.file, target, fs.constants.COPYFILE_FICLONE);
  fs.chmodSync(target, mode);
}

/** False where the file has another mode or lies on another disk. */
function linked(file: string, target: string, mode: number): boolean {
  if ((fs.statSync(file).mode & 0o777) !== mode) return false;
  try {
    fs.linkSync(file, target);
    return true;
  } catch {
    return false;
  }
}
