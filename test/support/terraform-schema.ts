import * as fs from 'fs';
import * as path from 'path';
import { gunzipSync } from 'zlib';
import { blockFaults, isObject, type Block, type Where } from './terraform-block';

/**
 * Checks synthesized Terraform JSON against the providers' own schemas, without a provider binary or a network.
 *
 * Finds what `terraform validate` would: unknown and missing arguments, wrong shapes, too few or too many blocks,
 * attributes that only the provider may set, objects that lack a key. It cannot see enum values or arguments that exclude
 * one another: the schemas do not hold them.
 */
export function schemaFaults(config: object): string[] {
  const sections = config as Sections;
  const declared = new Set(addresses(sections));
  return [
    ...providerFaults(sections.provider ?? {}),
    ...typedFaults(sections.resource ?? {}, 'resource', declared),
    ...typedFaults(sections.data ?? {}, 'data', declared),
  ];
}

/** Provider versions that the fixtures were cut from, by provider. */
export function schemaVersions(): Record<string, string> {
  return Object.fromEntries(Object.entries(providers()).map(([name, schemas]) => [name, schemas.version]));
}

type Blocks = Record<string, unknown>;

interface Sections {
  readonly provider?: Record<string, Blocks[] | Blocks>;
  readonly resource?: Record<string, Record<string, Blocks>>;
  readonly data?: Record<string, Record<string, Blocks>>;
}

interface ProviderSchemas {
  readonly version: string;
  readonly provider: { readonly block: Block };
  readonly resource_schemas: Record<string, { readonly block: Block }>;
  readonly data_source_schemas: Record<string, { readonly block: Block }>;
}

const FIXTURES = path.join(__dirname, '..', 'fixtures', 'terraform-schemas');

/** Terraform's own resource, which no provider plugin describes. */
const TERRAFORM_DATA: Block = {
  attributes: {
    id: { type: 'string', computed: true },
    input: { type: 'dynamic', optional: true },
    output: { type: 'dynamic', computed: true },
    triggers_replace: { type: 'dynamic', optional: true },
  },
};

let loaded: Record<string, ProviderSchemas> | undefined;

function providers(): Record<string, ProviderSchemas> {
  loaded ??= Object.fromEntries(
    fs.readdirSync(FIXTURES).map(file => {
      const text = gunzipSync(fs.readFileSync(path.join(FIXTURES, file))).toString('utf8');
      return [file.replace('.json.gz', ''), JSON.parse(text) as ProviderSchemas];
    }),
  );
  return loaded;
}

/** Arguments that Terraform itself takes on every resource or data source. */
const META_ARGUMENTS = {
  resource: new Set(['depends_on', 'count', 'for_each', 'provider', 'lifecycle', 'provisioner', 'connection']),
  data: new Set(['depends_on', 'count', 'for_each', 'provider', 'lifecycle']),
};

const LIFECYCLE = new Set([
  'create_before_destroy',
  'prevent_destroy',
  'ignore_changes',
  'replace_triggered_by',
  'precondition',
  'postcondition',
]);

function providerFaults(configured: Record<string, Blocks[] | Blocks>): string[] {
  return Object.entries(configured).flatMap(([name, blocks]) => {
    const schema = providers()[name];
    if (schema === undefined) return []; // another provider, such as a test's own
    return [blocks].flat().flatMap((block, index) => {
      const { alias: _alias, ...values } = block;
      return blockFaults(values, schema.provider.block, { address: `provider.${name}[${index}]`, path: '' });
    });
  });
}

function typedFaults(types: Record<string, Record<string, Blocks>>, kind: 'resource' | 'data', declared: Set<string>): string[] {
  return Object.entries(types).flatMap(([type, instances]) => {
    const schema = schemaOf(type, kind);
    if (schema === undefined) return [unknownType(type, kind)];
    return Object.entries(instances).flatMap(([id, values]) => {
      const address = kind === 'data' ? `data.${type}.${id}` : `${type}.${id}`;
      return instanceFaults(values, schema, kind, { address, path: '' }, declared);
    });
  });
}

function instanceFaults(values: Blocks, schema: Block, kind: 'resource' | 'data', where: Where, declared: Set<string>): string[] {
  const own = Object.entries(values).filter(([key]) => !META_ARGUMENTS[kind].has(key) && key !== '//');
  return [
    ...blockFaults(Object.fromEntries(own), schema, where),
    ...dependencyFaults(values.depends_on, where, declared),
    ...lifecycleFaults(values.lifecycle, where),
  ];
}

function dependencyFaults(dependsOn: unknown, where: Where, declared: Set<string>): string[] {
  if (dependsOn === undefined) return [];
  if (!Array.isArray(dependsOn)) return [`${where.address}: depends_on must be a list`];
  return dependsOn
    .map(entry => String(entry))
    .filter(entry => !entry.startsWith('module.') && !declared.has(entry.replace(/\[.*$/, '')))
    .map(entry => `${where.address}: depends_on names ${entry}, which this stack does not declare`);
}

function lifecycleFaults(lifecycle: unknown, where: Where): string[] {
  if (lifecycle === undefined) return [];
  if (!isObject(lifecycle)) return [`${where.address}: lifecycle must be an object`];
  return Object.keys(lifecycle)
    .filter(key => !LIFECYCLE.has(key))
    .map(key => `${where.address}: lifecycle has no argument ${key}`);
}

function addresses(sections: Sections): string[] {
  const of = (types: Record<string, object> = {}, prefix = '') =>
    Object.entries(types).flatMap(([type, instances]) => Object.keys(instances).map(id => `${prefix}${type}.${id}`));
  return [...of(sections.resource), ...of(sections.data, 'data.')];
}

function schemaOf(type: string, kind: 'resource' | 'data'): Block | undefined {
  if (kind === 'resource' && type === 'terraform_data') return TERRAFORM_DATA;
  const group = kind === 'resource' ? 'resource_schemas' : 'data_source_schemas';
  return Object.values(providers()).find(schemas => schemas[group][type] !== undefined)?.[group][type].block;
}

function unknownType(type: string, kind: 'resource' | 'data'): string {
  const list = kind === 'resource' ? 'resources' : 'dataSources';
  return (
    `${kind} ${type} has no schema among the fixtures. ` +
    `Add it to ${list} in scripts/extract-schemas.mjs and run: node scripts/extract-schemas.mjs <folder of provider schemas>`
  );
}

/** True where the fixtures hold this resource (`azurerm_…`) or data source (`data.azurerm_…`). */
export function hasSchema(type: string): boolean {
  const [name, kind] = type.startsWith('data.') ? [type.slice(5), 'data' as const] : [type, 'resource' as const];
  return schemaOf(name, kind) !== undefined;
}
