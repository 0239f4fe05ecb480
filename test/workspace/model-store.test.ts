import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { execFileSync } from 'child_process';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { describeFile, FileEntry, listFiles } from '../../src/core/file-tree';
import { IModelStore, ModelStore, ModelStoreProps } from '../../src/workspace/model-store';
import { LARGEST_BLOB_RESOURCE, ModelContent } from '../../src/workspace/model-upload';
import { Json, synthesize } from '../support/synth';

const PROPS = { storageAccountName: 'contoso1', resourceGroupName: 'group', location: 'westeurope' };
const DIGEST = 'ab'.repeat(32);

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'model-store-'));
  fs.mkdirSync(path.join(folder, 'weights'));
  fs.writeFileSync(path.join(folder, 'model.onnx'), 'bytes of the model');
  fs.writeFileSync(path.join(folder, 'weights', 'a.bin'), 'weights');
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

const create = (props: Partial<ModelStoreProps> = {}) =>
  synthesize(stack => new ModelStore(stack, 'Store', { ...PROPS, ...props }));

const oneFile = () => [describeFile(path.join(folder, 'model.onnx'), 'model.onnx')];
const hugeFile = (): FileEntry[] => [
  { path: 'huge.onnx', absolute: path.join(folder, 'huge.onnx'), size: LARGEST_BLOB_RESOURCE + 1, executable: false },
];

const content = (files: FileEntry[]): ModelContent => ({ name: 'digits', version: 3, digest: DIGEST, files });

const store = (files: FileEntry[], make = (stack: TerraformStack): IModelStore => new ModelStore(stack, 'Store', PROPS)) =>
  synthesize(stack => make(stack)._storeModel(new Construct(stack, 'Model'), content(files)));

describe('ModelStore', () => {
  test('takes no account keys and shows nothing to the public', () => {
    expect(create().resource('azurerm_storage_account')).toMatchObject({
      shared_access_key_enabled: false,
      default_to_oauth_authentication: true,
      allow_nested_items_to_be_public: false,
      https_traffic_only_enabled: true,
      min_tls_version: 'TLS1_2',
      local_user_enabled: false,
      cross_tenant_replication_enabled: false,
      infrastructure_encryption_enabled: true,
      blob_properties: {
        versioning_enabled: true,
        delete_retention_policy: { days: 30 },
        container_delete_retention_policy: { days: 30 },
      },
    });
    expect(create().resource('azurerm_storage_container')).toMatchObject({ name: 'models', container_access_type: 'private' });
  });

  test('each default has its off switch', () => {
    const account = create({ sharedKeyAccess: true, publicNetworkAccess: false, deletedRetentionDays: 0 }).resource(
      'azurerm_storage_account',
    );
    expect(account).toMatchObject({ shared_access_key_enabled: true, public_network_access_enabled: false });
    expect(account.blob_properties.delete_retention_policy).toBeUndefined();
  });

  test('closes the network to all but the given addresses', () => {
    expect(create({ allowedIpRanges: ['203.0.113.0/24'] }).resource('azurerm_storage_account').network_rules).toEqual({
      default_action: 'Deny',
      bypass: ['AzureServices'],
      ip_rules: ['203.0.113.0/24'],
    });
  });

  test('lets whoever applies first write, and does not take it away when another applies', () => {
    const grant = create().resource('azurerm_role_assignment');
    expect(grant.role_definition_name).toBe('Storage Blob Data Contributor');
    expect(grant.principal_id).toMatch(/azurerm_client_config.*object_id/);
    expect(grant.lifecycle).toEqual({ ignore_changes: ['principal_id'] });
  });

  test('lets exactly the named principals write', () => {
    const stack = create({ writerPrincipalIds: ['one', 'two'] });
    const grants: Json[] = Object.values(stack.resources('azurerm_role_assignment'));
    expect(grants.map(grant => grant.principal_id as string)).toEqual(['one', 'two']);
    expect(stack.dataSources('azurerm_client_config')).toEqual({});
  });

  test('warns where the provider would write with account keys', () => {
    expect(create().annotations('warning').join()).toContain('MODEL_STORE_PROVIDER_USES_KEYS');
  });

  test('warns of nothing where the provider signs in with Entra ID', () => {
    const stack = synthesize(scope => {
      new ModelStore(scope, 'Store', PROPS);
      new AzurermProvider(scope, 'azurerm', { features: [{}], storageUseAzuread: true });
    });
    expect(stack.annotations('warning')).toEqual([]);
  });

  test.each([
    [{ storageAccountName: 'Upper' }, /STORAGE_ACCOUNT_NAME_INVALID/],
    [{ storageAccountName: 'ab' }, /STORAGE_ACCOUNT_NAME_INVALID/],
    [{ containerName: 'a--b' }, /STORAGE_CONTAINER_NAME_INVALID/],
    [{ containerName: '-models' }, /STORAGE_CONTAINER_NAME_INVALID/],
    [{ deletedRetentionDays: 366 }, /STORAGE_RETENTION_INVALID/],
    [{ deletedRetentionDays: 1.5 }, /STORAGE_RETENTION_INVALID/],
    [{ tags: { 'a%b': 'x' } }, /TAGS_INVALID/],
  ])('refuses %j', (props, code) => {
    expect(() => create(props)).toThrow(code);
  });
});

