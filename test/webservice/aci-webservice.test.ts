import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { IRegisteredModel } from '../../src/model/registered-model';
import { Sizing } from '../../src/sizing/sizing';
import { AciIpAddressType, AciRestartPolicy, AciWebserviceProps } from '../../src/webservice/aci-props';
import { AciWebservice } from '../../src/webservice/aci-webservice';
import { Auth } from '../../src/webservice/auth';
import { Tls } from '../../src/webservice/tls';
import { ContainerRegistry, IContainerRegistry } from '../../src/workspace/container-registry';
import { Workspace } from '../../src/workspace/workspace';
import { someModel } from '../support/models';
import { Json, synthesize } from '../support/synth';

const REFERENCE = `contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`;
const SUBNET = '/subscriptions/s/subnet';
const SIZE = Sizing.fixed({ cpu: 1, memoryInGB: 1 });

const azureRegistry = (scope: TerraformStack) =>
  ContainerRegistry.fromContainerRegistryAttributes(scope, 'Registry', {
    loginServer: 'contoso.azurecr.io',
    registryId: '/subscriptions/s/registry',
  });

const workspaceOf = (scope: TerraformStack, registry: IContainerRegistry) =>
  Workspace.fromWorkspaceAttributes(scope, 'Workspace', {
    workspaceName: 'ml',
    resourceGroupName: 'group',
    location: 'westeurope',
    registry,
    pullIdentity: { identityId: '/identities/pull', principalId: 'principal', clientId: 'client' },
    logAnalytics: { resourceId: '/logs', customerId: 'guid', sharedKey: 'shared' },
  });

interface Setting {
  readonly registry?: (scope: TerraformStack) => IContainerRegistry | undefined;
  readonly model?: (scope: TerraformStack) => IRegisteredModel;
}

const imageIn = (scope: TerraformStack, id: string, setting: Setting, registry?: IContainerRegistry) =>
  new InferenceImage(scope, id, {
    models: [setting.model?.(scope) ?? someModel(scope, { id: `${id}Model` })],
    imageBuild: ImageBuild.prebuilt(REFERENCE),
    registry,
  });

type Extra = Partial<AciWebserviceProps> | ((scope: TerraformStack) => Partial<AciWebserviceProps>);

function service(scope: TerraformStack, id: string, extra: Extra = {}, setting: Setting = {}): AciWebservice {
  const registry = (setting.registry ?? azureRegistry)(scope);
  const workspace = workspaceOf(scope, registry ?? ContainerRegistry.fromLoginServer(scope, 'Unused', 'localhost:5000'));
  const props = typeof extra === 'function' ? extra(scope) : extra;
  return new AciWebservice(scope, id, {
    image: imageIn(scope, `${id}Image`, setting, registry),
    workspace,
    sizing: SIZE,
    ...props,
  });
}

const deploy = (extra: Extra = {}, setting: Setting = {}) => synthesize(stack => service(stack, 'DevTest', extra, setting));
const groupOf = (extra: Extra = {}, setting: Setting = {}): Json => deploy(extra, setting).resource('azurerm_container_group');
const containerOf = (extra: Extra = {}, setting: Setting = {}): Json => groupOf(extra, setting).container[0];
const warningsOf = (extra: Extra = {}, setting: Setting = {}) => deploy(extra, setting).annotations('warning').join('\n');
const variable = (scope: TerraformStack, name: string) => new TerraformVariable(scope, name, { type: 'string' }).stringValue;

