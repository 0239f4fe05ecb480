import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';

const ROOT = path.join(__dirname, '..', '..');

interface Snippet {
  readonly file: string;
  readonly code: string;
  readonly typed?: boolean;
}

/** ESLint is an ES module, and its configuration too: jest cannot load them, Node.js can. */
function lint(snippets: readonly Snippet[]): string[][] {
  const { stdout, stderr, status } = spawnSync(process.execPath, [path.join(__dirname, 'lint-snippets.mjs')], {
    cwd: ROOT,
    input: JSON.stringify(snippets),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as string[][];
}

/** A file that is there: the rules look at paths, and types need a file of the program. */
function fileIn(room: string, name = fs.readdirSync(path.join(ROOT, 'src', room)).find(file => file.endsWith('.ts'))): string {
  if (name === undefined) throw new Error(`src/${room} has no file`);
  return path.join(ROOT, 'src', room, name);
}

const importing = (room: string, imported: string): Snippet => ({
  file: fileIn(room),
  code: `import * as imported from '${imported}';\nexport const used = imported;\n`,
});

const ARROW = 'import-x/no-restricted-paths';
const IMPORT = 'no-restricted-imports';
const SYNTAX = 'no-restricted-syntax';

/** What a snippet breaks, and the rule that must say so; `undefined` where it must be allowed. */
const CASES: Array<readonly [what: string, snippet: Snippet, rule: string | undefined]> = [
  ['core imports a room above it', importing('core', '../model/registered-model'), ARROW],
  ['workspace imports model', importing('workspace', '../model/registered-model'), ARROW],
  ['model imports image', importing('model', '../image/inference-image'), ARROW],
  ['sizing imports image', importing('sizing', '../image/inference-image'), ARROW],
  ['image imports webservice', importing('image', '../webservice/errors'), ARROW],
  ['image imports scoring', importing('image', '../scoring/settings'), ARROW],
  ['sizing imports profiler', importing('sizing', '../profiler/errors'), ARROW],
  ['model imports cli', importing('model', '../cli/failure'), ARROW],
  ['scoring imports another file of core', importing('scoring', '../core/tokens'), ARROW],
  ['scoring imports model', importing('scoring', '../model/registered-model'), ARROW],
  ['profiler imports a construct', importing('profiler', '../sizing/sizing'), ARROW],
  ['cli imports a construct', importing('cli', '../image/inference-image'), ARROW],
  ['webservice imports image', importing('webservice', '../image/inference-image'), undefined],
  ['image imports model', importing('image', '../model/registered-model'), undefined],
  ['scoring imports the contract', importing('scoring', '../core/server-contract'), undefined],
  ['profiler imports the size grid', importing('profiler', '../sizing/compute-size'), undefined],
  ['cli imports the model registry', importing('cli', '../model/model-registry'), undefined],

  ['a construct imports a whole provider', importing('workspace', '@cdktf/provider-azurerm'), IMPORT],
  ['a construct imports the index of a provider', importing('workspace', '@cdktf/provider-azurerm/lib/index'), IMPORT],
  ['a construct imports one resource', importing('workspace', '@cdktf/provider-azurerm/lib/container-registry'), undefined],
  [
    'a construct names a type of a whole provider',
    { file: fileIn('workspace'), code: `export type A = import('@cdktf/provider-azurerm').Thing;` },
    SYNTAX,
  ],
  [
    'a construct loads a whole provider later',
    { file: fileIn('workspace'), code: `export const later = () => import('@cdktf/provider-docker');` },
    SYNTAX,
  ],
  [
    'a test imports a whole provider',
    { file: path.join(__dirname, 'lint-rules.test.ts'), code: `import '@cdktf/provider-kubernetes';` },
    IMPORT,
  ],
  ["a construct imports the framework's insides", importing('model', 'cdktf/lib/private/fs'), IMPORT],
  ['a construct imports a package of its own', importing('image', 'esbuild'), IMPORT],
  ['a construct imports Node.js', importing('image', 'node:fs'), undefined],
  ['the server imports the framework', importing('scoring', 'cdktf'), IMPORT],
  ['the profiler imports constructs', importing('profiler', 'constructs'), IMPORT],

  ['a construct has an async function', { file: fileIn('image'), code: 'export async function build() {}' }, SYNTAX],
  ['a construct has an async method', { file: fileIn('model'), code: 'export class A { async bind() {} }' }, SYNTAX],
  ['a program has an async function', { file: fileIn('scoring'), code: 'export async function start() {}' }, undefined],
  ['a construct prints', { file: fileIn('image'), code: `console.warn('x');` }, 'no-console'],
  ['a program prints', { file: fileIn('cli'), code: `console.log('x');` }, undefined],
  [
    'anything is any',
    { file: fileIn('core'), code: 'export const a = (b: any) => b as string;' },
    '@typescript-eslint/no-explicit-any',
  ],
  [
    'a promise is dropped',
    { file: fileIn('cli'), code: `import { readFile } from 'fs/promises';\nreadFile('x');\n`, typed: true },
    '@typescript-eslint/no-floating-promises',
  ],
];

describe('the lint rules', () => {
  let broken: string[][];

  beforeAll(() => {
    broken = lint(CASES.map(([, snippet]) => snippet));
  }, 120_000);

  test.each(CASES.map(([what, , rule], index) => ({ what, rule, index, verdict: rule ?? 'allowed' })))(
    '$what: $verdict',
    ({ rule, index }) => {
      expect(broken[index]).toEqual(rule === undefined ? [] : [rule]);
    },
  );
});
