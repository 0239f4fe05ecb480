import { AzurermProvider } from '@cdktf/provider-azurerm/lib/provider';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { AciWebservice, InferenceImage, Workspace } from '../../src';
import { DigitsOptions, digitsModel, digitsSizing } from '../digits';

export interface AciExampleOptions extends DigitsOptions {
  /** @default westeurope */
  readonly location?: string;
}

/**
 * The digits model on Azure Container Instances, with a resource group, a registry and an identity of its own.
 *
 * Terraform signs in as the Azure CLI does, Docker by `az acr login`. The key is set by `TF_VAR_digits_primary_key`, the
 * subscription by `ARM_SUBSCRIPTION_ID`.
 */
export function aciStack(app: App, id = 'aci', options: AciExampleOptions = {}): TerraformStack {
  const stack = new TerraformStack(app, id);
  new AzurermProvider(stack, 'azurerm', { features: [{}], storageUseAzuread: true });
  new DockerProvider(stack, 'docker');

  const workspace = new Workspace(stack, 'Workspace', {
    workspaceName: 'digits-ml',
    location: options.location ?? 'westeurope',
    // the model goes into the image; a store of its own is for models that several stacks share
    createModelStore: false,
    tags: { team: 'vision' },
  });
  const image = new InferenceImage(stack, 'Image', { models: [digitsModel(stack, options)], workspace });
  new AciWebservice(stack, 'Digits', {
    image,
    workspace,
    sizing: digitsSizing(options),
    tags: { team: 'vision' },
  }).addOutputs();
  return stack;
}