describe('AciWebservice', () => {
  test('runs one container of the image, by digest, named after the service', () => {
    const group = groupOf();
    expect(group).toMatchObject({ location: 'westeurope', resource_group_name: 'group', os_type: 'Linux' });
    expect(group.container).toHaveLength(1);
    expect(group.container[0]).toMatchObject({ name: 'dev-test', image: REFERENCE, ports: [{ port: 5001, protocol: 'TCP' }] });
  });

  test('leaves the exposed ports to azurerm, which wants all of their object or nothing', () => {
    expect(groupOf().exposed_port).toBeUndefined();
  });

  test('requests what the sizing says, and limits only what differs from it', () => {
    const equal = containerOf({ sizing: Sizing.fixed({ cpu: 0.63, memoryInGB: 0.55 }) });
    expect(equal).toMatchObject({ cpu: 0.7, memory: 0.6 });
    expect([equal.cpu_limit, equal.memory_limit]).toEqual([undefined, undefined]);
    const sizing = Sizing.fixed({ cpu: 1, memoryInGB: 1, cpuLimit: 2, memoryInGBLimit: 1.5 });
    expect(containerOf({ sizing })).toMatchObject({ cpu_limit: 2, memory_limit: 1.5 });
  });

  test("has v1's 0.1 cores and 0.5 GB where nothing is said, and warns", () => {
    expect(containerOf({ sizing: undefined })).toMatchObject({ cpu: 0.1, memory: 0.5 });
    expect(warningsOf({ sizing: undefined })).toContain('SIZE_NOT_MEASURED');
  });

  test('is its group for overrides', () => {
    synthesize(stack => {
      const aci = service(stack, 'DevTest');
      expect(aci.node.defaultChild).toBe(aci.node.findChild('Resource'));
    });
  });

  test('takes its place from its own props where there is no workspace', () => {
    const group = groupOf({ workspace: undefined, resourceGroupName: 'own', location: 'northeurope' });
    expect(group).toMatchObject({ resource_group_name: 'own', location: 'northeurope' });
    expect(() => groupOf({ workspace: undefined })).toThrow(
      /resource group[\s\S]*ACI_PLACE_MISSING[\s\S]*region[\s\S]*ACI_PLACE_MISSING/,
    );
  });

  test('passes restart policy and zone on', () => {
    const group = groupOf({ restartPolicy: AciRestartPolicy.ON_FAILURE, zones: ['2'] });
    expect(group).toMatchObject({ restart_policy: 'OnFailure', zones: ['2'] });
    for (const zones of [[], ['1', '2']]) expect(() => groupOf({ zones })).toThrow(/ACI_ZONES_INVALID/);
  });

  test('keeps description and properties as tags', () => {
    const group = groupOf({ tags: { team: 'vision' }, properties: { run: '42' }, description: 'Reads digits' });
    expect(group.tags).toEqual({ team: 'vision', run: '42', description: 'Reads digits' });
    expect(() => groupOf({ description: 'x'.repeat(257) })).toThrow(/TAGS_INVALID/);
  });

  test('two of them in one stack do not collide', () => {
    const stack = synthesize(scope => {
      const registry = azureRegistry(scope);
      const workspace = workspaceOf(scope, registry);
      for (const id of ['One', 'Two']) {
        const image = imageIn(scope, `${id}Image`, { model: () => someModel(scope, { id: `${id}Model`, name: id }) }, registry);
        new AciWebservice(scope, id, { image, workspace, sizing: SIZE, webserviceName: 'digits' }).addOutputs({ prefix: id });
      }
    });
    const groups: Json[] = Object.values(stack.resources('azurerm_container_group'));
    expect(new Set(groups.map(group => group.name as string)).size).toBe(2);
    expect(new Set(groups.map(group => group.dns_name_label as string)).size).toBe(2);
    expect(Object.keys(stack.outputs())).toHaveLength(6);
  });

  test('gives an aliased provider to all that it makes', () => {
    const stack = deploy(scope => ({
      provider: new AzurermProvider(scope, 'Other', { features: [{}], alias: 'other' }),
      workspace: undefined,
      resourceGroupName: 'group',
      location: 'westeurope',
    }));
    expect(stack.resource('azurerm_container_group').provider).toBe('azurerm.other');
    expect(stack.resource('azurerm_user_assigned_identity').provider).toBe('azurerm.other');
  });
});

