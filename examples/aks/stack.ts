import { DockerProvider, DockerProviderRegistryAuth } from '@cdktf/provider-docker/lib/provider';
import { KubernetesProvider } from '@cdktf/provider-kubernetes/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { AksWebservice, Autoscale, ContainerRegistry, InferenceImage } from '../../src';
import { DigitsOptions, digitsModel, digitsSizing } from '../digits';

export interface AksExampleOptions extends DigitsOptions {
  /**
   * Host name of a registry that Docker is logged in to and the cluster's nodes may pull from.
   * @default localhost:5000
   */
  readonly registry?: string;
}

/**
 * The digits model on the Kubernetes that `KUBE_CONFIG_PATH` names, with two to five replicas.
 * Its key is set by `TF_VAR_digits_primary_key`.
 */
export function aksStack(app: App, id = 'aks', options: AksExampleOptions = {}): TerraformStack {
  const stack = new TerraformStack(app, id);
  const loginServer = options.registry ?? 'localhost:5000';
  new DockerProvider(stack, 'docker', { registryAuth: [registryAuth(loginServer)] });
  new KubernetesProvider(stack, 'kubernetes');

  const registry = ContainerRegistry.fromLoginServer(stack, 'Registry', loginServer);
  const image = new InferenceImage(stack, 'Image', { models: [digitsModel(stack, options)], registry });
  new AksWebservice(stack, 'Digits', {
    image,
    webserviceName: options.webserviceName,
    sizing: digitsSizing(options),
    scale: Autoscale.between(2, 5),
    tags: { team: 'vision' },
  }).addOutputs({ prefix: 'digits' });
  return stack;
}

/** A registry on this machine needs neither TLS nor a login; any other has its login in Docker's own configuration. */
function registryAuth(loginServer: string): DockerProviderRegistryAuth {
  const isLocal = /^(localhost|127\.0\.0\.1)(:|$)/.test(loginServer);
  return isLocal ? { address: `http://${loginServer}`, authDisabled: true } : { address: loginServer };
}
