import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..', '..');

interface Packed {
  readonly files: ReadonlyArray<{ readonly path: string; readonly size: number }>;
  readonly bundled: readonly string[];
  readonly unpackedSize: number;
}

/** Everything that may be in the package; a file of another kind needs a line here, on purpose. */
const ALLOWED = [
  /^(package\.json|README\.md|LICENSE|API\.md|CHANGELOG\.md|\.jsii)$/,
  /^docs\/([a-z0-9/-]+\.md|profile\.schema\.json)$/,
  /^lib\/(index|(core|workspace|model|image|sizing|webservice|edge|batch)\/[a-z0-9-]+)\.(js|d\.ts)$/,
  /^lib\/sizing\/data\/[a-z-]+\.json$/,
  /^programs\/(model-serving|scoring-server|load-generator|operator-profile|azure-blobs)\.js(\.LEGAL\.txt)?$/,
  /^programs\/python\/([a-z0-9_/]+\.py|[a-z-]+\.txt)$/,
  /^entry-script\/index\.(js|d\.ts)$/,
  /^profiler\/index\.(js|d\.ts|js\.LEGAL\.txt)$/,
  /^node_modules\/@balena\/dockerignore\//,
  /^node_modules\/yaml\//,
];

const REQUIRED = [
  'package.json',
  'README.md',
  'LICENSE',
  'API.md',
  'CHANGELOG.md',
  '.jsii',
  'docs/errors.md',
  'docs/profile.schema.json',
  'lib/sizing/data/target-sizes.json',
  'lib/index.js',
  'lib/index.d.ts',
  'programs/python/engine.py',
  'programs/azure-blobs.js',
  'entry-script/index.d.ts',
  'profiler/index.js',
  'profiler/index.d.ts',
];

describe('npm pack', () => {
  let packed: Packed;

  beforeAll(() => {
    const { stdout, stderr, status } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    [packed] = JSON.parse(stdout) as Packed[];
  }, 60_000);

  test('packs nothing but what is on the list', () => {
    expect(packed.files.map(file => file.path).filter(file => !ALLOWED.some(pattern => pattern.test(file)))).toEqual([]);
  });

  test('packs what a user needs', () => {
    const { bin } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> };
    const there = packed.files.map(file => file.path);
    expect(there).toEqual(expect.arrayContaining([...REQUIRED, ...Object.values(bin)]));
  });

  test('bundles what jsii demands', () => {
    expect([...packed.bundled].sort()).toEqual(['@balena/dockerignore', 'yaml']);
  });

  test('names no folder of the machine that built it', () => {
    const text = packed.files.filter(file => /\.(js|ts|md|json|jsii)$/.test(file.path));
    expect(
      text.filter(file => fs.readFileSync(path.join(ROOT, file.path), 'utf8').includes(ROOT)).map(file => file.path),
    ).toEqual([]);
  });
});
