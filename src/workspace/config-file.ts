import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { configFileInvalid, configFileNotFound } from './errors';

/** What Azure ML's `config.json` says. */
export interface WorkspaceConfig {
  readonly subscriptionId: string;
  readonly resourceGroupName: string;
  readonly workspaceName: string;
}

const KEYS = ['subscription_id', 'resource_group', 'workspace_name'] as const;

/** Folders in which Azure ML's SDK looked for the file, here and in every folder above. */
const FOLDERS = ['', '.azureml', 'aml_config'];

/** Finds and reads the file as v1's `Workspace.from_config` did, but refuses what it does not understand. */
export function readWorkspaceConfig(scope: IConstruct, fileOrFolder: string): WorkspaceConfig {
  const file = findConfig(scope, fileOrFolder);
  const content = parse(scope, file);
  const unknown = Object.keys(content).filter(key => !(KEYS as readonly string[]).includes(key));
  if (unknown.length > 0) throw configFileInvalid(scope, file, `has unknown keys: ${unknown.join(', ')}`);
  const missing = KEYS.filter(key => typeof content[key] !== 'string' || content[key].trim() === '');
  if (missing.length > 0) throw configFileInvalid(scope, file, `lacks ${missing.join(', ')}`);
  const [subscriptionId, resourceGroupName, workspaceName] = KEYS.map(key => (content[key] as string).trim());
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscriptionId)) {
    throw configFileInvalid(scope, file, `has the subscription_id "${subscriptionId}", which is no GUID`);
  }
  return { subscriptionId, resourceGroupName, workspaceName };
}

function findConfig(scope: IConstruct, fileOrFolder: string): string {
  const start = path.resolve(fileOrFolder);
  const isFolder = fs.statSync(start, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const name = isFolder ? 'config.json' : path.basename(start);
  const home = isFolder ? start : path.dirname(start);
  for (let folder = home; ; folder = path.dirname(folder)) {
    const found = FOLDERS.map(below => path.join(folder, below, name)).find(isFile);
    if (found !== undefined) return found;
    if (folder === path.dirname(folder)) break;
  }
  throw configFileNotFound(
    scope,
    fileOrFolder,
    FOLDERS.map(below => path.join(path.relative('', home), below, name)),
  );
}

const isFile = (file: string) => fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;

function parse(scope: IConstruct, file: string): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Record<string, unknown>;
  } catch (error) {
    throw configFileInvalid(scope, file, `is not JSON: ${(error as Error).message}`);
  }
  throw configFileInvalid(scope, file, 'is not a JSON object');
}
