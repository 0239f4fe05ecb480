// Writes what is generated and committed: API.md from the compiled assembly, docs/errors.md from the source.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorsDocument } from './errors-doc.mjs';
import { profileSchema } from './profile-schema.mjs';
import { unlessUnchanged } from './unless-unchanged.mjs';

/** Each generated file and how its text is made. */
export const GENERATED = {
  'API.md': { inputs: ['.jsii', 'scripts'], text: apiDocument },
  'docs/profile.schema.json': { inputs: ['src/sizing/profile-result.ts', 'package.json', 'scripts'], text: profileSchema },
  'docs/errors.md': { inputs: ['src', 'scripts'], text: errorsDocument },
};

function apiDocument() {
  const folder = mkdtempSync(join(tmpdir(), 'docgen-'));
  try {
    const { status } = spawnSync(
      process.execPath,
      ['node_modules/jsii-docgen/bin/jsii-docgen', '--output', join(folder, 'API')],
      // Node 20 is what our users' pipelines run; its end of life is no news in every build
      { stdio: 'inherit', env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' } },
    );
    if (status !== 0) throw new Error(`jsii-docgen ended with ${status}; it needs .jsii: npm run compile`);
    // the generator puts a blank into relative links
    return readFileSync(join(folder, 'API.md'), 'utf8').replaceAll('docs /', 'docs/');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  for (const [file, { inputs, text }] of Object.entries(GENERATED)) {
    unlessUnchanged(file, { inputs, outputs: [file] }, () => writeFileSync(file, text()));
  }
}
