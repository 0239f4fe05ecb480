import { TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { AciWebserviceProps } from '../../src/webservice/aci-props';
import { AciWebservice } from '../../src/webservice/aci-webservice';
import { AksExposure } from '../../src/webservice/aks-exposure';
import { NetworkIsolation } from '../../src/webservice/aks-isolation';
import { AksWebservice, AksWebserviceProps } from '../../src/webservice/aks-webservice';
import { Autoscale } from '../../src/webservice/autoscale';
import { Auth } from '../../src/webservice/auth';
import { CollectionFormat, DataCollection } from '../../src/webservice/data-collection';
import { EntraAuthOptions } from '../../src/webservice/entra-auth';
import { LocalWebservice, LocalWebserviceProps } from '../../src/webservice/local-webservice';
import { AccessLog, StatusCodes, WebserviceProps } from '../../src/webservice/webservice-props';
import { ContainerRegistry } from '../../src/workspace/container-registry';
import { Workspace } from '../../src/workspace/workspace';
import { IWorkspace } from '../../src/workspace/workspace-props';
import { temporaryFile } from '../support/files';
import { someModel } from '../support/models';
import { Json, Synthesized, synthesize } from '../support/synth';

const TENANT = '0b2ac7a5-7c1c-4e2f-9d54-5c4f0b8f8a11';
const SIZE = Sizing.fixed({ cpu: 1, memoryInGB: 1 });

/** What all of them are given. */
function common(stack: TerraformStack) {
  const registry = ContainerRegistry.fromContainerRegistryAttributes(stack, 'Registry', {
    loginServer: 'contoso.azurecr.io',
    registryId: '/registry',
  });
  const image = new InferenceImage(stack, 'Image', {
    models: [someModel(stack)],
    imageBuild: ImageBuild.prebuilt(`contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`),
    registry,
  });
  return { image, sizing: SIZE };
}

type Extra<Props> = Partial<Props> | ((stack: TerraformStack) => Partial<Props>);

const given = <Props>(extra: Extra<Props>, stack: TerraformStack) => (typeof extra === 'function' ? extra(stack) : extra);

const local = (extra: Extra<LocalWebserviceProps> = {}) =>
  synthesize(
    stack =>
      void new LocalWebservice(stack, 'Digits', {
        ...common(stack),
        ...given(extra, stack),
      }),
  );

const aci = (extra: Extra<AciWebserviceProps> = {}) =>
  synthesize(stack => {
    const place = { resourceGroupName: 'group', location: 'westeurope' };
    new AciWebservice(stack, 'Digits', {
      ...common(stack),
      ...place,
      ...given(extra, stack),
    });
  });

const aks = (extra: Extra<AksWebserviceProps> = {}) =>
  synthesize(
    stack =>
      void new AksWebservice(stack, 'Digits', {
        ...common(stack),
        ...given(extra, stack),
      }),
  );

/** The container's variables, whatever the target. */
function environment(result: Synthesized): Record<string, string> {
  const groups = Object.values<Json>(result.resources('azurerm_container_group'));
  if (groups.length > 0) return groups[0].container[0].environment_variables;
  const [deployment] = Object.values<Json>(result.resources('kubernetes_deployment_v1'));
  if (deployment) {
    const variables: Json[] = deployment.spec.template.spec.container[0].env;
    return Object.fromEntries(variables.map(entry => [entry.name, entry.value ?? entry.value_from]));
  }
  const container = Object.values<Json>(result.resources('docker_container')).find(({ name }) => !name.endsWith('-keys'));
  return Object.fromEntries(container.env.map((entry: string) => entry.split(/=(.*)/s).slice(0, 2)));
}

const TARGETS: ReadonlyArray<[string, (props: Extra<WebserviceProps>) => Synthesized]> = [
  ['LocalWebservice', local],
  ['AciWebservice', aci],
  ['AksWebservice', aks],
];

describe.each(TARGETS)('the server of %s', (_, make) => {
  test('is told what differs from its defaults', () => {
    const variables = environment(
      make({
        corsOrigins: ['https://app.contoso.com', 'http://localhost:3000'],
        statusCodes: StatusCodes.AZURE_ML_V1,
        accessLog: AccessLog.ALL,
        maxResponseBytes: 1024,
        maxQueuedRequests: 7,
        maxBatchSize: 1,
        metricsPort: 9090,
      }),
    );
    expect(variables).toMatchObject({
      AML_CORS_ORIGINS: 'https://app.contoso.com,http://localhost:3000',
      MODEL_SERVING_STATUS_CODES: 'azureml-v1',
      MODEL_SERVING_ACCESS_LOG: 'all',
      MODEL_SERVING_MAX_RESPONSE_BYTES: '1024',
      MODEL_SERVING_MAX_QUEUED_REQUESTS: '7',
      MODEL_SERVING_MAX_BATCH: '1',
      MODEL_SERVING_METRICS_PORT: '9090',
      MODEL_SERVING_METRICS_HOST: '0.0.0.0',
    });
  });

  test('is told nothing where nothing is said', () => {
    const names = Object.keys(environment(make({ auth: Auth.none() })));
    expect(
      names.filter(name => /CORS|STATUS|ACCESS|RESPONSE|QUEUED|BATCH|METRICS|INSIGHTS|COLLECT|ENTRA|MDC|WORKSPACE/.test(name)),
    ).toEqual([]);
  });

  test('accepts Entra ID tokens for the service, and has no keys then', () => {
    const result = make({ auth: Auth.entraId({ tenantId: TENANT }) });
    expect(environment(result)).toMatchObject({
      MODEL_SERVING_AUTH: 'entra',
      MODEL_SERVING_ENTRA_TENANT_ID: TENANT,
      MODEL_SERVING_ENTRA_AUDIENCES: `api://${TENANT}/digits`,
    });
    expect(JSON.stringify(result.json)).not.toMatch(/primary_key|secrets\/model-serving\/keys/);
  });
});

describe('Auth.entraId', () => {
  const entra = (options: Partial<EntraAuthOptions>) =>
    environment(local({ auth: Auth.entraId({ tenantId: TENANT, ...options }) }));

  test('narrows down who may call', () => {
    expect(
      entra({
        audiences: ['api://digits', 'guid'],
        roles: ['Score'],
        allowedClients: ['one', 'two'],
      }),
    ).toMatchObject({
      MODEL_SERVING_ENTRA_AUDIENCES: 'api://digits,guid',
      MODEL_SERVING_ENTRA_ROLES: 'Score',
      MODEL_SERVING_ENTRA_CLIENTS: 'one,two',
    });
  });

  test('knows other clouds', () => {
    expect(
      entra({
        issuers: ['https://login.example/t/v2.0'],
        jwksUri: 'https://login.example/t/keys',
      }),
    ).toMatchObject({
      MODEL_SERVING_ENTRA_ISSUERS: 'https://login.example/t/v2.0',
      MODEL_SERVING_ENTRA_JWKS_URI: 'https://login.example/t/keys',
    });
  });

  test('takes a tenant that only Terraform knows', () => {
    const result = local(stack => {
      const tenantId = new TerraformVariable(stack, 'tenant', {
        type: 'string',
      }).stringValue;
      return { auth: Auth.entraId({ tenantId }) };
    });
    expect(environment(result)).toMatchObject({
      MODEL_SERVING_ENTRA_TENANT_ID: '${var.tenant}',
      MODEL_SERVING_ENTRA_AUDIENCES: 'api://${var.tenant}/digits',
    });
  });

  test.each<[string, Partial<EntraAuthOptions>]>([
    ['AUTH_TENANT_INVALID', { tenantId: 'contoso.com' }],
    ['AUTH_ENTRA_LIST_EMPTY', { audiences: [] }],
    ['AUTH_ENTRA_VALUE_INVALID', { roles: ['Score, Read'] }],
    ['AUTH_ENTRA_VALUE_INVALID', { allowedClients: [''] }],
    ['AUTH_ENTRA_CLOUD_INCOMPLETE', { issuers: ['https://login.example'] }],
    ['AUTH_ENTRA_CLOUD_INCOMPLETE', { jwksUri: 'https://login.example' }],
  ])('refuses with %s what would let nobody in, or somebody else', (code, options) => {
    expect(() => entra(options)).toThrow(code);
  });

  test('is warned of where tokens travel in clear', () => {
    const auth = Auth.entraId({ tenantId: TENANT, roles: ['Score'] });
    expect(aci({ auth }).annotations('warning').join()).toMatch(/send the token of digits over plain HTTP.*/);
    expect(aks({ auth, exposure: AksExposure.publicLoadBalancer() }).annotations('warning').join()).toMatch(/tokens and data/);
    expect(local({ auth, bindAddress: '0.0.0.0' }).annotations('warning')).toEqual([]);
  });

  test('is warned of where nothing says who may call', () => {
    const warnings = (options: Partial<EntraAuthOptions>) =>
      local({ auth: Auth.entraId({ tenantId: TENANT, ...options }) })
        .annotations('warning')
        .join();
    expect(warnings({})).toMatch(/AUTH_ANY_CALLER_OF_TENANT.*digits/);
    expect(warnings({ allowedClients: ['one'] })).toBe('');
  });

  test('lets the pods fetch signing keys, and nothing else', () => {
    const spec = (extra: Partial<AksWebserviceProps>) => aks(extra).resource('kubernetes_network_policy_v1').spec;
    expect(spec({ auth: Auth.entraId({ tenantId: TENANT }) }).egress).toEqual([
      {
        ports: [
          { port: '53', protocol: 'UDP' },
          { port: '53', protocol: 'TCP' },
          { port: '443', protocol: 'TCP' },
        ],
      },
    ]);
    expect(spec({}).egress).toBeUndefined();
    const open = spec({
      auth: Auth.entraId({ tenantId: TENANT }),
      networkIsolation: NetworkIsolation.INGRESS,
    });
    expect(open).toMatchObject({ policy_types: ['Ingress'] });
    expect(open.egress).toBeUndefined();
  });
});

describe('settings that no server could follow', () => {
  test.each([
    'https://app.contoso.com/',
    'app.contoso.com',
    'https://*.contoso.com',
    'https://a.b/path',
    'https://Shop.example',
    'https://a.b:443',
    'null',
    '',
  ])('the origin "%s"', origin => {
    expect(() => local({ corsOrigins: [origin] })).toThrow(/CORS_ORIGIN_INVALID/);
  });

  test.each(['*', 'http://localhost:3000', 'https://[::1]:8080'])('but not the origin "%s"', origin => {
    expect(environment(local({ corsOrigins: [origin] })).AML_CORS_ORIGINS).toBe(origin);
  });

  test.each([5001, 80, 70_000, 1.5])('the metrics port %p', metricsPort => {
    expect(() => local({ metricsPort })).toThrow(/METRICS_PORT_INVALID/);
  });

  test('the port of the service for metrics', () => {
    expect(() => aci({ port: 8080, metricsPort: 8080 })).toThrow(/METRICS_PORT_INVALID/);
  });

  test.each(['maxResponseBytes', 'maxQueuedRequests', 'maxBatchSize'] as const)('%s of zero', what => {
    expect(() => local({ [what]: 0 })).toThrow(new RegExp(`${what} is 0.*SETTING_NOT_POSITIVE`));
  });
});

describe('metrics', () => {
  test('are found by Prometheus and by nobody outside the cluster', () => {
    const result = aks({ metricsPort: 9090 });
    const { metadata, spec } = result.resource('kubernetes_deployment_v1').spec.template;
    expect(spec.container[0].port).toContainEqual({
      name: 'metrics',
      container_port: 9090,
      protocol: 'TCP',
    });
    expect(metadata.annotations).toMatchObject({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9090',
    });
    expect(result.resource('kubernetes_network_policy_v1').spec.ingress[0].ports).toContainEqual({
      port: 'metrics',
      protocol: 'TCP',
    });
    expect(result.resource('kubernetes_service_v1').spec.port).toHaveLength(1);
  });

  test('are opened on a private address only', () => {
    const ports = (result: Synthesized) =>
      result.resource('azurerm_container_group').container[0].ports.map((port: Json) => port.port);
    expect(ports(aci({ metricsPort: 9090, subnetId: '/subnet' }))).toEqual([5001, 9090]);
    const open = aci({ metricsPort: 9090 });
    expect(ports(open)).toEqual([5001]);
    expect(open.annotations('warning').join()).toMatch(/ACI_METRICS_CLOSED/);
  });

  test('are published on the machine that serves', () => {
    const result = local({ metricsPort: 9090, auth: Auth.none() });
    expect(result.resource('docker_container').ports).toEqual([
      { internal: 5001, ip: '127.0.0.1', protocol: 'tcp' },
      { internal: 9090, external: 9090, ip: '127.0.0.1', protocol: 'tcp' },
    ]);
  });
});

describe('Application Insights', () => {
  const connected = (stack: TerraformStack): IWorkspace =>
    Workspace.fromWorkspaceAttributes(stack, 'Workspace', {
      workspaceName: 'ml',
      resourceGroupName: 'group',
      location: 'westeurope',
      applicationInsights: {
        resourceId: '/insights',
        connectionString: new TerraformVariable(stack, 'connection', {
          type: 'string',
          sensitive: true,
        }).stringValue,
      },
    });
  const enabled = (stack: TerraformStack) => ({
    workspace: connected(stack),
    appInsightsEnabled: true,
  });
  const NAME = 'APPLICATIONINSIGHTS_CONNECTION_STRING';

  test('is reached with a secure variable on Azure Container Instances', () => {
    const result = aci(enabled);
    const [container] = result.resource('azurerm_container_group').container;
    expect(container.secure_environment_variables).toEqual({
      [NAME]: '${var.connection}',
    });
    expect(container.environment_variables).toMatchObject({
      AML_APP_INSIGHTS_ENABLED: 'true',
      WORKSPACE_NAME: 'ml',
    });
    expect(container.environment_variables).not.toHaveProperty(NAME);
    expect(aci().resource('azurerm_container_group').container[0]).not.toHaveProperty('secure_environment_variables');
  });

  test('is reached with a Secret on Kubernetes, and another one rolls out', () => {
    const result = aks(enabled);
    expect(result.resource('kubernetes_secret_v1', 'telemetry').data).toEqual({
      [NAME]: '${var.connection}',
    });
    expect(environment(result)[NAME]).toEqual({
      secret_key_ref: {
        key: NAME,
        name: expect.stringContaining('kubernetes_secret_v1.Digits_Telemetry'),
      },
    });
    const { annotations } = result.resource('kubernetes_deployment_v1').spec.template.metadata;
    expect(annotations['cdktf-model-serving/telemetry']).toBe('${sha256(var.connection)}');
  });

  test('is reached with a plain variable on this machine, as Docker has no other', () => {
    expect(environment(local(enabled))[NAME]).toBe('${var.connection}');
  });

  test('is refused where the workspace has none', () => {
    expect(() => local({ appInsightsEnabled: true })).toThrow(/APP_INSIGHTS_MISSING/);
  });
});

describe('collected data', () => {
  const URI = 'https://contoso.blob.core.windows.net/data';
  const own = (stack: TerraformStack) =>
    new Workspace(stack, 'Ml', {
      workspaceName: 'mlops',
      location: 'westeurope',
      uniqueSuffix: 'x',
    });

  test('goes into a container of the workspace, as an identity that may write there and nowhere else', () => {
    const result = aci(stack => ({
      workspace: own(stack),
      collectModelData: DataCollection.toWorkspace({ sampleRate: 0.1 }),
    }));
    const container = result.resource('azurerm_storage_container', 'data');
    expect(container).toMatchObject({
      name: 'modeldata',
      container_access_type: 'private',
    });
    expect(result.resource('azurerm_role_assignment', 'DataGrant')).toMatchObject({
      role_definition_name: 'Storage Blob Data Contributor',
      scope: expect.stringMatching(/azurerm_storage_container\.Ml_ModelStore_DataContainer\w+\.id/),
    });
    const group = result.resource('azurerm_container_group');
    expect(group.identity.identity_ids).toHaveLength(2);
    expect(group.depends_on).toContainEqual(expect.stringContaining('DataGrant'));
    expect(environment(result)).toMatchObject({
      AZURE_CLIENT_ID: expect.stringContaining('DataIdentity'),
      AML_MDC_STORAGE_ENABLED: 'true',
      AML_MODEL_DC_STORAGE_ENABLED: 'true',
      MODEL_SERVING_COLLECT_URI: expect.stringMatching(/primary_blob_endpoint\}\$\{azurerm_storage_container\..*\.name\}$/),
      MODEL_SERVING_COLLECT_FORMAT: 'csv',
      MODEL_SERVING_COLLECT_SAMPLE: '0.1',
      WORKSPACE_NAME: 'mlops',
      AZUREML_ARM_RESOURCEGROUP: expect.stringContaining('azurerm_resource_group'),
      AZUREML_ARM_SUBSCRIPTION: expect.stringMatching(/element\(split\("\/", .*DataContainer\w+\.id\), 2\)/),
    });
  });

  test('of several services goes into one container', () => {
    const result = synthesize(stack => {
      const workspace = own(stack);
      const props = {
        ...common(stack),
        workspace,
        collectModelData: DataCollection.toWorkspace(),
      };
      new AciWebservice(stack, 'A', { ...props, webserviceName: 'service-a' });
      new AciWebservice(stack, 'B', { ...props, webserviceName: 'service-b' });
    });
    expect(Object.keys(result.resources('azurerm_storage_container')).filter(id => id.includes('Data'))).toHaveLength(1);
    expect(Object.keys(result.resources('azurerm_role_assignment')).filter(id => id.includes('DataGrant'))).toHaveLength(2);
  });

  test('is written by the pods as the identity that is named', () => {
    const collectModelData = DataCollection.toContainer(URI, {
      format: CollectionFormat.JSON_LINES,
    });
    const result = aks({
      collectModelData,
      workloadIdentityClientId: 'client',
    });
    expect(environment(result)).toMatchObject({
      MODEL_SERVING_COLLECT_URI: URI,
      MODEL_SERVING_COLLECT_FORMAT: 'jsonl',
    });
    expect(result.resource('kubernetes_service_account_v1').metadata.annotations).toMatchObject({
      'azure.workload.identity/client-id': 'client',
    });
    const { metadata } = result.resource('kubernetes_deployment_v1').spec.template;
    expect(metadata.labels).toMatchObject({
      'azure.workload.identity/use': 'true',
    });
    expect(result.resource('kubernetes_deployment_v1').spec.selector.match_labels).not.toHaveProperty(
      'azure.workload.identity/use',
    );
  });

  test('needs an identity, a place and a share', () => {
    expect(() => aks({ collectModelData: DataCollection.toContainer(URI) })).toThrow(/AKS_WORKLOAD_IDENTITY_MISSING/);
    expect(() => local({ collectModelData: DataCollection.toContainer(URI) })).toThrow(/COLLECTION_WITHOUT_IDENTITY/);
    expect(() => aci({ collectModelData: DataCollection.toWorkspace() })).toThrow(/COLLECTION_WITHOUT_STORE/);
    for (const uri of [
      'contoso',
      'https://contoso.blob.core.windows.net/',
      URI.replace('https', 'http'),
      `${URI}?sv=1&sig=secret`,
    ]) {
      expect(() => aci({ collectModelData: DataCollection.toContainer(uri) })).toThrow(/COLLECTION_CONTAINER_INVALID/);
    }
    for (const sampleRate of [0, 1.1, NaN]) {
      expect(() =>
        aci({
          collectModelData: DataCollection.toContainer(URI, { sampleRate }),
        }),
      ).toThrow(/COLLECTION_SAMPLE_INVALID/);
    }
  });
});

