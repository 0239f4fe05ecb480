import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { sha256File, sha256Tree } from '../../core/fingerprint';
import type { ProfiledModel } from '../../sizing/profile-result';
import { onnxRuntimeVersion } from '../machine';

/** Digest and size of what a subject is known by: one file, or all files below a folder. */
export function described(target: string, serverBundle: string): ProfiledModel {
  const files = filesBelow(target);
  const digests = files.map(file => ({ path: path.relative(target, file).split(path.sep).join('/'), sha256: sha256File(file) }));
  return {
    file: path.basename(path.resolve(target)),
    sha256: digests.length === 1 ? digests[0].sha256 : sha256Tree(digests),
    sizeInBytes: files.reduce((total, file) => total + fs.statSync(file).size, 0),
    onnxRuntimeVersion: onnxRuntimeVersion(serverBundle),
  };
}

/** A file itself, or the files below a folder, sorted; hidden ones belong to the file system and to tools. */
export function filesBelow(target: string): string[] {
  if (fs.statSync(target).isFile()) return [target];
  return fs
    .readdirSync(target, { withFileTypes: true, recursive: true })
    .filter(entry => !entry.isDirectory())
    .map(entry => path.join(entry.parentPath, entry.name))
    .filter(
      file =>
        !path
          .relative(target, file)
          .split(path.sep)
          .some(part => part.startsWith('.')),
    )
    .filter(file => fs.statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort();
}

/** A model file and the files beside it that are named like its external data. */
export function withExternalData(model: string): string[] {
  const { dir, name, base } = path.parse(path.resolve(model));
  const isData = (file: string) => /[._](data|weights?|bin)$/i.test(file) || (file.startsWith(name) && !file.endsWith('.onnx'));
  return [base, ...fs.readdirSync(dir).filter(file => file !== base && isData(file))].map(file => path.join(dir, file));
}

/** The server and the native libraries that it loads. */
export function serverFiles(serverBundle: string): string[] {
  return [path.resolve(serverBundle), ...nativeLibraries(serverBundle)].filter(file => fs.existsSync(file));
}

function nativeLibraries(serverBundle: string): string[] {
  try {
    const entry = createRequire(path.resolve(serverBundle)).resolve('onnxruntime-node');
    const root = path.join(path.dirname(entry), '..', 'bin');
    const platform = `${path.sep}${process.platform}${path.sep}${process.arch}${path.sep}`;
    return filesBelow(root).filter(file => file.includes(platform) && /\.(node|so[.\d]*|dylib|dll)$/.test(file));
  } catch {
    return []; // not installed: the server says so
  }
}