describe('the name of a container group', () => {
  test('carries service, slot and a hash, and stays as long as nothing that azurerm keeps back changes', () => {
    const name = groupOf({ slot: 'blue' }).name as string;
    expect(name).toMatch(/^dev-test-blue-[0-9a-f]{8}$/);
    expect(groupOf({ slot: 'blue', sizing: SIZE, environment: { MODE: 'x' } }).name).toBe(name);
  });

  test('changes with limits, which azurerm accepts and never applies', () => {
    const limited = (cpuLimit: number) => groupOf({ sizing: Sizing.fixed({ cpu: 1, memoryInGB: 1, cpuLimit }) });
    expect(limited(2).name).not.toBe(limited(3).name);
    expect(limited(2).dns_name_label).toBe(limited(3).dns_name_label);
  });

  test('is hashed by Terraform where it depends on what only Terraform knows', () => {
    const group = groupOf(scope => ({
      customerManagedKeyId: variable(scope, 'key'),
      customerManagedKeyIdentityId: variable(scope, 'identity'),
    }));
    expect(group.name).toMatch(/^dev-test-\$\{substr\(sha256\(join\("\|", \[.*var\.identity.*\]\)\), 0, 8\)\}$/);
  });

  test.each(['Blue', '1', 'a'.repeat(11), 'a-b'])('refuses the slot %s', slot => {
    expect(() => groupOf({ slot })).toThrow(/ACI_SLOT_INVALID/);
  });
});

describe('the address of a container group', () => {
  test('is public with a stable label that nobody else can take over', () => {
    const group = groupOf();
    expect(group).toMatchObject({ ip_address_type: 'Public', dns_name_label_reuse_policy: 'ResourceGroupReuse' });
    expect(group.dns_name_label).toMatch(/^dev-test-[0-9a-f]{8}$/);
    expect(groupOf({ sizing: Sizing.fixed({ cpu: 2, memoryInGB: 4 }) }).dns_name_label).toBe(group.dns_name_label);
  });

  test('has the label that is given', () => {
    const group = groupOf({ dnsNameLabel: 'digits-contoso', dnsNameLabelReusePolicy: 'TenantReuse' });
    expect(group).toMatchObject({ dns_name_label: 'digits-contoso', dns_name_label_reuse_policy: 'TenantReuse' });
  });

  test.each(['abcd', '1abcd', 'Upper', 'ends-', 'a'.repeat(64), 'a.bcde'])('refuses the label %s', dnsNameLabel => {
    expect(() => groupOf({ dnsNameLabel })).toThrow(/ACI_DNS_LABEL_INVALID/);
  });

  test('may have no name, which is warned of', () => {
    const group = groupOf({ publicDnsName: false });
    expect([group.dns_name_label, group.dns_name_label_reuse_policy]).toEqual([undefined, undefined]);
    expect(warningsOf({ publicDnsName: false })).toContain('ACI_ADDRESS_WITHOUT_NAME');
  });

  test('is private in a subnet, without a label', () => {
    const group = groupOf({ subnetId: SUBNET });
    expect(group).toMatchObject({ ip_address_type: 'Private', subnet_ids: [SUBNET] });
    expect(group.dns_name_label).toBeUndefined();
  });

  test.each([
    [{ subnetId: SUBNET, dnsNameLabel: 'digits-x' }, /ACI_DNS_LABEL_NOT_PUBLIC/],
    [{ ipAddressType: AciIpAddressType.NONE, dnsNameLabel: 'digits-x' }, /ACI_DNS_LABEL_NOT_PUBLIC/],
    [{ ipAddressType: AciIpAddressType.PRIVATE }, /ACI_PRIVATE_WITHOUT_SUBNET/],
    [{ ipAddressType: AciIpAddressType.PUBLIC, subnetId: SUBNET }, /ACI_SUBNET_NOT_PRIVATE/],
    [{ ipAddressType: AciIpAddressType.NONE, subnetId: SUBNET }, /ACI_SUBNET_NOT_PRIVATE/],
    [{ port: 0 }, /ACI_PORT_INVALID/],
    [{ port: 80.5 }, /ACI_PORT_INVALID/],
    [{ port: 65536 }, /ACI_PORT_INVALID/],
  ])('refuses %j', (props, code) => {
    expect(() => groupOf(props)).toThrow(code);
  });

  test('makes the URIs: name, else address, with port and scheme', () => {
    const outputs = (extra: Extra) => synthesize(stack => service(stack, 'DevTest', extra).addOutputs()).outputs();
    expect(outputs({}).dev_test_scoring_uri.value).toMatch(/^http:\/\/\$\{azurerm_container_group\..*\.fqdn\}:5001\/score$/);
    expect(outputs({}).dev_test_swagger_uri.value).toMatch(/:5001\/swagger\.json$/);
    expect(outputs({}).dev_test_health_uri.value).toMatch(/:5001\/$/);
    expect(outputs({ subnetId: SUBNET, port: 8080 }).dev_test_scoring_uri.value).toMatch(/\.ip_address\}:8080\/score$/);
  });

  test('is nothing to ask for where the group has none', () => {
    synthesize(stack => {
      const aci = service(stack, 'DevTest', { ipAddressType: AciIpAddressType.NONE });
      expect(() => aci.scoringUri).toThrow(/ACI_NO_ADDRESS/);
    });
  });

  test('tells the server another port', () => {
    const container = containerOf({ port: 8080 });
    expect(container.environment_variables.MODEL_SERVING_PORT).toBe('8080');
    expect(container.liveness_probe.http_get[0].port).toBe(8080);
  });
});

