import * as path from 'path';
import { StorageBlob } from '@cdktf/provider-azurerm/lib/storage-blob';
import { DataResource, ITerraformDependable, TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import { stackDirectory } from '../core/assets';
import { throwAll } from '../core/errors';
import { FileEntry } from '../core/file-tree';
import { md5File, sha256Text } from '../core/fingerprint';
import { unstorablePath } from './errors';

/** A registered model's bytes, as a store keeps them. @internal */
export interface ModelContent {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the model, lower-case hex. */
  readonly digest: string;
  readonly files: readonly FileEntry[];
  /** Provider of the blobs, where it is not the store's own. */
  readonly provider?: TerraformProvider;
}

/** Where blobs go and what must exist before. @internal */
export interface UploadTarget {
  readonly storageAccountName: string;
  readonly containerName: string;
  readonly provider?: TerraformProvider;
  /** The container and the right to write into it. */
  readonly dependsOn?: ITerraformDependable[];
}

/**
 * Above this many bytes the Azure CLI uploads: `azurerm_storage_blob` reads a file into memory whole and sends it as one
 * request, so a plan with a few of them side by side (Terraform works on ten at a time) must still fit a small build agent.
 */
export const LARGEST_BLOB_RESOURCE = 256 * 1024 * 1024;

/** Does nothing where the blob exists: its name holds the content's digest, so it is the same blob. */
const UPLOAD_COMMAND = [
  'set -eu',
  'exists=$(az storage blob exists --auth-mode login --account-name "$ACCOUNT" --container-name "$CONTAINER" --name "$BLOB" --query exists --output tsv)',
  'if [ "$exists" = true ]; then echo "$BLOB is there already"; exit 0; fi',
  'az storage blob upload --auth-mode login --account-name "$ACCOUNT" --container-name "$CONTAINER" --name "$BLOB" --file "$FILE" --metadata $METADATA --validate-content --overwrite false --no-progress --output none',
].join('\n');

/** A blob or an account that is gone already must not stop the rest from being destroyed. */
const DELETE_COMMAND =
  'az storage blob delete --auth-mode login --account-name "$ACCOUNT" --container-name "$CONTAINER" --name "$BLOB" --output none || true';

/** Uploads every file under a content-addressed name; returns what a consumer of the blobs waits for. */
export function uploadModel(scope: Construct, target: UploadTarget, content: ModelContent): ITerraformDependable[] {
  const blobs = content.files.map(file => ({ file, name: blobName(content, file) }));
  throwAll(blobs.filter(({ name }) => !isStorable(name)).map(({ name }) => unstorablePath(scope, name)));
  const upload = (file: FileEntry) => (file.size > LARGEST_BLOB_RESOURCE ? uploadByCli : uploadByProvider);
  return blobs.map(({ file, name }) => upload(file)(scope, target, content, file, name));
}

/** `<model>/<version>/<first 16 of the model's sha256>/<path>`: other bytes never meet a blob that exists. */
export function blobName(content: ModelContent, file: FileEntry): string {
  return `${content.name}/${content.version}/${content.digest.slice(0, 16)}/${file.path}`;
}

function uploadByProvider(scope: Construct, target: UploadTarget, content: ModelContent, file: FileEntry, name: string) {
  return new StorageBlob(scope, childId('Blob', content, file), {
    name,
    storageAccountName: target.storageAccountName,
    storageContainerName: target.containerName,
    type: 'Block',
    source: sourcePath(scope, file),
    contentType: 'application/octet-stream',
    // without it the provider does not notice other bytes
    contentMd5: md5File(file.absolute),
    metadata: metadata(content),
    dependsOn: target.dependsOn,
    provider: content.provider ?? target.provider,
    // a checkout in another folder is not another model
    lifecycle: { createBeforeDestroy: true, ignoreChanges: ['source'] },
  });
}

function uploadByCli(scope: Construct, target: UploadTarget, content: ModelContent, file: FileEntry, name: string) {
  const shell = { type: 'local-exec' as const, interpreter: ['sh', '-c'] };
  return new DataResource(scope, childId('Upload', content, file), {
    // all that the destroy step may refer to
    input: { account: target.storageAccountName, container: target.containerName, blob: name },
    triggersReplace: { account: target.storageAccountName, container: target.containerName, blob: name },
    dependsOn: target.dependsOn,
    provisioners: [
      {
        ...shell,
        command: UPLOAD_COMMAND,
        environment: {
          ACCOUNT: target.storageAccountName,
          CONTAINER: target.containerName,
          BLOB: name,
          FILE: sourcePath(scope, file),
          METADATA: Object.entries(metadata(content))
            .map(([key, value]) => `${key}=${value}`)
            .join(' '),
        },
      },
      {
        ...shell,
        when: 'destroy',
        command: DELETE_COMMAND,
        environment: { ACCOUNT: '${self.input.account}', CONTAINER: '${self.input.container}', BLOB: '${self.input.blob}' },
      },
    ],
  });
}

/** A model of one file keeps its child's id whatever the file is called; several need one id for each path. */
function childId(prefix: string, content: ModelContent, file: FileEntry): string {
  return content.files.length === 1 ? prefix : `${prefix}${sha256Text(file.path).slice(0, 8)}`;
}

/** Relative to where Terraform runs, so that two machines synthesize the same text. */
function sourcePath(scope: Construct, file: FileEntry): string {
  return path.relative(stackDirectory(scope), file.absolute).split(path.sep).join('/');
}

/** Keys must be C# identifiers in lower case. */
function metadata(content: ModelContent): Record<string, string> {
  return { model: content.name, version: String(content.version), sha256: content.digest };
}

/** What both the blob service and the provider, which puts the name into a URL, take. */
function isStorable(name: string): boolean {
  return name.length <= 1024 && !/[\\?#%\u0000-\u001f\u007f]/.test(name) && name.split('/').every(part => !part.endsWith('.'));
}
