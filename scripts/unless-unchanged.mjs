// Skips a build step whose inputs and outputs are what they were after its last run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Runs `step` unless `inputs` and `outputs` (files and folders) have the contents that they had when it last succeeded.
 * Contents and not times decide, so that neither a fresh clone nor a changed branch fools it. A step fails by throwing.
 */
export function unlessUnchanged(name, { inputs, outputs }, step) {
  const record = join('node_modules', '.cache', 'cdktf-model-serving', name);
  const before = digest(inputs);
  if (existsSync(record) && readFileSync(record, 'utf8') === `${before} ${digest(outputs)}`) return;
  rmSync(record, { force: true });
  step();
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, `${before} ${digest(outputs)}`);
}

function digest(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesOf)) hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}

/** Files below a folder in a fixed order; the file itself; nothing where neither exists. */
function filesOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap(entry => filesOf(join(path, entry)));
}