describe('the secrets of a container group', () => {
  test('are files, never environment variables', () => {
    const container = containerOf();
    const [keys] = container.volume as Json[];
    expect(keys).toMatchObject({ name: 'keys', mount_path: '/run/secrets/model-serving/keys', read_only: true });
    expect(keys.secret).toEqual({
      primary: '${base64encode(var.dev_test_primary_key)}',
      secondary: '${base64encode(coalesce(var.dev_test_secondary_key, var.dev_test_primary_key))}',
    });
    expect(container.environment_variables).toMatchObject({ MODEL_SERVING_KEYS_DIR: '/run/secrets/model-serving/keys' });
    expect(JSON.stringify(container.environment_variables)).not.toContain('var.');
  });

  test('are none for a service that is open', () => {
    const container = containerOf({ auth: Auth.none() });
    expect(container.volume).toBeUndefined();
    expect(container.environment_variables.MODEL_SERVING_KEYS_DIR).toBeUndefined();
  });

  test('include certificate and key for HTTPS', () => {
    const stack = synthesize(scope =>
      service(scope, 'DevTest', {
        tls: Tls.fromPem({ certificate: 'PEM', privateKey: variable(scope, 'pem'), hostName: 'digits.contoso.com' }),
      }).addOutputs(),
    );
    const [container] = stack.resource('azurerm_container_group').container as Json[];
    expect((container.volume as Json[])[1]).toMatchObject({
      mount_path: '/run/secrets/model-serving/tls',
      secret: { 'tls.crt': '${base64encode("PEM")}', 'tls.key': '${base64encode(var.pem)}' },
    });
    expect(container.liveness_probe.http_get[0].scheme).toBe('https');
    expect(container.readiness_probe.http_get[0].scheme).toBe('https');
    expect(stack.outputs().dev_test_scoring_uri.value).toBe('https://digits.contoso.com:5001/score');
  });

  test('refuse a private key that stands in the program', () => {
    expect(() => groupOf({ tls: Tls.fromPem({ certificate: 'PEM', privateKey: 'PEM' }) })).toThrow(/AUTH_LITERAL_KEY/);
  });
});