describe('a stored model', () => {
  test('is named after its content and carries its checksum', () => {
    const blob = store(oneFile()).resource('azurerm_storage_blob');
    expect(blob).toMatchObject({
      name: `digits/3/${DIGEST.slice(0, 16)}/model.onnx`,
      type: 'Block',
      content_md5: createHash('md5').update('bytes of the model').digest('hex'),
      metadata: { model: 'digits', version: '3', sha256: DIGEST },
    });
  });

  test('names its file relative to where Terraform runs, and ignores where it lay before', () => {
    const stack = store(oneFile());
    const blob = stack.resource('azurerm_storage_blob');
    expect(path.isAbsolute(blob.source as string)).toBe(false);
    expect(path.resolve(stack.stackdir, blob.source as string)).toBe(path.join(folder, 'model.onnx'));
    expect(blob.lifecycle).toEqual({ create_before_destroy: true, ignore_changes: ['source'] });
  });

  test('waits for the container and for the right to write', () => {
    const blob = store(oneFile()).resource('azurerm_storage_blob');
    expect(blob.depends_on).toEqual([
      expect.stringMatching(/^azurerm_storage_container\./),
      expect.stringMatching(/^azurerm_role_assignment\./),
    ]);
  });

  test('of several files is one blob for each, with its folders', () => {
    const blobs: Json[] = Object.values(store(listFiles(folder)).resources('azurerm_storage_blob'));
    expect(blobs.map(blob => blob.name as string).sort()).toEqual([
      `digits/3/${DIGEST.slice(0, 16)}/model.onnx`,
      `digits/3/${DIGEST.slice(0, 16)}/weights/a.bin`,
    ]);
  });

  test('that is large is uploaded in pieces, not read into memory', () => {
    const stack = store(hugeFile());
    expect(stack.resources('azurerm_storage_blob')).toEqual({});
    const [upload] = stack.resource('terraform_data').provisioner as Json[];
    expect(upload['local-exec'].environment).toMatchObject({ ACCOUNT: 'contoso1', CONTAINER: 'models' });
    expect(upload['local-exec'].command).toContain('--auth-mode login');
    expect(upload['local-exec'].command).toContain('--overwrite false');
  });

  test('may have every name that blob storage takes, and no other', () => {
    const named = (name: string) => [{ ...oneFile()[0], path: name }];
    for (const name of ['a b.onnx', 'ünïcode.bin', 'x/y/z.onnx']) expect(() => store(named(name))).not.toThrow();
    for (const name of ['a?b', 'a#b', '100%', 'dir./x', 'a\nb', 'x'.repeat(1100)]) {
      expect(() => store(named(name))).toThrow(/MODEL_STORE_PATH_INVALID/);
    }
  });

  test('goes into an imported store without waiting for anything', () => {
    const stack = store(oneFile(), scope =>
      ModelStore.fromModelStoreAttributes(scope, 'Store', { storageAccountName: 'existing', containerName: 'kept' }),
    );
    const blob = stack.resource('azurerm_storage_blob');
    expect(blob).toMatchObject({ storage_account_name: 'existing', storage_container_name: 'kept' });
    expect(blob.depends_on).toBeUndefined();
  });
});

describe('the upload of a large model', () => {
  /** A stand-in for the Azure CLI that notes its arguments; the script around it is the real one. */
  const run = (exists: boolean) => {
    const bin = fs.mkdtempSync(path.join(folder, 'bin-'));
    const log = path.join(bin, 'log');
    const script = `#!/bin/sh\nprintf '%s\\n' "$*" >> "${log}"\ncase "$3" in exists) echo ${exists};; esac\n`;
    fs.writeFileSync(path.join(bin, 'az'), script, { mode: 0o755 });
    const [{ 'local-exec': upload }] = store(hugeFile()).resource('terraform_data').provisioner as Json[];
    const [shell, flag] = upload.interpreter as string[];
    const env = { ...(upload.environment as Record<string, string>), PATH: `${bin}:${process.env.PATH}` };
    execFileSync(shell, [flag, upload.command as string], { env });
    return fs.readFileSync(log, 'utf8');
  };

  test('sends the file where the blob is not there', () => {
    const log = run(false);
    expect(log).toMatch(/storage blob upload .*--name digits\/3\/abababababababab\/huge\.onnx/);
    expect(log).toMatch(/--metadata model=digits version=3 sha256=(ab){32} /);
  });

  test('sends nothing where it is there', () => {
    expect(run(true)).not.toContain('upload');
  });
});
