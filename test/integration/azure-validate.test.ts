import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { App, TerraformStack } from 'cdktf';
import * as fs from 'fs';
import * as path from 'path';
import { aciStack } from '../../examples/aci/stack';
import {
  AciWebservice,
  ImageBuild,
  InferenceImage,
  LockLevel,
  ModelSource,
  RegisteredModel,
  RegistrySku,
  Sizing,
  Workspace,
} from '../../src';
import { MODEL_FILE } from './support/digits';
import { describeWith, terraform } from './support/requirements';
import { run } from './support/run';
import { TerraformProject } from './support/terraform-project';

jest.setTimeout(300_000);

const AZURERM = { azurerm: { source: 'hashicorp/azurerm', version: '4.55.0' } };
const DOCKER = { docker: { source: 'kreuzwerker/docker', version: '3.6.2' } };

/** What the schemas do not hold, such as allowed values and arguments that exclude one another. */
function validate(stackId: string, build: (app: App, project: TerraformProject) => TerraformStack): string {
  const project = new TerraformProject(stackId);
  try {
    project.synth(app => build(app, project));
    return run('terraform', ['validate', '-no-color'], { cwd: project.directory });
  } finally {
    fs.rmSync(path.resolve(project.directory, '../../..'), { recursive: true, force: true });
  }
}

function everything(app: App, project: TerraformProject): TerraformStack {
  const stack = new TerraformStack(app, 'everything');
  new AzurermProvider(stack, 'azurerm', { features: [{}], storageUseAzuread: true });
  const workspace = new Workspace(stack, 'Workspace', {
    workspaceName: 'contoso-ml',
    location: 'westeurope',
    registrySku: RegistrySku.PREMIUM,
    lock: LockLevel.CAN_NOT_DELETE,
    tags: { team: 'vision' },
  });
  const model = new RegisteredModel(stack, 'Model', {
    source: ModelSource.fromFile(MODEL_FILE),
    lockFile: path.join(project.inputs, 'models.lock.json'),
    store: workspace.modelStore,
  });
  const image = new InferenceImage(stack, 'Image', {
    models: [model],
    registry: workspace.registry,
    imageBuild: ImageBuild.prebuilt(`contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`),
  });
  const service = { image, workspace, sizing: Sizing.fixed({ cpu: 1, memoryInGB: 1, cpuLimit: 2 }), sendLogs: true };
  new AciWebservice(stack, 'Public', { ...service, zones: ['1'], slot: 'blue' }).addOutputs();
  new AciWebservice(stack, 'Private', {
    ...service,
    subnetId:
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/aci',
    customerManagedKeyId: 'https://contoso.vault.azure.net/keys/aci/0123456789abcdef0123456789abcdef',
    customerManagedKeyIdentityId:
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/ml/providers/Microsoft.ManagedIdentity/userAssignedIdentities/key',
  });
  return stack;
}

function lookUps(app: App, project: TerraformProject): TerraformStack {
  const stack = new TerraformStack(app, 'look-ups');
  new AzurermProvider(stack, 'azurerm', { features: [{}] });
  const config = path.join(project.inputs, 'config.json');
  const subscription_id = '00000000-0000-0000-0000-000000000000';
  fs.writeFileSync(config, JSON.stringify({ subscription_id, resource_group: 'ml', workspace_name: 'contoso' }));
  const studio = Workspace.fromConfigFile(stack, 'Studio', config);
  const named = Workspace.fromWorkspaceName(stack, 'Named', { workspaceName: 'contoso-ml' });
  for (const workspace of [studio, named])
    void [workspace.registry, workspace.applicationInsights, workspace.pullIdentity, workspace.logAnalytics];
  return stack;
}

describeWith([terraform({ ...AZURERM, ...DOCKER })], 'azurerm itself', () => {
  test('accepts the example', () => {
    expect(validate('aci', app => aciStack(app))).toContain('The configuration is valid');
  });

  test('accepts a workspace and services with everything on', () => {
    expect(validate('everything', everything)).toContain('The configuration is valid');
  });

  test('accepts the look-ups of workspaces that exist', () => {
    expect(validate('look-ups', lookUps)).toContain('The configuration is valid');
  });
});
