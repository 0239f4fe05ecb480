import { ApplicationInsights } from '@cdktf/provider-azurerm/lib/application-insights';
import { ContainerGroup } from '@cdktf/provider-azurerm/lib/container-group';
import { ContainerRegistry } from '@cdktf/provider-azurerm/lib/container-registry';
import { ContainerRegistryScopeMap } from '@cdktf/provider-azurerm/lib/container-registry-scope-map';
import { ContainerRegistryToken } from '@cdktf/provider-azurerm/lib/container-registry-token';
import { ContainerRegistryTokenPassword } from '@cdktf/provider-azurerm/lib/container-registry-token-password';
import { DataAzurermClientConfig } from '@cdktf/provider-azurerm/lib/data-azurerm-client-config';
import { LogAnalyticsWorkspace } from '@cdktf/provider-azurerm/lib/log-analytics-workspace';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { RoleAssignment } from '@cdktf/provider-azurerm/lib/role-assignment';
import { UserAssignedIdentity } from '@cdktf/provider-azurerm/lib/user-assigned-identity';
import { Image } from '@cdktf/provider-docker/lib/image';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { RegistryImage } from '@cdktf/provider-docker/lib/registry-image';
import { App, Fn, TerraformOutput, TerraformStack, TerraformVariable } from 'cdktf';

/**
 * What an engineer would write without this package for the resources of `examples/aci`: the bar for its synth time.
 *
 * It has an easier life: its image is a folder that somebody else prepared and a revision that somebody else computed.
 */
const app = new App();
const stack = new TerraformStack(app, 'aci');
const location = 'westeurope';
const tags = { team: 'vision' };
const revision = '0'.repeat(64);

new AzurermProvider(stack, 'azurerm', { features: [{}], storageUseAzuread: true });
new DockerProvider(stack, 'docker');

const client = new DataAzurermClientConfig(stack, 'client');
const group = new ResourceGroup(stack, 'group', { name: 'digits', location, tags });
const where = { location, resourceGroupName: group.name, tags };
const unique = `digits${Fn.substr(Fn.sha256(Fn.lower(client.subscriptionId)), 0, 8)}`;

const logs = new LogAnalyticsWorkspace(stack, 'logs', { ...where, name: 'digits-logs', sku: 'PerGB2018', retentionInDays: 30 });
new ApplicationInsights(stack, 'insights', { ...where, name: 'digits-insights', applicationType: 'web', workspaceId: logs.id });

const registry = new ContainerRegistry(stack, 'registry', {
  ...where,
  name: unique,
  sku: 'Basic',
  adminEnabled: false,
  anonymousPullEnabled: false,
  publicNetworkAccessEnabled: true,
});
const identity = new UserAssignedIdentity(stack, 'identity', { ...where, name: 'digits-pull' });
const pull = new RoleAssignment(stack, 'pull', {
  scope: registry.id,
  roleDefinitionName: 'AcrPull',
  principalId: identity.principalId,
  principalType: 'ServicePrincipal',
  skipServicePrincipalAadCheck: true,
});

const labels = { 'org.opencontainers.image.title': 'digits:1', 'org.opencontainers.image.revision': revision };
const image = new Image(stack, 'image', {
  name: `${registry.loginServer}/digits:${revision.slice(0, 12)}`,
  buildAttribute: { context: `assets/${revision}`, platform: 'linux/amd64', networkMode: 'none', label: labels, labels },
  triggers: { revision },
  keepLocally: false,
  lifecycle: { createBeforeDestroy: true },
});
const ours = { resourceGroupName: group.name, containerRegistryName: registry.name };
const rights = new ContainerRegistryScopeMap(stack, 'push-scope', {
  ...ours,
  name: 'push-digits',
  actions: ['content/read', 'content/write', 'metadata/read'].map(action => `repositories/digits/${action}`),
});
const token = new ContainerRegistryToken(stack, 'push-token', { ...ours, name: 'push-digits', scopeMapId: rights.id });
const password = new ContainerRegistryTokenPassword(stack, 'push-password', {
  containerRegistryTokenId: token.id,
  password1: {},
});
const push = new RegistryImage(stack, 'push', {
  name: image.name,
  keepRemotely: true,
  triggers: { imageId: image.imageId },
  authConfig: {
    address: registry.loginServer,
    username: token.name,
    password: password.getStringAttribute('password1[0].value'),
  },
});

const key = (id: string) =>
  new TerraformVariable(stack, id, {
    type: 'string',
    sensitive: true,
    nullable: false,
    validation: [{ condition: `\${length(var.${id}) >= 32}`, errorMessage: 'A key has at least 32 characters' }],
  });
const [primary, secondary] = [key('primary_key'), key('secondary_key')];

const probe = (path: string) => ({
  httpGet: [{ path, port: 5001, scheme: 'http' }],
  initialDelaySeconds: 310,
  periodSeconds: 10,
  timeoutSeconds: 2,
  successThreshold: 1,
  failureThreshold: 3,
});
const service = new ContainerGroup(stack, 'service', {
  ...where,
  name: `digits-${revision.slice(0, 8)}`,
  osType: 'Linux',
  ipAddressType: 'Public',
  dnsNameLabel: `digits-${revision.slice(0, 8)}`,
  dnsNameLabelReusePolicy: 'ResourceGroupReuse',
  identity: { type: 'UserAssigned', identityIds: [identity.id] },
  imageRegistryCredential: [{ server: registry.loginServer, userAssignedIdentityId: identity.id }],
  container: [
    {
      name: 'digits',
      image: `${registry.loginServer}/digits@${push.sha256Digest}`,
      cpu: 0.5,
      memory: 0.5,
      ports: [{ port: 5001, protocol: 'TCP' }],
      environmentVariables: {
        MODEL_SERVING_AUTH: 'keys',
        MODEL_SERVING_KEYS_DIR: '/run/secrets/model-serving/keys',
        SERVICE_NAME: 'digits',
        SERVICE_VERSION: '1',
      },
      livenessProbe: probe('/'),
      readinessProbe: probe('/health/ready'),
      volume: [
        {
          name: 'keys',
          mountPath: '/run/secrets/model-serving/keys',
          readOnly: true,
          secret: { primary: Fn.base64encode(primary.stringValue), secondary: Fn.base64encode(secondary.stringValue) },
        },
      ],
    },
  ],
  dependsOn: [push, pull],
});

for (const path of ['', 'score', 'swagger.json']) {
  new TerraformOutput(stack, `uri_${path.replace('.', '_')}`, { value: `http://${service.fqdn}:5001/${path}` });
}
app.synth();
