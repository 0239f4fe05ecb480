import { Dirent, readdirSync, statSync } from 'fs';
import * as path from 'path';

interface RegisteredFolder {
  readonly name: string;
  /** Absent outside an image, where a plain folder or file is served. */
  readonly version?: number;
  readonly location: string;
}

/**
 * Finds models by name below `AZUREML_MODEL_DIR`, as Azure ML v1 laid them out: one model's `<name>/<version>` folder, or the root
 * of several; outside an image also a plain folder or file, which is then named after itself.
 *
 * @returns the function that scripts call; it throws an Error that lists what there is where nothing fits.
 */
export function modelPaths(modelDir: string): (name: string, version?: number) => string {
  const models = modelDir === '' ? [] : findFolders(path.resolve(modelDir));
  return (name, version) => {
    const named = models.filter(model => model.name === name).sort((a, b) => (b.version ?? 0) - (a.version ?? 0));
    const found = version === undefined ? named[0] : named.find(model => model.version === version);
    if (found !== undefined) return onlyFile(found.location) ?? found.location;
    const wanted = version === undefined ? `'${name}'` : `'${name}' of version ${version}`;
    throw new Error(`There is no model ${wanted}; ${listing(models)}.`);
  };
}

function findFolders(root: string): RegisteredFolder[] {
  const stat = statSync(root, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const own = nameAndVersion(stat.isFile() ? path.dirname(root) : root);
  if (own.version !== undefined) return [{ ...own, location: root }];
  if (stat.isFile()) return [{ name: path.parse(root).name, location: root }];
  const registered = foldersOf(root).flatMap(name =>
    foldersOf(path.join(root, name)).map(version => path.join(root, name, version)),
  );
  const versions = registered.map(location => ({ ...nameAndVersion(location), location }));
  const several = versions.filter(({ version }) => version !== undefined);
  return several.length > 0 ? several : [{ name: path.basename(root), location: root }];
}

function nameAndVersion(folder: string): { readonly name: string; readonly version?: number } {
  const last = path.basename(folder);
  if (!/^[1-9]\d{0,9}$/.test(last)) return { name: last };
  return { name: path.basename(path.dirname(folder)), version: Number(last) };
}

/** Hidden entries are the file system's and Kubernetes' own. */
function visible(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).filter(entry => !entry.name.startsWith('.'));
}

function foldersOf(folder: string): string[] {
  return visible(folder)
    .map(entry => entry.name)
    .filter(name => statSync(path.join(folder, name), { throwIfNoEntry: false })?.isDirectory());
}

function onlyFile(location: string): string | undefined {
  if (statSync(location).isFile()) return location;
  const entries = visible(location);
  if (entries.length !== 1) return undefined;
  const only = path.join(location, entries[0].name);
  return statSync(only).isFile() ? only : undefined;
}

function listing(models: readonly RegisteredFolder[]): string {
  if (models.length === 0) return 'the service has no models';
  return `there are: ${models.map(({ name, version }) => (version === undefined ? name : `${name} (version ${version})`)).join(', ')}`;
}
