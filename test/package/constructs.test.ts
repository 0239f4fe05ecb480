import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { TerraformDataSource, TerraformProvider, TerraformResource, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import * as ours from '../../src/index';
import { Json, synthesize } from '../support/synth';
import { ConstructCase, CONSTRUCTS } from './constructs.table';

const PROVIDERS: Record<ConstructCase['provider'], (stack: TerraformStack, alias: string) => TerraformProvider> = {
  azurerm: (stack, alias) => new AzurermProvider(stack, alias, { features: [{}], alias, storageUseAzuread: true }),
  docker: (stack, alias) => new DockerProvider(stack, alias, { alias }),
  kubernetes: (stack, alias) => new KubernetesProvider(stack, alias, { alias }),
};

/** An interface is exported as well, and leaves nothing behind at run time. */
const isConstruct = (value: unknown): boolean => (value as { prototype?: unknown } | undefined)?.prototype instanceof Construct;

const elementsOf = (construct: Construct) =>
  construct.node
    .findAll()
    .filter(child => TerraformResource.isTerraformResource(child) || TerraformDataSource.isTerraformDataSource(child));

test('the table has every construct that the package exports', () => {
  const exported = Object.entries(ours).filter(([, value]) => isConstruct(value));
  expect(CONSTRUCTS.map(row => row.name).sort()).toEqual(exported.map(([name]) => name).sort());
});

describe.each(CONSTRUCTS)('$name', ({ name, provider, withoutDefaultChild, share, create }) => {
  const two = (stack: TerraformStack): [Construct, Construct] => {
    const shared = share?.(stack);
    return [create(stack, 'First', { shared }), create(stack, 'Second', { shared })];
  };

  test('is of the class that the table names', () => {
    synthesize(stack => expect(two(stack)[0]).toBeInstanceOf(ours[name]));
  });

  test('stands twice in one stack, and nothing of the one overwrites the other', () => {
    let declared = 0;
    const { json } = synthesize(stack => {
      two(stack);
      declared = elementsOf(stack).length;
    });
    expect(countOf(json.resource) + countOf(json.data)).toBe(declared);
    const names = physicalNames(json);
    expect(names).toEqual([...new Set(names)]);
  });

  test('gives the same Terraform each time', () => {
    const build = (stack: TerraformStack) => void two(stack);
    expect(synthesize(build).json).toEqual(synthesize(build).json);
  });

  test('passes its provider to everything that it makes of that kind', () => {
    synthesize(stack => {
      const shared = share?.(stack);
      const alias = PROVIDERS[provider](stack, 'second');
      const elements = elementsOf(create(stack, 'First', { shared, provider: alias })) as TerraformResource[];
      const own = elements.filter(element => element.terraformGeneratorMetadata?.providerName === provider);
      expect(own.filter(element => element.provider !== alias).map(element => element.node.path)).toEqual([]);
      if (withoutDefaultChild === undefined) expect(own.length).toBeGreaterThan(0);
    });
  });

  if (withoutDefaultChild === undefined) {
    test('has its main resource as the default child, to be overridden', () => {
      synthesize(stack => {
        const [first] = two(stack);
        expect(first.node.defaultChild).toBeInstanceOf(TerraformResource);
      });
    });
  }
});

const countOf = (types: Record<string, object> = {}) =>
  Object.values(types).reduce((sum, instances) => sum + Object.keys(instances).length, 0);

/** What a resource is called in the cloud or the cluster, and where: two of the same would be one. */
function physicalNames(json: Json): string[] {
  return Object.entries<Record<string, Json>>(json.resource ?? {}).flatMap(([type, instances]) =>
    Object.values(instances).flatMap(resource => {
      const metadata = [resource.metadata ?? {}].flat()[0];
      const called = resource.name ?? metadata.name;
      if (called === undefined) return [];
      const within = [
        resource.resource_group_name,
        resource.storage_account_id,
        resource.storage_account_name,
        resource.scope,
        metadata.namespace,
      ];
      return [JSON.stringify([type, called, ...within])];
    }),
  );
}
