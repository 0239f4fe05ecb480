import * as fs from 'fs';
import * as path from 'path';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

const FILE = path.join(__dirname, '..', '..', 'package-lock.json');
const { packages } = JSON.parse(fs.readFileSync(FILE, 'utf8')) as { packages: Record<string, Locked> };

/** Where Node.js would find `name` from the package at `from`, nearest first. */
function candidates(from: string, name: string): string[] {
  const parts = from === '' ? [] : from.split(/\/?node_modules\//).slice(1);
  const folders = parts.map((_, index) =>
    parts
      .slice(0, parts.length - index)
      .map(part => `node_modules/${part}`)
      .join('/'),
  );
  return [...folders, ''].map(folder => (folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`));
}

describe('the lock file', () => {
  test('names no registry: whoever installs uses their own', () => {
    expect(Object.entries(packages).filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  // npm leaves out what a registry could not give when the file was written, and `npm ci` then refuses it everywhere
  test('holds the native packages of every platform, not just of the one that wrote it', () => {
    const missing = Object.entries(packages).flatMap(([from, entry]) =>
      Object.keys(entry.optionalDependencies ?? {}).filter(name => !candidates(from, name).some(place => place in packages)),
    );
    expect(missing).toEqual([]);
  });
});