describe('a profile', () => {
  const digest = (stack: TerraformStack) => someModel(stack, { id: 'Same' }).modelDigest;
  const profiled = (stack: TerraformStack) =>
    Sizing.fromProfile(
      temporaryFile(
        'profile.json',
        JSON.stringify({
          ...{
            schemaVersion: 1,
            state: 'Succeeded',
            recommendedCpu: 2,
            recommendedMemoryInGB: 1,
            model: { sha256: digest(stack) },
          },
          objective: {
            target: 'aks',
            rate: 50,
            percentile: 0.95,
            latencyMs: 40,
          },
          sessionOptions: {
            intraOpNumThreads: 1,
            interOpNumThreads: 1,
            allowSpinning: false,
            workers: 2,
            maxBatch: 8,
          },
          scaling: { targetCpuUtilizationPercent: 63 },
        }),
      ),
    );

  test('decides engine processes, batches and what the autoscaler holds, where nobody else does', () => {
    const result = aks(stack => ({ sizing: profiled(stack) }));
    expect(environment(result)).toMatchObject({
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '2',
      MODEL_SERVING_MAX_BATCH: '8',
    });
    expect(result.resource('kubernetes_horizontal_pod_autoscaler_v2').spec.metric[0].resource.target.average_utilization).toBe(
      63,
    );
  });

  test('gives way to what is said', () => {
    const scale = Autoscale.between(1, 3, { targetUtilization: 50 });
    const result = aks(stack => ({
      sizing: profiled(stack),
      maxConcurrentRequests: 1,
      maxBatchSize: 4,
      scale,
    }));
    expect(environment(result)).toMatchObject({
      MODEL_SERVING_MAX_CONCURRENT_REQUESTS: '1',
      MODEL_SERVING_MAX_BATCH: '4',
    });
    expect(result.resource('kubernetes_horizontal_pod_autoscaler_v2').spec.metric[0].resource.target.average_utilization).toBe(
      50,
    );
  });
});
