import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { TerraformStack, Testing } from 'cdktf';
import * as fs from 'fs';
import * as path from 'path';
import { hasSchema, schemaFaults, schemaVersions } from './terraform-schema';

const CONTAINER = { name: 'scoring', image: 'i', cpu: 1, memory: 1.5 };
const GROUP = { name: 'g', location: 'westeurope', resource_group_name: 'r', os_type: 'Linux', container: [CONTAINER] };

const groupFaults = (change: object) => schemaFaults({ resource: { azurerm_container_group: { S: { ...GROUP, ...change } } } });
const inContainer = (change: object) => groupFaults({ container: [{ ...CONTAINER, ...change }] });

describe('schemaFaults', () => {
  test('accepts a whole container group', () => {
    expect(inContainer({ liveness_probe: [{ http_get: [{ path: '/', port: 5001 }] }], commands: ['node'] })).toEqual([]);
  });

  test('accepts one object in place of a list of one block, as cdktf writes it', () => {
    expect(inContainer({ liveness_probe: { http_get: [{ path: '/' }] } })).toEqual([]);
  });

  test('accepts expressions where any type is wanted, and templates for strings', () => {
    expect(groupFaults({ name: 'g-${var.suffix}', subnet_ids: '${var.subnets}' })).toEqual([]);
    expect(inContainer({ cpu: '${var.cpu}' })).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['an unknown argument', { restart: 'Always' }, 'azurerm_container_group.S has no argument or block restart'],
    ['a camelCase argument', { restartPolicy: 'Always' }, 'it is called restart_policy'],
    ['a missing argument', { os_type: undefined }, 'lacks the required argument os_type'],
    ['a required argument that is null', { location: null }, 'lacks the required argument location'],
    ['a missing block', { container: [] }, 'lacks the required block container (0 of at least 1)'],
    [
      'too many blocks',
      { identity: [{ type: 'SystemAssigned' }, { type: 'UserAssigned' }] },
      'has 2 blocks identity, at most 1 allowed',
    ],
    ['a list for a string', { name: ['g'] }, 'name must be a string, not a list'],
    ['an object for a list', { subnet_ids: { a: 1 } }, 'subnet_ids must be a set, not an object'],
    ['a list for a map', { tags: ['a'] }, 'tags must be a map, not a list'],
    ['a wrong value in a map', { tags: { a: ['b'] } }, 'tags.a must be a string, not a list'],
    ['a string for a block', { diagnostics: 'on' }, 'diagnostics is a block and must be an object, not string "on"'],
    ['an attribute that the provider sets', { ip_address: '10.0.0.1' }, 'ip_address is set by the provider only'],
    ['the id', { id: 'x' }, 'id is set by the provider only'],
    ['a deprecated attribute', { network_profile_id: 'x' }, 'network_profile_id is deprecated'],
    [
      'an attribute of object type without all its keys',
      { exposed_port: [{ port: 5001 }] },
      'exposed_port[0] is an attribute of object type and lacks the key protocol',
    ],
    [
      'an unknown key in an object',
      { exposed_port: [{ port: 1, protocol: null, name: 'x' }] },
      'exposed_port[0] has no key name',
    ],
    [
      'a dependency that nobody declares',
      { depends_on: ['azurerm_role_assignment.Gone'] },
      'depends_on names azurerm_role_assignment.Gone',
    ],
    ['an unknown lifecycle argument', { lifecycle: { preventDestroy: true } }, 'lifecycle has no argument preventDestroy'],
  ])('refuses %s', (_what, change, message) => {
    expect(groupFaults(change)).toEqual([expect.stringContaining(message)]);
  });

  test.each<[string, object, string]>([
    ['a word for a number', { cpu: 'one' }, 'container[0].cpu must be a number, not string "one"'],
    ['an empty string for a number', { cpu: '' }, 'container[0].cpu must be a number, not string ""'],
    ['a bool for a number', { cpu: true }, 'container[0].cpu must be a number, not boolean true'],
    ['a template for a number', { cpu: '${var.a}.5' }, 'container[0].cpu must be a number, not a template'],
    [
      'an unknown argument two blocks deep',
      { ports: [{ port: 1, hostPort: 2 }] },
      'container[0].ports[0] has no argument or block hostPort',
    ],
    [
      'a missing argument two blocks deep',
      { volume: [{ name: 'v' }] },
      'container[0].volume[0] lacks the required argument mount_path',
    ],
    [
      'a word for a bool',
      { volume: [{ name: 'v', mount_path: '/', read_only: 'yes' }] },
      'container[0].volume[0].read_only must be a bool, not string "yes"',
    ],
  ])('refuses %s', (_what, change, message) => {
    expect(inContainer(change)).toEqual([expect.stringContaining(message)]);
  });

  test('reports every fault, not the first', () => {
    expect(groupFaults({ os_type: undefined, tags: [], colour: 'red' })).toHaveLength(3);
  });

  test('checks the content of dynamic blocks and lets Terraform count them', () => {
    const dynamic = (content: object) =>
      groupFaults({ container: undefined, dynamic: { container: { for_each: '${var.c}', content } } });
    expect(dynamic(CONTAINER)).toEqual([]);
    expect(dynamic({ ...CONTAINER, size: 1 })).toEqual([
      expect.stringContaining('dynamic.container has no argument or block size'),
    ]);
    expect(groupFaults({ dynamic: { pod: {} } })).toEqual([expect.stringContaining('has no block pod to be dynamic')]);
  });

  test('accepts a dependency on a resource and on a data source of the stack', () => {
    const config = {
      data: { azurerm_subscription: { Current: {} } },
      resource: {
        azurerm_container_group: {
          A: GROUP,
          B: { ...GROUP, depends_on: ['azurerm_container_group.A', 'data.azurerm_subscription.Current'] },
        },
      },
    };
    expect(schemaFaults(config)).toEqual([]);
  });

  test('checks data sources', () => {
    const faults = schemaFaults({ data: { azurerm_resource_group: { G: { title: 'x' } } } });
    expect(faults).toEqual([
      'data.azurerm_resource_group.G has no argument or block title',
      'data.azurerm_resource_group.G lacks the required argument name',
    ]);
  });

  test('checks provider blocks', () => {
    const faults = schemaFaults({
      provider: { azurerm: [{ alias: 'second', subscription: 'x' }], docker: { registry_auth: {} } },
    });
    expect(faults).toEqual([
      'provider.azurerm[0] has no argument or block subscription',
      'provider.docker[0]: registry_auth lacks the required argument address',
    ]);
  });

  test("checks Terraform's own resource", () => {
    expect(schemaFaults({ resource: { terraform_data: { A: { input: { any: ['thing'] }, triggers_replace: 1 } } } })).toEqual([]);
    expect(schemaFaults({ resource: { terraform_data: { A: { output: 1 } } } })).toEqual([
      'terraform_data.A: output is set by the provider only',
    ]);
  });

  test('says how to add a type that the fixtures lack', () => {
    expect(schemaFaults({ resource: { azurerm_iothub: { Hub: {} } } })).toEqual([
      expect.stringMatching(/azurerm_iothub has no schema.*scripts\/extract-schemas\.mjs/),
    ]);
  });
});

