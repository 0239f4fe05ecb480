// Installs what the lock file names, once; a later call with the same lock file returns at once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const marker = 'node_modules/.installed-from-lock';
const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex');
if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) process.exit(0);

console.log('Installing dependencies from package-lock.json …');
const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  shell: process.platform === 'win32',
  // ONNX Runtime's install script would fetch CUDA libraries that nothing here uses
  env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
});
if (status !== 0) process.exit(status ?? 1);
writeFileSync(marker, lock);
