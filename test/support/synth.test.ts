import { ContainerGroup } from '@cdktf/provider-azurerm/lib/container-group';
import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { ResourceGroup } from '@cdktf/provider-azurerm/lib/resource-group';
import { Image } from '@cdktf/provider-docker/lib/image';
import { NamespaceV1 } from '@cdktf/provider-kubernetes/lib/namespace-v1';
import { Annotations, DataResource, IAspect, Aspects, TerraformOutput, TerraformStack } from 'cdktf';
import { IConstruct } from 'constructs';
import * as fs from 'fs';
import * as path from 'path';
import { synthesize } from './synth';

const group = (stack: TerraformStack, id: string) =>
  new ResourceGroup(stack, id, { name: id.toLowerCase(), location: 'westeurope' });

describe('synthesize', () => {
  test('returns one resource by type and part of its id, whatever the case', () => {
    const synthesized = synthesize(stack => {
      group(stack, 'Blue');
      group(stack, 'Green');
    });
    expect(synthesized.resource('azurerm_resource_group', 'blue')).toEqual({ name: 'blue', location: 'westeurope' });
    expect(Object.keys(synthesized.resources('azurerm_resource_group'))).toEqual(['Blue', 'Green']);
  });

  test('says what the stack has where a resource is missing or ambiguous', () => {
    const synthesized = synthesize(stack => {
      group(stack, 'Blue');
      group(stack, 'Green');
    });
    expect(() => synthesized.resource('azurerm_resource_group', 'red')).toThrow(
      /with "red" in its id, found none.*azurerm_resource_group\.Blue/s,
    );
    expect(() => synthesized.resource('azurerm_resource_group')).toThrow(/found Blue, Green/);
    expect(() => synthesized.dataSource('azurerm_subscription')).toThrow(/expected one data.azurerm_subscription, found none/);
  });

  test('adds the providers that the resources need and no others', () => {
    const { json } = synthesize(stack => {
      group(stack, 'Group');
      new Image(stack, 'Image', { name: 'scratch' });
      new NamespaceV1(stack, 'Namespace', { metadata: { name: 'n' } });
    });
    expect(Object.keys(json.provider).sort()).toEqual(['azurerm', 'docker', 'kubernetes']);
    expect(synthesize(stack => new DataResource(stack, 'Data', {})).json.provider).toBeUndefined();
  });

  test('keeps the provider that the stack brings itself', () => {
    const { json } = synthesize(stack => {
      new AzurermProvider(stack, 'azurerm', { features: [{}], subscriptionId: 'own' });
      group(stack, 'Group');
    });
    expect(json.provider.azurerm).toEqual([{ features: [{}], subscription_id: 'own' }]);
  });

  test('fails as a real run does where a provider is missing', () => {
    expect(() => synthesize(stack => group(stack, 'Group'), { addProviders: false })).toThrow(/azurerm/);
  });

  test('fails as a real run does on a failed validation', () => {
    const build = (stack: TerraformStack) => stack.node.addValidation({ validate: () => ['never called'] });
    expect(() => synthesize(build)).toThrow(/never called/);
  });

  test('fails as a real run does on an error annotation', () => {
    expect(() => synthesize(stack => Annotations.of(stack).addError('stale profile'))).toThrow(/stale profile/);
  });

  test('returns warnings and notes by level, with the path of their construct', () => {
    const synthesized = synthesize(stack => {
      const data = new DataResource(stack, 'Data', {});
      Annotations.of(data).addWarning('no profile');
      Annotations.of(data).addInfo('by the way');
    });
    expect(synthesized.annotations('warning')).toEqual(['stack/Data: no profile']);
    expect(synthesized.annotations()).toEqual(['stack/Data: no profile', 'stack/Data: by the way']);
  });

  test('runs aspects', () => {
    class Tag implements IAspect {
      visit(node: IConstruct) {
        if (node instanceof ResourceGroup) node.tags = { team: 'ml' };
      }
    }
    const { json } = synthesize(stack => {
      group(stack, 'Group');
      Aspects.of(stack).add(new Tag());
    });
    expect(json.resource.azurerm_resource_group.Group.tags).toEqual({ team: 'ml' });
  });

  test('refuses what the provider would refuse, and says where', () => {
    const build = (stack: TerraformStack) => {
      const container = { name: 'c', image: 'i', cpu: 1, memory: 1 };
      const service = new ContainerGroup(stack, 'Service', {
        name: 's',
        location: 'l',
        resourceGroupName: 'r',
        osType: 'Linux',
        container: [container],
      });
      service.addOverride('container.0.livenessProbe', {});
    };
    expect(() => synthesize(build)).toThrow(
      /azurerm_container_group\.Service: container\[0\] has no argument or block livenessProbe; it is called liveness_probe/,
    );
    expect(() => synthesize(build, { checkSchema: false })).not.toThrow();
  });

  test('is the same for the same stack: nothing of this machine or this run is in it', () => {
    const build = (stack: TerraformStack) => {
      const created = group(stack, 'Group');
      new TerraformOutput(stack, 'id', { value: created.id });
    };
    const [first, second] = [synthesize(build), synthesize(build)];
    expect(first.json).toEqual(second.json);
    expect(JSON.stringify(first.json)).not.toContain(process.cwd());
    expect(first.outputs()).toEqual({ id: { value: '${azurerm_resource_group.Group.id}' } });
  });

  test('writes the app where staged files can be read', () => {
    const synthesized = synthesize(stack => new DataResource(stack, 'Data', {}), { stackId: 'own' });
    expect(fs.readdirSync(path.join(synthesized.outdir, 'stacks'))).toEqual(['own']);
    expect(fs.existsSync(path.join(synthesized.stackdir, 'cdk.tf.json'))).toBe(true);
  });
});
