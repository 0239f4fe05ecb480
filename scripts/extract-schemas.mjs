// Cuts the providers' full schemas down to the types that we emit, into test/fixtures/terraform-schemas.
//
//   node scripts/extract-schemas.mjs <folder>
//
// <folder> holds one `<provider>-<version>.json.gz` each: what `terraform providers schema -json` prints for that version.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/** What our constructs emit, or soon will. A type that is missing here fails the tests that synthesize it. */
const TYPES = {
  azurerm: {
    resources: [
      'azurerm_application_insights',
      'azurerm_container_group',
      'azurerm_container_registry',
      'azurerm_container_registry_scope_map',
      'azurerm_container_registry_token',
      'azurerm_container_registry_token_password',
      'azurerm_kubernetes_cluster',
      'azurerm_log_analytics_workspace',
      'azurerm_management_lock',
      'azurerm_monitor_diagnostic_setting',
      'azurerm_resource_group',
      'azurerm_role_assignment',
      'azurerm_storage_account',
      'azurerm_storage_blob',
      'azurerm_storage_container',
      'azurerm_storage_container_immutability_policy',
      'azurerm_user_assigned_identity',
    ],
    dataSources: [
      'azurerm_application_insights',
      'azurerm_client_config',
      'azurerm_container_registry',
      'azurerm_key_vault',
      'azurerm_key_vault_secret',
      'azurerm_kubernetes_cluster',
      'azurerm_log_analytics_workspace',
      'azurerm_machine_learning_workspace',
      'azurerm_resource_group',
      'azurerm_resources',
      'azurerm_storage_account',
      'azurerm_subscription',
      'azurerm_user_assigned_identity',
    ],
  },
  docker: {
    resources: ['docker_container', 'docker_image', 'docker_network', 'docker_registry_image', 'docker_volume'],
    dataSources: ['docker_image', 'docker_network', 'docker_registry_image'],
  },
  kubernetes: {
    resources: [
      'kubernetes_config_map_v1',
      'kubernetes_cron_job_v1',
      'kubernetes_deployment_v1',
      'kubernetes_horizontal_pod_autoscaler_v2',
      'kubernetes_ingress_v1',
      'kubernetes_job_v1',
      'kubernetes_namespace_v1',
      'kubernetes_network_policy_v1',
      'kubernetes_persistent_volume_claim_v1',
      'kubernetes_pod_disruption_budget_v1',
      'kubernetes_secret_v1',
      'kubernetes_service_account_v1',
      'kubernetes_service_v1',
    ],
    dataSources: [
      'kubernetes_config_map_v1',
      'kubernetes_ingress_v1',
      'kubernetes_namespace_v1',
      'kubernetes_persistent_volume_claim_v1',
      'kubernetes_secret_v1',
      'kubernetes_service_account_v1',
      'kubernetes_service_v1',
    ],
  },
};

const fixtures = 'test/fixtures/terraform-schemas';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node scripts/extract-schemas.mjs <folder with <provider>-<version>.json.gz>');
  process.exit(2);
}

rmSync(fixtures, { recursive: true, force: true });
mkdirSync(fixtures, { recursive: true });
for (const [provider, types] of Object.entries(TYPES)) {
  const file = readdirSync(folder).find(name => name.startsWith(`${provider}-`) && name.endsWith('.json.gz'));
  if (file === undefined) throw new Error(`${folder} has no ${provider}-<version>.json.gz`);
  const [full] = Object.values(JSON.parse(gunzipSync(readFileSync(join(folder, file)))).provider_schemas);
  const cut = {
    version: basename(file, '.json.gz').slice(provider.length + 1),
    provider: full.provider,
    resource_schemas: pick(full.resource_schemas, types.resources, file),
    data_source_schemas: pick(full.data_source_schemas, types.dataSources, file),
  };
  const packed = gzipSync(JSON.stringify(cut), { level: 9 });
  writeFileSync(join(fixtures, `${provider}.json.gz`), packed);
  console.log(
    `${provider} ${cut.version}: ${types.resources.length} resources, ${types.dataSources.length} data sources, ${packed.length} bytes`,
  );
}

function pick(schemas, names, file) {
  return Object.fromEntries(
    names.map(name => {
      if (schemas[name] === undefined) throw new Error(`${file} has no ${name}`);
      return [name, schemas[name]];
    }),
  );
}