test('the schemas are those of the provider versions that the bindings ask for', () => {
  const stack = new TerraformStack(Testing.app(), 'stack');
  const bindings = [
    new AzurermProvider(stack, 'azurerm', { features: [{}] }),
    new DockerProvider(stack, 'docker'),
    new KubernetesProvider(stack, 'kubernetes'),
  ];
  const asked = Object.fromEntries(bindings.map(({ terraformGeneratorMetadata: of }) => [of?.providerName, of?.providerVersion]));
  expect(schemaVersions()).toEqual(asked);
});

test('the fixtures hold every type that the source can emit', () => {
  const src = path.join(__dirname, '..', '..', 'src');
  const files = fs.readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  const text = files.map(file => fs.readFileSync(path.join(src, file), 'utf8')).join('\n');
  // import { RegistryImage } from '@cdktf/provider-docker/lib/registry-image': the path says the type
  const bindings = [...text.matchAll(/@cdktf\/provider-([a-z]+)\/lib\/([a-z0-9-]+)'/g)].filter(
    ([, , name]) => name !== 'provider',
  );
  const types = bindings.map(([, provider, name]) => {
    const data = name.startsWith(`data-${provider}-`);
    const own = (data ? name.slice(`data-${provider}-`.length) : name).replaceAll('-', '_');
    return `${data ? 'data.' : ''}${provider}_${own}`;
  });
  expect(types.length).toBeGreaterThan(10);
  expect(types.filter(type => !hasSchema(type))).toEqual([]);
});
