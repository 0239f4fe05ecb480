// Compiles the constructs with jsii into lib/, then makes it lazy. Does nothing where nothing changed.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { makeBindingsLazy, makeExportsLazy } from './lazy-exports.mjs';
import { unlessUnchanged } from './unless-unchanged.mjs';

const { excludeTypescript } = JSON.parse(readFileSync('package.json', 'utf8')).jsii;
const rooms = readdirSync('src').map(room => `src/${room}`);

const steps = {
  inputs: [
    ...rooms.filter(room => !excludeTypescript.includes(room)),
    ...['package.json', 'package-lock.json', 'README.md', 'scripts/compile.mjs', 'scripts/lazy-exports.mjs'],
  ],
  outputs: ['lib', '.jsii'],
};

unlessUnchanged('compile', steps, () => {
  // a file that src no longer has must not live on in the package
  rmSync('lib', { recursive: true, force: true });
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/jsii/bin/jsii', '--silence-warnings=reserved-word', '--generate-tsconfig=tsconfig.jsii.json'],
    { stdio: 'inherit', env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' } },
  );
  if (status !== 0) process.exit(status ?? 1); // jsii has said why
  makeBindingsLazy('lib');
  makeExportsLazy('lib/index.js');
});
