import { IConstruct } from 'constructs';
import { ValidationError } from '../core/errors';

export const invalidRegistryName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'REGISTRY_NAME_INVALID', {
    problem: `the registry name "${name}" is not allowed: 5 to 50 letters and digits, nothing else`,
    fix: 'choose another registryName; it must be unique in all of Azure',
  });

export const invalidLoginServer = (scope: IConstruct, server: string) =>
  new ValidationError(scope, 'REGISTRY_LOGIN_SERVER_INVALID', {
    problem: `the login server "${server}" is not a host name with an optional port`,
    fix: 'leave out the scheme and the path: contoso.azurecr.io, or localhost:5000',
  });

export const registryNeedsPremium = (scope: IConstruct, option: string, sku: string) =>
  new ValidationError(scope, 'REGISTRY_NEEDS_PREMIUM', {
    problem: `${option} needs the sku Premium, but the sku is ${sku}`,
    fix: `set the sku to RegistrySku.PREMIUM, or leave ${option} out`,
  });

export const invalidStorageAccountName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'STORAGE_ACCOUNT_NAME_INVALID', {
    problem: `the storage account name "${name}" is not allowed: 3 to 24 lower-case letters and digits`,
    fix: 'choose another storageAccountName; it must be unique in all of Azure',
  });

export const invalidContainerName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'STORAGE_CONTAINER_NAME_INVALID', {
    problem: `the container name "${name}" is not allowed: 3 to 63 lower-case letters, digits and single dashes, no dash at the ends`,
    fix: 'choose another containerName',
  });

export const invalidRetention = (scope: IConstruct, days: number) =>
  new ValidationError(scope, 'STORAGE_RETENTION_INVALID', {
    problem: `deleted models cannot be kept for ${days} days: a whole number from 1 to 365, or 0 for not at all`,
    fix: 'choose another deletedRetentionDays',
  });

export const unstorablePath = (scope: IConstruct, blob: string) =>
  new ValidationError(scope, 'MODEL_STORE_PATH_INVALID', {
    problem: `${JSON.stringify(blob)} cannot be the name of a blob: at most 1024 characters, none of \\ ? # % or control characters, no part that ends with a dot`,
    fix: 'rename the file in the model folder, or keep it out with childPaths or .dockerignore',
  });

/** Text of the warning where Terraform would write blobs with an account key that the account refuses. */
export const modelStoreWantsEntra = (account: string) =>
  `[MODEL_STORE_PROVIDER_USES_KEYS] storage account ${account} refuses account keys, but its azurerm provider does not say so: ` +
  'set storageUseAzuread: true on the AzurermProvider (or ARM_STORAGE_USE_AZUREAD=true where Terraform runs)';

export const invalidWorkspaceName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'WORKSPACE_NAME_INVALID', {
    problem: `the workspace name "${name}" is not allowed: 3 to 33 letters, digits, - and _, the first a letter or digit`,
    fix: 'choose another workspaceName',
  });

export const workspaceNameIsToken = (scope: IConstruct) =>
  new ValidationError(scope, 'WORKSPACE_NAME_UNKNOWN_AT_SYNTH', {
    problem:
      'the workspace name is known only when Terraform runs, but the names of registry and storage are derived from it at synth',
    fix: 'give a plain string as workspaceName',
  });

export const invalidResourceGroupName = (scope: IConstruct, name: string) =>
  new ValidationError(scope, 'RESOURCE_GROUP_NAME_INVALID', {
    problem: `the resource group name "${name}" is not allowed: 1 to 90 letters, digits, -, _, ., ( and ), no dot at the end`,
    fix: 'choose another resourceGroupName',
  });

export const invalidUniqueSuffix = (scope: IConstruct, suffix: string) =>
  new ValidationError(scope, 'WORKSPACE_SUFFIX_INVALID', {
    problem: `the suffix "${suffix}" cannot end the names of registry and storage account: 1 to 8 lower-case letters and digits`,
    fix: 'choose another uniqueSuffix, or leave it out to have one derived from subscription, resource group and name',
  });

export const invalidLogRetention = (scope: IConstruct, days: number) =>
  new ValidationError(scope, 'WORKSPACE_LOG_RETENTION_INVALID', {
    problem: `logs cannot be kept for ${days} days: a whole number from 30 to 730`,
    fix: 'choose another logRetentionDays',
  });

export const pieceTwice = (scope: IConstruct, brought: string, created: string) =>
  new ValidationError(scope, 'WORKSPACE_PIECE_TWICE', {
    problem: `${brought} brings an existing piece, and ${created} asks for a new one`,
    fix: `leave out ${brought} or ${created}`,
  });

export const pieceOff = (scope: IConstruct, option: string, flag: string) =>
  new ValidationError(scope, 'WORKSPACE_PIECE_OFF', {
    problem: `${option} describes a piece that ${flag} keeps from being created`,
    fix: `leave out ${option}, or let the workspace create the piece`,
  });

export const invalidTags = (scope: IConstruct, reason: string) =>
  new ValidationError(scope, 'TAGS_INVALID', {
    problem: `${reason}; Azure allows 50 tags, names of 1 to 512 characters without < > % & \\ ? / and values of at most 256 characters`,
    fix: 'shorten or rename the tags',
  });

export const configFileNotFound = (scope: IConstruct, file: string, searched: readonly string[]) =>
  new ValidationError(scope, 'WORKSPACE_CONFIG_NOT_FOUND', {
    problem: `no workspace configuration ${file}; searched ${searched.join(', ')} and the same in the folders above`,
    fix: 'download config.json from the workspace page of Azure ML studio, or use Workspace.fromWorkspaceAttributes',
  });

export const configFileInvalid = (scope: IConstruct, file: string, reason: string) =>
  new ValidationError(scope, 'WORKSPACE_CONFIG_INVALID', {
    problem: `the workspace configuration ${file} ${reason}`,
    fix: 'it must be a JSON object with exactly the strings subscription_id, resource_group and workspace_name',
  });
