import { Dirent, readdirSync, statSync } from 'fs';
import * as path from 'path';

/** One model that the server scores. */
export interface ServedModel {
  /** The registered name where the folder shows it, else the file's. */
  readonly name: string;
  readonly version?: number;
  /** The .onnx file. */
  readonly file: string;
}

/** `AZUREML_MODEL_DIR` does not hold models that can be served. */
export class ModelLayoutError extends Error {}

/** Folders of models are shallow; this only stops a folder that links to itself. */
const MAX_DEPTH = 12;

/**
 * Finds what `AZUREML_MODEL_DIR` names, as Azure ML v1 laid models out: one model's `<name>/<version>` folder, or with several
 * models the root that holds `<name>/<version>` of each; outside an image also a plain folder or an .onnx file.
 *
 * Sorted by name, then by version, newest first.
 * @throws ModelLayoutError naming what was found and what would be served.
 */
export function findModels(modelDir: string): ServedModel[] {
  const root = path.resolve(modelDir);
  if (statSync(root).isFile()) return [fileModel(root)];
  const versions = registeredVersions(root);
  if (versions.length === 0) return [{ ...nameAndVersion(root), file: onnxFile(root) }];
  return versions
    .map(folder => ({ ...nameAndVersion(folder), file: onnxFile(folder) }))
    .sort((a, b) => (a.name === b.name ? (b.version ?? 0) - (a.version ?? 0) : a.name < b.name ? -1 : 1));
}

function fileModel(file: string): ServedModel {
  if (path.extname(file) !== '.onnx') throw new ModelLayoutError(`The model '${file}' is not an .onnx file.`);
  const folder = nameAndVersion(path.dirname(file));
  return folder.version === undefined ? { name: path.basename(file, '.onnx'), file } : { ...folder, file };
}

function nameAndVersion(folder: string): { readonly name: string; readonly version?: number } {
  const last = path.basename(folder);
  if (!isVersion(last)) return { name: last };
  return { name: path.basename(path.dirname(folder)), version: Number(last) };
}

/** All `<name>/<version>` folders of `root`, if it holds nothing but such. */
function registeredVersions(root: string): string[] {
  const names = list(root);
  if (names.length === 0 || !names.every(entry => isFolder(root, entry))) return [];
  const versions = names.flatMap(name => list(path.join(root, name.name)).map(version => ({ name, version })));
  const registered = versions.every(
    ({ name, version }) => isVersion(version.name) && isFolder(path.join(root, name.name), version),
  );
  return registered ? versions.map(({ name, version }) => path.join(root, name.name, version.name)) : [];
}

function onnxFile(folder: string): string {
  const files = onnxFiles(folder, 0);
  if (files.length === 1) return files[0];
  if (files.length === 0) throw new ModelLayoutError(`The model folder '${folder}' holds no .onnx file.`);
  const named = files.filter(file => path.basename(file) === 'model.onnx');
  if (named.length === 1) return named[0];
  const found = files.map(file => path.relative(folder, file)).join(', ');
  throw new ModelLayoutError(
    `The model folder '${folder}' holds ${files.length} .onnx files (${found}): name the one to serve model.onnx, or keep only that one.`,
  );
}

function onnxFiles(folder: string, depth: number): string[] {
  if (depth > MAX_DEPTH) return [];
  return list(folder).flatMap(entry => {
    const full = path.join(folder, entry.name);
    if (isFolder(folder, entry)) return onnxFiles(full, depth + 1);
    return entry.name.endsWith('.onnx') ? [full] : [];
  });
}

/** Hidden entries are the file system's and Kubernetes' own (`..data`, `.DS_Store`). */
function list(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !entry.name.startsWith('.') && entry.name !== 'lost+found')
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isFolder(parent: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return statSync(path.join(parent, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isVersion(name: string): boolean {
  return /^[1-9]\d{0,9}$/.test(name);
}
