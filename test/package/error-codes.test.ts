import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..', '..');

/** Codes of every error and annotation that src can raise, as the generator of docs/errors.md reads them. */
function codes(): string[] {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/errors-doc.mjs', '--codes'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[];
}

function read(folder: string, pattern: RegExp): Array<{ file: string; text: string }> {
  return fs
    .readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => pattern.test(file))
    .map(file => ({ file: path.join(folder, file), text: fs.readFileSync(path.join(ROOT, folder, file), 'utf8') }));
}

describe('error codes', () => {
  const known = codes();

  test('are found in the source', () => {
    expect(known).toEqual(expect.arrayContaining(['MODEL_BYTES_CHANGED', 'PROFILE_STALE', 'PROFILE_NOT_FOUND']));
  });

  test('each have one entry in docs/errors.md', () => {
    const listed = fs.readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8').match(/^### .+$/gm) ?? [];
    expect(listed.map(heading => heading.slice(4)).sort()).toEqual([...known].sort());
  });

  test('are each expected by a test', () => {
    const tests = read('test', /\.test\.ts$/).filter(({ file }) => path.join(ROOT, file) !== __filename);
    const exercised = new Set(tests.flatMap(({ text }) => text.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g) ?? []));
    expect(known.filter(code => !exercised.has(code))).toEqual([]);
  });

  test('are raised by named factories, so that no construct writes its own sentence', () => {
    const inline = read('src', /\.ts$/).filter(({ text }) => /(?<!=>\s*)new ValidationError\(/.test(text));
    expect(inline.map(({ file }) => file)).toEqual([]);
  });
});
