import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { App, TerraformOutput, TerraformStack, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import { ContainerRegistry, RegistrySku } from '../../src/workspace/container-registry';
import { ModelStore } from '../../src/workspace/model-store';
import { Workspace } from '../../src/workspace/workspace';
import { IWorkspace, LockLevel, WorkspaceProps } from '../../src/workspace/workspace-props';
import { Json, synthesize } from '../support/synth';

const PROPS = { workspaceName: 'Contoso_ML', location: 'westeurope' };
const create = (props: Partial<WorkspaceProps> = {}) =>
  synthesize(stack => new Workspace(stack, 'Workspace', { ...PROPS, ...props }));

const typesOf = (stack: { json: Json }) => Object.keys((stack.json.resource as object | undefined) ?? {}).sort();

describe('Workspace', () => {
  test('makes every piece that services share', () => {
    expect(typesOf(create())).toEqual([
      'azurerm_application_insights',
      'azurerm_container_registry',
      'azurerm_log_analytics_workspace',
      'azurerm_resource_group',
      'azurerm_role_assignment',
      'azurerm_storage_account',
      'azurerm_storage_container',
      'azurerm_user_assigned_identity',
    ]);
  });

  test('derives legal names from its own, unique by subscription, group and name', () => {
    const stack = create();
    expect(stack.resource('azurerm_resource_group').name).toBe('Contoso_ML');
    expect(stack.resource('azurerm_log_analytics_workspace').name).toBe('Contoso-ML-logs');
    const place = String.raw`join\("\/", \[data\.azurerm_client_config\..*\.subscription_id, "Contoso_ML", "Contoso_ML"\]\)`;
    const suffix = new RegExp(String.raw`^contosoml\$\{substr\(sha256\(lower\(${place}\)\), 0, 8\)\}$`);
    expect(stack.resource('azurerm_container_registry').name).toMatch(suffix);
    expect(stack.resource('azurerm_storage_account').name).toMatch(suffix);
  });

  test('keeps the longest name within the limits of registry and storage account', () => {
    const stack = create({ workspaceName: 'w'.repeat(33), uniqueSuffix: 'abcd1234' });
    expect(stack.resource('azurerm_storage_account').name).toBe(`${'w'.repeat(16)}abcd1234`);
    expect(stack.resource('azurerm_container_registry').name).toBe(`${'w'.repeat(33)}abcd1234`);
  });

  test('asks for no subscription where the suffix and the writers are given', () => {
    expect(create({ uniqueSuffix: 'x1', modelWriterPrincipalIds: ['me'] }).json.data).toBeUndefined();
  });

  test('lets its identity pull, and says what to wait for', () => {
    const stack = synthesize(scope => {
      const workspace = new Workspace(scope, 'Workspace', PROPS);
      expect(workspace.pullIdentity?.readyAfter).toHaveLength(1);
    });
    const grant = stack.resource('azurerm_role_assignment', 'PullGrant');
    expect(grant.role_definition_name).toBe('AcrPull');
    expect(grant.principal_id).toMatch(/azurerm_user_assigned_identity\..*\.principal_id/);
  });

  test.each([
    [{ createResourceGroup: false }, 'azurerm_resource_group'],
    [{ createRegistry: false }, 'azurerm_container_registry'],
    [{ createModelStore: false }, 'azurerm_storage_account'],
    [{ createMonitoring: false }, 'azurerm_log_analytics_workspace'],
    [{ createMonitoring: false }, 'azurerm_application_insights'],
    [{ createPullIdentity: false }, 'azurerm_user_assigned_identity'],
  ])('%j leaves out %s', (props, type) => {
    expect(typesOf(create(props))).not.toContain(type);
  });

  test('looks an existing resource group up', () => {
    const stack = create({ createResourceGroup: false, resourceGroupName: 'shared' });
    expect(stack.dataSource('azurerm_resource_group').name).toBe('shared');
    expect(stack.resource('azurerm_container_registry').resource_group_name).toMatch(/^\$\{data\.azurerm_resource_group\./);
  });

  test('takes pieces that exist, and gives the existing identity the right to pull', () => {
    const stack = synthesize(scope => {
      const registryId = '/subscriptions/s/registries/r';
      const registry = ContainerRegistry.fromContainerRegistryAttributes(scope, 'Registry', {
        loginServer: 'r.azurecr.io',
        registryId,
      });
      const modelStore = ModelStore.fromModelStoreAttributes(scope, 'Store', { storageAccountName: 'existing' });
      const workspace = new Workspace(scope, 'Workspace', {
        ...PROPS,
        registry,
        modelStore,
        pullIdentity: { identityId: '/i', principalId: 'p', clientId: 'c' },
        logAnalytics: { resourceId: '/logs', customerId: 'guid' },
        applicationInsights: { resourceId: '/insights', connectionString: 'secret' },
      });
      expect(workspace.registry).toBe(registry);
      expect(workspace.modelStore).toBe(modelStore);
    });
    expect(typesOf(stack)).toEqual(['azurerm_resource_group', 'azurerm_role_assignment']);
    expect(stack.resource('azurerm_role_assignment')).toMatchObject({
      principal_id: 'p',
      scope: '/subscriptions/s/registries/r',
    });
  });

  test('makes no identity for a registry outside Azure', () => {
    const stack = synthesize(scope => {
      const registry = ContainerRegistry.fromLoginServer(scope, 'Registry', 'localhost:5000');
      expect(new Workspace(scope, 'Workspace', { ...PROPS, registry }).pullIdentity).toBeUndefined();
    });
    expect(typesOf(stack)).not.toContain('azurerm_user_assigned_identity');
  });

  test('locks the resource group only when all else is there', () => {
    const stack = create({ lock: LockLevel.READ_ONLY });
    const lock = stack.resource('azurerm_management_lock');
    expect(lock.lock_level).toBe('ReadOnly');
    const others = Object.entries<Json>(stack.json.resource as object)
      .filter(([type]) => type !== 'azurerm_management_lock')
      .flatMap(([type, instances]) => Object.keys(instances as object).map(id => `${type}.${id}`));
    expect([...(lock.depends_on as string[])].sort()).toEqual(others.sort());
  });

  test('tags every piece that can have tags', () => {
    const stack = create({ tags: { team: 'vision' } });
    const taggable = typesOf(stack).filter(type => !/role_assignment|storage_container/.test(type));
    for (const type of taggable) expect(stack.resource(type).tags).toEqual({ team: 'vision' });
  });

  test('gives every resource and data source the provider', () => {
    const stack = synthesize(scope => {
      const provider = new AzurermProvider(scope, 'Other', { features: [{}], alias: 'other', storageUseAzuread: true });
      new Workspace(scope, 'Workspace', { ...PROPS, provider, createResourceGroup: false, lock: LockLevel.CAN_NOT_DELETE });
    });
    const all = [stack.json.resource, stack.json.data].flatMap(section => Object.values<Json>(section as object));
    for (const instance of all.flatMap(instances => Object.values<Json>(instances as object))) {
      expect(instance.provider).toBe('azurerm.other');
    }
  });

  test('two of them in one stack do not collide', () => {
    const stack = synthesize(scope => {
      new Workspace(scope, 'One', { ...PROPS, workspaceName: 'one' });
      new Workspace(scope, 'Two', { ...PROPS, workspaceName: 'two' });
    });
    for (const type of typesOf(stack).filter(name => name !== 'azurerm_role_assignment')) {
      expect(Object.keys(stack.resources(type))).toHaveLength(2);
    }
  });

  test.each([
    [{ workspaceName: 'ab' }, /WORKSPACE_NAME_INVALID/],
    [{ workspaceName: '-ab' }, /WORKSPACE_NAME_INVALID/],
    [{ workspaceName: 'w'.repeat(34) }, /WORKSPACE_NAME_INVALID/],
    [{ resourceGroupName: 'ends.' }, /RESOURCE_GROUP_NAME_INVALID/],
    [{ uniqueSuffix: 'TooLong12' }, /WORKSPACE_SUFFIX_INVALID/],
    [{ logRetentionDays: 29 }, /WORKSPACE_LOG_RETENTION_INVALID/],
    [{ createRegistry: false, registrySku: RegistrySku.PREMIUM }, /WORKSPACE_PIECE_OFF/],
    [{ createMonitoring: false, logRetentionDays: 60 }, /WORKSPACE_PIECE_OFF/],
    [{ tags: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, 'x'])) }, /TAGS_INVALID/],
  ])('refuses %j', (props, code) => {
    expect(() => create(props)).toThrow(code);
  });

  test('refuses to bring and to name the same piece', () => {
    const build = (extra: Partial<WorkspaceProps>) => () =>
      synthesize(scope => {
        const registry = ContainerRegistry.fromLoginServer(scope, 'Registry', 'localhost:5000');
        new Workspace(scope, 'Workspace', { ...PROPS, registry, ...extra });
      });
    expect(build({ registryName: 'another' })).toThrow(/WORKSPACE_PIECE_TWICE/);
    expect(build({ createRegistry: true })).toThrow(/WORKSPACE_PIECE_TWICE/);
    expect(build({ createRegistry: false })).not.toThrow();
  });

  test('refuses a name that only Terraform knows', () => {
    const build = (scope: TerraformStack) =>
      new Workspace(scope, 'Workspace', { ...PROPS, workspaceName: new TerraformVariable(scope, 'name', {}).stringValue });
    expect(() => synthesize(build)).toThrow(/WORKSPACE_NAME_UNKNOWN_AT_SYNTH/);
  });

  test('leaves other values that only Terraform knows to Azure', () => {
    const stack = synthesize(scope => {
      const text = new TerraformVariable(scope, 'text', {}).stringValue;
      const days = new TerraformVariable(scope, 'days', {}).numberValue;
      new Workspace(scope, 'Workspace', {
        ...PROPS,
        resourceGroupName: text,
        uniqueSuffix: text,
        location: text,
        logRetentionDays: days,
      });
    });
    expect(stack.resource('azurerm_log_analytics_workspace').retention_in_days).toBe('${var.days}');
  });

  test('outputs names and addresses only when asked, under the given prefix', () => {
    expect(create().outputs()).toEqual({});
    const stack = synthesize(scope => {
      const workspace = new Workspace(scope, 'Workspace', PROPS);
      workspace.addOutputs();
      new Workspace(scope, 'Other', { ...PROPS, workspaceName: 'other' }).addOutputs({ prefix: 'Second-One' });
    });
    expect(Object.keys(stack.outputs()).sort()).toEqual([
      'contoso_ml_login_server',
      'contoso_ml_resource_group',
      'contoso_ml_storage_account',
      'second_one_login_server',
      'second_one_resource_group',
      'second_one_storage_account',
    ]);
  });

  test('refuses outputs that would overwrite others', () => {
    const build = (scope: TerraformStack) => {
      new Workspace(scope, 'One', PROPS).addOutputs({ prefix: 'ml' });
      new Workspace(scope, 'Two', { ...PROPS, workspaceName: 'two' }).addOutputs({ prefix: 'ml' });
    };
    expect(() => synthesize(build)).toThrow(/OUTPUT_EXISTS/);
  });

  test('is readable from another stack', () => {
    const app = new App({ outdir: fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-')) });
    const foundation = new TerraformStack(app, 'foundation');
    new AzurermProvider(foundation, 'azurerm', { features: [{}] });
    const workspace = new Workspace(foundation, 'Workspace', PROPS);
    const services = new TerraformStack(app, 'services');
    const file = { path: 'jest.config.js', absolute: path.resolve('jest.config.js'), size: 1, executable: false };
    new AzurermProvider(services, 'azurerm', { features: [{}] });
    workspace.modelStore?._storeModel(new Construct(services, 'Model'), {
      name: 'm',
      version: 1,
      digest: 'd'.repeat(64),
      files: [file],
    });

    app.synth();

    const json = JSON.parse(fs.readFileSync(path.join(app.outdir, 'stacks/services/cdk.tf.json'), 'utf8'));
    const [blob] = Object.values<Json>(json.resource.azurerm_storage_blob as object);
    expect(blob.depends_on).toBeUndefined();
    expect(services.dependsOn(foundation)).toBe(true);
    fs.rmSync(app.outdir, { recursive: true });
  });
});

describe('Workspace.fromWorkspaceAttributes', () => {
  test('emits nothing', () => {
    const stack = synthesize(scope => {
      const attributes = { workspaceName: 'ml', resourceGroupName: 'group', location: 'westeurope' };
      const workspace = Workspace.fromWorkspaceAttributes(scope, 'Workspace', attributes);
      expect(workspace).toMatchObject(attributes);
      expect(workspace.registry).toBeUndefined();
    });
    expect(stack.json.resource ?? stack.json.data).toBeUndefined();
  });
});

describe('Workspace.fromWorkspaceName', () => {
  const lookUp = (use: (workspace: IWorkspace) => unknown) =>
    synthesize(scope => {
      use(Workspace.fromWorkspaceName(scope, 'Workspace', { workspaceName: 'Contoso_ML' }));
    });

  test('looks up the same names that the other stack made', () => {
    const made = create();
    const found = lookUp(workspace => [
      workspace.registry,
      workspace.pullIdentity,
      workspace.logAnalytics,
      workspace.applicationInsights,
    ]);
    // both ask the same data source, whose address differs by the construct's path alone
    expect(found.dataSource('azurerm_container_registry').name).toBe(made.resource('azurerm_container_registry').name);
    expect(found.dataSource('azurerm_user_assigned_identity').name).toBe(made.resource('azurerm_user_assigned_identity').name);
    expect(found.dataSource('azurerm_log_analytics_workspace').name).toBe(made.resource('azurerm_log_analytics_workspace').name);
    expect(found.dataSource('azurerm_application_insights').name).toBe(made.resource('azurerm_application_insights').name);
  });

  test('looks up what is used, once', () => {
    const stack = lookUp(workspace => [workspace.registry, workspace.registry]);
    expect(Object.keys(stack.json.data as object).sort()).toEqual([
      'azurerm_client_config',
      'azurerm_container_registry',
      'azurerm_resource_group',
    ]);
  });
});

describe('Workspace.fromConfigFile', () => {
  let folder: string;
  beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'config-'))));
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  const CONFIG = {
    subscription_id: '0A1B2C3D-0000-1111-2222-333344445555',
    resource_group: 'group',
    workspace_name: 'ml',
  };
  const write = (content: object | string, name = 'config.json') => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const read = (file: string, use: (workspace: IWorkspace) => unknown = () => undefined) =>
    synthesize(scope => {
      use(Workspace.fromConfigFile(scope, 'Workspace', file));
    });

  test('looks the workspace up, in the subscription that the file names', () => {
    const stack = read(write(CONFIG));
    const workspace = stack.dataSource('azurerm_machine_learning_workspace');
    expect(workspace).toMatchObject({ name: 'ml', resource_group_name: 'group' });
    expect(workspace.lifecycle.precondition[0].condition).toMatch(
      /^\$\{\(?lower\(data\.azurerm_client_config\..*\.subscription_id\) == "0a1b2c3d-0000-1111-2222-333344445555"\)?\}$/,
    );
    expect(Object.keys(stack.dataSources('azurerm_resources'))).toEqual([]);
  });

  test('finds the registry as the only one of the group', () => {
    const stack = synthesize(scope => {
      const workspace = Workspace.fromConfigFile(scope, 'Workspace', write(CONFIG));
      new TerraformOutput(scope, 'login', { value: workspace.registry?.loginServer });
    });
    const list = stack.dataSource('azurerm_resources');
    expect(list).toMatchObject({ type: 'Microsoft.ContainerRegistry/registries', resource_group_name: 'group' });
    expect(list.lifecycle.postcondition[0].condition).toMatch(/^\$\{\(?length\(self\.resources\) == 1\)?\}$/);
    expect(stack.dataSource('azurerm_container_registry').name).toMatch(
      /^\$\{data\.azurerm_resources\..*\.resources\[0\]\.name\}$/,
    );
  });

  test('looks for no registry where it is named', () => {
    const stack = synthesize(scope => {
      const workspace = Workspace.fromConfigFile(scope, 'Workspace', write(CONFIG), { registryName: 'contoso1' });
      expect(workspace.registry).toBe(workspace.registry);
    });
    expect(stack.dataSource('azurerm_container_registry').name).toBe('contoso1');
    expect(stack.dataSources('azurerm_resources')).toEqual({});
  });

  test.each(['config.json', '.azureml/config.json', 'aml_config/config.json'])('finds %s in a folder above, as v1 did', place => {
    write(CONFIG, place);
    const below = path.join(folder, 'a', 'b');
    fs.mkdirSync(below, { recursive: true });
    for (const start of [below, path.join(below, 'config.json')]) {
      expect(read(start).dataSource('azurerm_machine_learning_workspace').name).toBe('ml');
    }
  });

  test('reads a file with a byte order mark, as some editors write it', () => {
    const stack = read(write(`\uFEFF${JSON.stringify(CONFIG)}`));
    expect(stack.dataSource('azurerm_machine_learning_workspace').name).toBe('ml');
  });

  test.each([
    ['{', /WORKSPACE_CONFIG_INVALID/],
    ['[]', /WORKSPACE_CONFIG_INVALID/],
    [{ ...CONFIG, region: 'westeurope' }, /has unknown keys: region/],
    [{ subscription_id: CONFIG.subscription_id }, /lacks resource_group, workspace_name/],
    [{ ...CONFIG, workspace_name: ' ' }, /lacks workspace_name/],
    [{ ...CONFIG, subscription_id: 'mine' }, /which is no GUID/],
  ])('refuses %j', (content, message) => {
    expect(() => read(write(content))).toThrow(message);
  });

  test('says where it looked when there is none', () => {
    expect(() => read(path.join(folder, 'absent.json'))).toThrow(/WORKSPACE_CONFIG_NOT_FOUND/);
    expect(() => read(path.join(folder, 'absent.json'))).toThrow(/\.azureml/);
  });
});