describe('the probes of a container group', () => {
  test("are v1's, and wait as long as a model may load", () => {
    const container = containerOf();
    expect(container.liveness_probe).toEqual({
      period_seconds: 10,
      initial_delay_seconds: 310,
      timeout_seconds: 2,
      success_threshold: 1,
      failure_threshold: 3,
      http_get: [{ path: '/', port: 5001, scheme: 'http' }],
    });
    expect(container.readiness_probe.http_get).toEqual([{ path: '/health/ready', port: 5001, scheme: 'http' }]);
  });

  test('wait for less where less is said', () => {
    expect(containerOf({ probes: { liveness: { initialDelaySeconds: 5 } } }).liveness_probe.initial_delay_seconds).toBe(5);
    const startup = { initialDelaySeconds: 1, periodSeconds: 3, failureThreshold: 4 };
    expect(containerOf({ probes: { startup } }).liveness_probe.initial_delay_seconds).toBe(13);
  });
});

describe('pulling the image of a container group', () => {
  test("is the workspace's identity's", () => {
    const group = groupOf();
    expect(group.identity).toEqual({ type: 'UserAssigned', identity_ids: ['/identities/pull'] });
    expect(group.image_registry_credential).toEqual([
      { server: 'contoso.azurecr.io', user_assigned_identity_id: '/identities/pull' },
    ]);
  });

  test('is an identity of its own where there is none, which may pull before the group is made', () => {
    const stack = deploy({ workspace: undefined, resourceGroupName: 'group', location: 'westeurope' });
    expect(stack.resource('azurerm_user_assigned_identity').name).toMatch(/^dev-test-[0-9a-f]{8}-pull$/);
    expect(stack.resource('azurerm_role_assignment')).toMatchObject({
      role_definition_name: 'AcrPull',
      scope: '/subscriptions/s/registry',
    });
    expect(stack.resource('azurerm_container_group').depends_on).toEqual([expect.stringMatching(/^azurerm_role_assignment\./)]);
  });

  test('waits for the grant that the workspace makes', () => {
    const stack = synthesize(scope => {
      const workspace = new Workspace(scope, 'Workspace', { workspaceName: 'contoso', location: 'westeurope' });
      new AciWebservice(scope, 'DevTest', { image: imageIn(scope, 'Image', {}, workspace.registry), workspace, sizing: SIZE });
    });
    expect(stack.resource('azurerm_container_group').depends_on).toEqual([expect.stringMatching(/PullGrant/)]);
  });

  test('needs no credentials outside Azure', () => {
    const group = groupOf({}, { registry: scope => ContainerRegistry.fromLoginServer(scope, 'Registry', 'ghcr.io') });
    expect([group.identity, group.image_registry_credential]).toEqual([undefined, undefined]);
  });

  test('is refused from a registry on this machine', () => {
    const registry = (scope: TerraformStack) => ContainerRegistry.fromLoginServer(scope, 'Registry', 'localhost:5000');
    expect(() => groupOf({}, { registry })).toThrow(/ACI_REGISTRY_UNREACHABLE/);
  });

  test('without a registry is anonymous, which is warned of', () => {
    const nowhere = { registry: () => undefined };
    const place = { workspace: undefined, resourceGroupName: 'group', location: 'westeurope' };
    expect(groupOf(place, nowhere).image_registry_credential).toBeUndefined();
    expect(warningsOf(place, nowhere)).toContain('ACI_PULLS_ANONYMOUSLY');
  });
});

