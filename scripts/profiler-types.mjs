// Writes the types of the profile step for programs, profiler/index.d.ts, which need no other file.
import { generateDtsBundle } from 'dts-bundle-generator';
import { mkdirSync, writeFileSync } from 'node:fs';
import { unlessUnchanged } from './unless-unchanged.mjs';

const steps = {
  inputs: [...['core', 'profiler', 'scoring', 'sizing'].map(room => `src/${room}`), 'scripts/profiler-types.mjs'],
  outputs: ['profiler/index.d.ts'],
};

unlessUnchanged('profiler-types', steps, () => {
  const entry = { filePath: 'src/profiler/api.ts', output: { noBanner: true, exportReferencedTypes: false } };
  const [types] = generateDtsBundle([entry], { preferredConfigPath: 'tsconfig.json' });
  mkdirSync('profiler', { recursive: true });
  writeFileSync('profiler/index.d.ts', types);
});
