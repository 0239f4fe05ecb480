import { DataResource, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { ConstructDependencies } from '../../src/core/construct-dependencies';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { LocalWebservice } from '../../src/webservice/local-webservice';
import { someModel } from '../support/models';
import { synthesize } from '../support/synth';

/** A construct with two resources. */
function pair(scope: Construct, id: string): Construct {
  const construct = new Construct(scope, id);
  for (const part of ['One', 'Two']) new DataResource(construct, part);
  return construct;
}

const dependsOn = (build: (stack: TerraformStack) => void, resource: string) =>
  synthesize(build).resource('terraform_data', resource).depends_on as string[] | undefined;

describe('ConstructDependencies', () => {
  test('every resource of the one waits for every resource of the other', () => {
    const waits = dependsOn(stack => {
      pair(stack, 'A').node.addDependency(pair(stack, 'B'));
      ConstructDependencies.enforce(stack);
    }, 'A_One');
    expect(waits).toEqual([expect.stringMatching(/^terraform_data\.B_One/), expect.stringMatching(/^terraform_data\.B_Two/)]);
  });

  test('without it cdktf emits nothing', () => {
    expect(dependsOn(stack => pair(stack, 'A').node.addDependency(pair(stack, 'B')), 'A_One')).toBeUndefined();
  });

  test('a construct that waits for its own parent does not wait for itself', () => {
    const waits = dependsOn(stack => {
      const parent = pair(stack, 'Parent');
      pair(parent, 'A').node.addDependency(parent);
      ConstructDependencies.enforce(stack);
      ConstructDependencies.enforce(stack);
    }, 'A_One');
    expect(waits).toEqual([expect.stringMatching(/Parent_One/), expect.stringMatching(/Parent_Two/)]);
  });

  test('a dependency without resources is none', () => {
    const waits = dependsOn(stack => {
      pair(stack, 'A').node.addDependency(new Construct(stack, 'Empty'));
      ConstructDependencies.enforce(stack);
    }, 'A_One');
    expect(waits).toBeUndefined();
  });

  test('keeps what a resource waits for already', () => {
    const waits = dependsOn(stack => {
      const last = new DataResource(stack, 'Last', { dependsOn: [new DataResource(stack, 'First')] });
      last.node.addDependency(new DataResource(stack, 'Second'));
      ConstructDependencies.enforce(stack);
    }, 'Last');
    expect(waits).toEqual(['terraform_data.First', 'terraform_data.Second']);
  });
});

test('our constructs honour their own dependencies without being told', () => {
  const result = synthesize(stack => {
    const image = new InferenceImage(stack, 'Image', {
      models: [someModel(stack)],
      imageBuild: ImageBuild.docker({ keepLocally: true }),
    });
    const service = new LocalWebservice(stack, 'Digits', { image, sizing: Sizing.fixed({ cpu: 1, memoryInGB: 1 }) });
    service.node.addDependency(new DataResource(stack, 'Before'));
  });
  for (const container of Object.values(result.resources('docker_container'))) {
    expect((container as { depends_on: string[] }).depends_on).toContain('terraform_data.Before');
  }
});
