// Fails where a generated file that is committed is not what the source gives now.
import { existsSync, readFileSync } from 'node:fs';
import { GENERATED } from './docgen.mjs';
import { unlessUnchanged } from './unless-unchanged.mjs';

let stale = false;
for (const [file, { inputs, text }] of Object.entries(GENERATED)) {
  try {
    // what docgen made of these inputs, or was compared with them before, needs no second making
    unlessUnchanged(file, { inputs, outputs: [file] }, () => {
      if (!existsSync(file)) throw new Error(`${file} is missing`);
      if (readFileSync(file, 'utf8') !== text()) throw new Error(`${file} is not what the source gives`);
    });
  } catch (error) {
    stale = true;
    console.error(`${error.message}. Run npm run docgen and commit what it writes.`);
  }
}
if (stale) process.exit(1);
