// What an ONNX image adds to its base: the Dockerfile only copies, so it is the copied files; seen with Docker where that answers.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TAG = 'bench-server-size';

/** `{ fileBytes, dockerBytes? }`, without the model, which is the user's. */
export function addedBytes(scratch) {
  const context = join(scratch, 'image');
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  copyLikeTheImage(scratch, context);
  const fileBytes = filesBelow(context).reduce((sum, file) => sum + statSync(file).size, 0);
  return { fileBytes, dockerBytes: builtBytes(context) };
}

/** The same files as `src/image/server-files.ts` chooses. */
function copyLikeTheImage(scratch, context) {
  cpSync(join(scratch, 'ours/scoring-server.js'), join(context, 'scoring-server.js'));
  for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
    const from = join(scratch, 'node_modules', name);
    for (const file of filesBelow(from)) {
      const path = file.slice(from.length + 1);
      const loaded = /^package\.json$|^LICENSE|^dist\/(?!esm\/).*(\.js|package\.json)$/.test(path);
      if (loaded || path.startsWith(`bin/napi-v6/linux/${process.arch}/`))
        cpSync(file, join(context, 'node_modules', name, path));
    }
  }
}

function builtBytes(context) {
  const docker = (...args) => spawnSync('docker', args, { encoding: 'utf8' });
  if (docker('info').status !== 0) return undefined;
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY . /\n');
  writeFileSync(join(context, '.dockerignore'), 'Dockerfile\n.dockerignore\n');
  if (docker('build', '--quiet', '--tag', TAG, context).status !== 0) return undefined;
  const size = Number(docker('image', 'inspect', '--format', '{{.Size}}', TAG).stdout);
  docker('image', 'rm', TAG);
  return size || undefined;
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name));
}
