import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { TerraformOutput, TerraformVariable } from 'cdktf';
import { ContainerRegistry, ContainerRegistryProps, RegistrySku } from '../../src/workspace/container-registry';
import { synthesize } from '../support/synth';

const PROPS = { registryName: 'contoso1', resourceGroupName: 'group', location: 'westeurope' };
const create = (props: Partial<ContainerRegistryProps> = {}) =>
  synthesize(stack => new ContainerRegistry(stack, 'Registry', { ...PROPS, ...props }));

describe('ContainerRegistry', () => {
  test('has neither an admin user nor anonymous pulls', () => {
    expect(create().resource('azurerm_container_registry')).toMatchObject({
      name: 'contoso1',
      sku: 'Basic',
      admin_enabled: false,
      anonymous_pull_enabled: false,
    });
  });

  test.each(['abcd', 'a'.repeat(51), 'with-dash', 'dot.name'])('refuses the name %s', registryName => {
    expect(() => create({ registryName })).toThrow(/REGISTRY_NAME_INVALID/);
  });

  test('leaves a name that Terraform computes to Azure', () => {
    const stack = synthesize(scope => {
      const name = new TerraformVariable(scope, 'name', { type: 'string' });
      new ContainerRegistry(scope, 'Registry', { ...PROPS, registryName: name.stringValue });
    });
    expect(stack.resource('azurerm_container_registry').name).toBe('${var.name}');
  });

  test.each([{ publicNetworkAccess: false }, { zoneRedundancy: true }])('needs Premium for %j', option => {
    expect(() => create(option)).toThrow(/REGISTRY_NEEDS_PREMIUM/);
    expect(() => create({ ...option, sku: RegistrySku.PREMIUM })).not.toThrow();
  });

  test('reports a wrong name and wrong tags together', () => {
    expect(() => create({ registryName: 'no', tags: { 'a<b': 'x' } })).toThrow(/REGISTRY_NAME_INVALID[\s\S]*TAGS_INVALID/);
  });

  test('gives a consumer nothing more than the right to pull', () => {
    const stack = synthesize(scope => {
      const grants = new ContainerRegistry(scope, 'Registry', PROPS).grantPull(scope, 'principal');
      expect(grants).toHaveLength(1);
    });
    expect(stack.resource('azurerm_role_assignment', 'PullGrant')).toMatchObject({
      role_definition_name: 'AcrPull',
      principal_id: 'principal',
      principal_type: 'ServicePrincipal',
      scope: expect.stringContaining('azurerm_container_registry.') as string,
    });
  });

  test('is its own default child, for overrides', () => {
    synthesize(stack => {
      const registry = new ContainerRegistry(stack, 'Registry', PROPS);
      expect(registry.node.defaultChild).toBe(registry.node.findChild('Resource'));
    });
  });

  test('uses an aliased provider for registry and grant', () => {
    const stack = synthesize(scope => {
      const provider = new AzurermProvider(scope, 'Other', { features: [{}], alias: 'other' });
      new ContainerRegistry(scope, 'Registry', { ...PROPS, provider }).grantPull(scope, 'principal');
    });
    expect(stack.resource('azurerm_container_registry').provider).toBe('azurerm.other');
    expect(stack.resource('azurerm_role_assignment').provider).toBe('azurerm.other');
  });
});

describe('an imported registry', () => {
  test('outside Azure has no id, and grants nothing', () => {
    const stack = synthesize(scope => {
      const registry = ContainerRegistry.fromLoginServer(scope, 'Registry', 'localhost:5000');
      expect(registry.loginServer).toBe('localhost:5000');
      expect(registry.registryId).toBeUndefined();
      expect(registry.grantPull(scope, 'principal')).toEqual([]);
    });
    expect(stack.json.resource).toBeUndefined();
  });

  test.each(['https://contoso.azurecr.io', 'contoso.azurecr.io/team', 'a b', ''])('refuses the login server "%s"', server => {
    expect(() => synthesize(stack => ContainerRegistry.fromLoginServer(stack, 'Registry', server))).toThrow(
      /REGISTRY_LOGIN_SERVER_INVALID/,
    );
  });

  test('by its attributes looks nothing up', () => {
    const stack = synthesize(scope => {
      ContainerRegistry.fromContainerRegistryAttributes(scope, 'Registry', {
        loginServer: 'contoso.azurecr.io',
        registryId: '/subscriptions/s/registry',
      }).grantPull(scope, 'principal');
    });
    expect(stack.json.data).toBeUndefined();
    expect(stack.resource('azurerm_role_assignment').scope).toBe('/subscriptions/s/registry');
  });

  test('by its name is read at plan', () => {
    const stack = synthesize(scope => {
      const lookup = { registryName: 'contoso1', resourceGroupName: 'group' };
      const registry = ContainerRegistry.fromContainerRegistryName(scope, 'Registry', lookup);
      new TerraformOutput(scope, 'login', { value: registry.loginServer });
    });
    expect(stack.dataSource('azurerm_container_registry')).toMatchObject({ name: 'contoso1', resource_group_name: 'group' });
    expect(stack.outputs().login.value).toMatch(/^\$\{data\.azurerm_container_registry\..*\.login_server\}$/);
  });
});
