import { Construct } from 'constructs';
import { snakeCase } from '../core/names';
import { addOutput } from '../core/outputs';
import type { IWorkspace } from './workspace-props';

/** Declares the workspace's outputs: names and addresses only, no secret. */
export function addWorkspaceOutputs(scope: Construct, workspace: IWorkspace, prefix: string): void {
  const name = (what: string) => `${snakeCase(prefix)}_${what}`;
  addOutput(scope, 'ResourceGroupOutput', name('resource_group'), workspace.resourceGroupName);
  if (workspace.registry) addOutput(scope, 'LoginServerOutput', name('login_server'), workspace.registry.loginServer);
  if (workspace.modelStore) {
    addOutput(scope, 'StorageAccountOutput', name('storage_account'), workspace.modelStore.storageAccountName);
  }
}
