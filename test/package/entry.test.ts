import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as source from '../../src/index';
import { temporaryFolder } from '../support/files';

const ROOT = path.join(__dirname, '..', '..');
const ENTRY = path.join(ROOT, 'lib', 'index.js');

/** Runs a script against the compiled package in a process of its own, where nothing is loaded yet. */
function run<T>(script: string, kind: 'commonjs' | 'module' = 'commonjs'): T {
  if (!fs.existsSync(ENTRY)) throw new Error('lib/index.js is missing: npm run build');
  const { stdout, stderr, status } = spawnSync(process.execPath, [`--input-type=${kind}`, '-e', script], {
    cwd: ROOT,
    env: { ...process.env, OUTDIR: temporaryFolder() },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** An interface is exported as well, and leaves nothing behind at run time. */
const NAMES = Object.keys(source)
  .filter(name => source[name as keyof typeof source] !== undefined)
  .sort();

describe('the compiled entry', () => {
  test('exports what the source does', () => {
    expect(run(`console.log(JSON.stringify(Object.keys(require('./lib')).sort()))`)).toEqual(NAMES);
  });

  test('loads one module over cdktf, and no provider', () => {
    const added = run<string[]>(`
      require('cdktf');
      const before = new Set(Object.keys(require.cache));
      require('./lib');
      console.log(JSON.stringify(Object.keys(require.cache).filter(file => !before.has(file))));
    `);
    expect(added).toEqual([ENTRY]);
  });

  test('loads a binding where its resource is first created, and no other', () => {
    const bindings = run<{ named: string[]; created: string[] }>(`
      const { App, TerraformStack } = require('cdktf');
      const ours = require('./lib');
      const bindings = () => Object.keys(require.cache).flatMap(file => /@cdktf.(provider-.*?).lib.(.*?).index/.exec(file)?.slice(1).join(' ') ?? []);
      for (const name of Object.keys(ours)) ours[name];
      const named = bindings();
      const stack = new TerraformStack(new App({ outdir: process.env.OUTDIR }), 'stack');
      new ours.ContainerRegistry(stack, 'Registry', { registryName: 'contoso', resourceGroupName: 'ml', location: 'westeurope' });
      console.log(JSON.stringify({ named, created: bindings() }));
    `);
    expect(bindings).toEqual({ named: [], created: ['provider-azurerm container-registry'] });
  });

  test('gives the same class every time', () => {
    const script = `const a = require('./lib'); console.log(JSON.stringify(Object.keys(a).filter(name => a[name] !== a[name] || !a[name])))`;
    expect(run(script)).toEqual([]);
  });

  test('can be imported by name from an ES module', () => {
    const script = `import * as ours from './lib/index.js'; console.log(JSON.stringify(Object.keys(ours).filter(n => !['default', 'module.exports', '__esModule'].includes(n)).sort()))`;
    expect(run(script, 'module')).toEqual(NAMES);
  });

  test('has every class that the jsii assembly names', () => {
    const assembly = JSON.parse(fs.readFileSync(path.join(ROOT, '.jsii'), 'utf8')) as {
      types: Record<string, { kind: string; name: string; fqn: string }>;
    };
    const classes = Object.values(assembly.types).filter(type => type.kind === 'class' || type.kind === 'enum');
    const found = run<Record<string, string>>(`
      const ours = require('./lib');
      const fqn = type => Object.getOwnPropertySymbols(type).filter(s => s.description === 'jsii.rtti').map(s => type[s].fqn)[0];
      console.log(JSON.stringify(Object.fromEntries(${JSON.stringify(classes)}.filter(c => c.kind === 'class').map(c => [c.fqn, fqn(ours[c.name])]))));
    `);
    expect(Object.keys(found).length).toBeGreaterThan(5);
    for (const [named, exported] of Object.entries(found)) expect(exported).toBe(named);
    expect(classes.map(type => type.name).sort()).toEqual(NAMES);
  });
});
