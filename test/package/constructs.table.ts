import { TerraformProvider, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import * as ours from '../../src/index';
import { someModel } from '../support/models';

/** How to make one public construct, for the rules that hold for all of them (constructs.test.ts). */
export interface ConstructCase<Shared = unknown> {
  /** The exported class. */
  readonly name: keyof typeof ours;
  /** The provider that its `provider` prop stands for. */
  readonly provider: 'azurerm' | 'docker' | 'kubernetes';
  /** Why it has no main resource; it then needs no `defaultChild`. */
  readonly withoutDefaultChild?: string;
  /** What both instances refer to, made once per stack. */
  readonly share?: (stack: TerraformStack) => Shared;
  readonly create: (
    scope: Construct,
    id: string,
    options: { readonly provider?: TerraformProvider; readonly shared: Shared },
  ) => Construct;
}

/** Keeps what `share` gives and what `create` takes of one type. */
const construct = <Shared>(of: ConstructCase<Shared>): ConstructCase => of as ConstructCase;

const IMAGE = `registry.example/digits@sha256:${'a'.repeat(64)}`;

const SIZE = ours.Sizing.fixed({ cpu: 1, memoryInGB: 1 });

const someImage = (stack: TerraformStack) =>
  new ours.InferenceImage(stack, 'SharedImage', {
    models: [someModel(stack, { id: 'SharedModel' })],
    imageBuild: ours.ImageBuild.prebuilt(IMAGE),
  });

/** Every construct that the package exports; a new one without a row fails the first test of constructs.test.ts. */
export const CONSTRUCTS: readonly ConstructCase[] = [
  construct({
    name: 'ContainerRegistry',
    provider: 'azurerm',
    create: (scope, id, { provider }) =>
      new ours.ContainerRegistry(scope, id, {
        registryName: `contoso${id}`,
        resourceGroupName: 'ml',
        location: 'westeurope',
        provider,
      }),
  }),
  construct({
    name: 'ModelStore',
    provider: 'azurerm',
    create: (scope, id, { provider }) =>
      new ours.ModelStore(scope, id, {
        storageAccountName: `contoso${id.toLowerCase()}`,
        resourceGroupName: 'ml',
        location: 'westeurope',
        provider,
      }),
  }),
  construct({
    name: 'Workspace',
    provider: 'azurerm',
    create: (scope, id, { provider }) => new ours.Workspace(scope, id, { workspaceName: id, location: 'westeurope', provider }),
  }),
  construct({
    name: 'RegisteredModel',
    provider: 'azurerm',
    withoutDefaultChild: 'it emits nothing without a store, and one blob for each file with one',
    create: (scope, id) => someModel(scope, { id, name: id.toLowerCase() }),
  }),
  construct({
    name: 'InferenceImage',
    provider: 'docker',
    share: stack => someModel(stack),
    create: (scope, id, { provider, shared }) => new ours.InferenceImage(scope, id, { models: [shared], provider }),
  }),
  construct({
    name: 'LocalWebservice',
    provider: 'docker',
    // built on this machine: each service pulls an image from elsewhere for itself, and all of them the same one
    share: stack => new ours.InferenceImage(stack, 'SharedImage', { models: [someModel(stack)] }),
    create: (scope, id, { provider, shared }) => new ours.LocalWebservice(scope, id, { image: shared, sizing: SIZE, provider }),
  }),
  construct({
    name: 'AciWebservice',
    provider: 'azurerm',
    share: stack => ({ image: someImage(stack), resourceGroupName: 'ml', location: 'westeurope', sizing: SIZE }),
    create: (scope, id, { provider, shared }) => new ours.AciWebservice(scope, id, { ...shared, provider }),
  }),
  construct({
    name: 'AksWebservice',
    provider: 'kubernetes',
    share: someImage,
    create: (scope, id, { provider, shared }) => new ours.AksWebservice(scope, id, { image: shared, sizing: SIZE, provider }),
  }),
  construct({
    name: 'IotEdgeModule',
    provider: 'azurerm',
    withoutDefaultChild: 'azurerm has no resource for it: it writes a manifest',
    share: someImage,
    create: (scope, id, { shared }) => new ours.IotEdgeModule(scope, id, { image: shared, sizing: SIZE }),
  }),
];

export { IMAGE };
