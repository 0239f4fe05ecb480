import * as fs from 'fs';
import * as path from 'path';
import dockerignore from '@balena/dockerignore';

/** A file below a folder. */
export interface FileEntry {
  /** Path below the folder, with `/`. */
  readonly path: string;
  /** Where it is on this machine. */
  readonly absolute: string;
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/**
 * Every file below `directory` that its `.dockerignore` does not exclude, sorted by path.
 *
 * The one place that decides what belongs to a folder: what is fingerprinted, what is copied and what the image builder
 * sees are the same list. Links to files are followed wherever they lead, as model hubs keep their files that way; links to
 * folders are not, so a loop cannot hang it.
 */
export function listFiles(directory: string): FileEntry[] {
  const ignored = ignoreRules(directory);
  return walk(directory, '')
    .filter(relative => relative !== '.dockerignore' && !ignored(relative))
    .sort()
    .map(relative => describeFile(path.join(directory, relative), relative));
}

/** The files at or below any of `paths`, and the first of `paths` that names none. */
export function chooseBelow(files: readonly FileEntry[], paths: readonly string[]): { chosen: FileEntry[]; missing?: string } {
  const isBelow = (file: FileEntry, folder: string) => file.path === folder || file.path.startsWith(`${folder}/`);
  const folders = paths.map(below => path.posix.normalize(below).replace(/\/$/, ''));
  return {
    chosen: files.filter(file => folders.some(folder => isBelow(file, folder))),
    missing: paths.find((_, index) => !files.some(file => isBelow(file, folders[index]))),
  };
}

/** One file as an entry of a tree, under the given path. */
export function describeFile(absolute: string, relative: string): FileEntry {
  const stat = fs.statSync(absolute);
  return { path: relative, absolute: path.resolve(absolute), size: stat.size, executable: (stat.mode & 0o111) !== 0 };
}

function walk(root: string, below: string): string[] {
  return fs.readdirSync(path.join(root, below), { withFileTypes: true }).flatMap(entry => {
    const relative = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) return walk(root, relative);
    return isFile(path.join(root, relative)) ? [relative] : [];
  });
}

/** False for sockets, pipes, links to folders and links that lead nowhere. */
function isFile(absolute: string): boolean {
  return fs.statSync(absolute, { throwIfNoEntry: false })?.isFile() ?? false;
}

function ignoreRules(directory: string): (relative: string) => boolean {
  const file = path.join(directory, '.dockerignore');
  if (!fs.existsSync(file)) return () => false;
  const rules = dockerignore().add(fs.readFileSync(file, 'utf8'));
  return relative => rules.ignores(relative);
}