describe('encryption and logs of a container group', () => {
  const KEY = 'https://contoso.vault.azure.net/keys/aci/0123456789abcdef';

  test('use a customer key through an identity that the group has', () => {
    const group = groupOf({ customerManagedKeyId: KEY, customerManagedKeyIdentityId: '/identities/key' });
    expect(group).toMatchObject({ key_vault_key_id: KEY, key_vault_user_assigned_identity_id: '/identities/key' });
    expect(group.identity.identity_ids).toEqual(['/identities/pull', '/identities/key']);
  });

  test.each([
    [{ customerManagedKeyId: KEY }, /ACI_CUSTOMER_KEY_INCOMPLETE/],
    [{ customerManagedKeyIdentityId: '/identities/key' }, /ACI_CUSTOMER_KEY_INCOMPLETE/],
    [{ customerManagedKeyId: KEY.replace(/\/[^/]*$/, ''), customerManagedKeyIdentityId: '/i' }, /ACI_CUSTOMER_KEY_UNVERSIONED/],
    [{ customerManagedKeyId: 'http://x/keys/a/b', customerManagedKeyIdentityId: '/i' }, /ACI_CUSTOMER_KEY_UNVERSIONED/],
  ])('refuse %j', (props, code) => {
    expect(() => groupOf(props)).toThrow(code);
  });

  test('send logs only when asked', () => {
    expect(groupOf().diagnostics).toBeUndefined();
    expect(groupOf({ sendLogs: true }).diagnostics).toEqual({
      log_analytics: { workspace_id: 'guid', workspace_key: 'shared', log_type: 'ContainerInstanceLogs' },
    });
  });

  test('refuse to send logs nowhere', () => {
    expect(() => groupOf({ sendLogs: true, workspace: undefined, resourceGroupName: 'group', location: 'westeurope' })).toThrow(
      /ACI_LOGS_MISSING/,
    );
  });
});

describe('warnings of a container group', () => {
  const tls = (scope: TerraformStack) => Tls.fromPem({ certificate: 'PEM', privateKey: variable(scope, 'pem') });

  test('name what is open to all', () => {
    expect(warningsOf({ auth: Auth.none() })).toContain('ACI_OPEN_TO_ALL');
    expect(warningsOf({ auth: Auth.none(), subnetId: SUBNET })).toBe('');
  });

  test('name keys that travel in clear', () => {
    expect(warningsOf()).toContain('ACI_KEYS_WITHOUT_TLS');
    expect(warningsOf({ subnetId: SUBNET })).toBe('');
    expect(warningsOf(scope => ({ tls: tls(scope) }))).toBe('');
  });

  test('name a model that v1 refused here', () => {
    const model = (size: number) => (scope: TerraformStack) => {
      const registered = someModel(scope, { id: 'Large' });
      Object.defineProperty(registered, '_files', { value: registered._files.map(file => ({ ...file, size })) });
      return registered;
    };
    expect(warningsOf({ subnetId: SUBNET }, { model: model(1024 ** 3) })).toContain('ACI_MODEL_LARGE');
    expect(warningsOf({ subnetId: SUBNET }, { model: model(1024 ** 3 - 1) })).toBe('');
  });
});

describe('values that only Terraform knows', () => {
  test('are left to Azure', () => {
    const stack = deploy(scope => {
      const text = variable(scope, 'text');
      const port = new TerraformVariable(scope, 'port', { type: 'number' }).numberValue;
      return { dnsNameLabel: text, subnetId: undefined, port, location: text, resourceGroupName: text, description: text };
    });
    expect(stack.resource('azurerm_container_group')).toMatchObject({
      dns_name_label: '${var.text}',
      location: '${var.text}',
      container: [{ ports: [{ port: '${var.port}' }] }],
    });
  });
});

describe('an imported service', () => {
  test('has the URIs of its host', () => {
    synthesize(stack => {
      const imported = AciWebservice.fromAciWebserviceAttributes(stack, 'Service', {
        webserviceName: 'digits',
        hostName: 'digits.westeurope.azurecontainer.io',
      });
      expect(imported.scoringUri).toBe('http://digits.westeurope.azurecontainer.io:5001/score');
      expect(imported.swaggerUri).toBe('http://digits.westeurope.azurecontainer.io:5001/swagger.json');
      expect(imported.healthUri).toBe('http://digits.westeurope.azurecontainer.io:5001/');
    });
  });
});
