import { TerraformStack } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { AksCluster, IAksCluster } from '../../src/webservice/aks-cluster';
import { AksWebservice } from '../../src/webservice/aks-webservice';
import { ContainerRegistry, IContainerRegistry } from '../../src/workspace/container-registry';
import { someModel } from '../support/models';
import { Json, synthesize } from '../support/synth';

const known = (scope: TerraformStack, id = 'Cluster') =>
  AksCluster.fromAksClusterAttributes(scope, id, { clusterName: 'aks', kubeletPrincipalId: 'kubelet-object-id' });

const azure = (scope: TerraformStack, id = 'Registry') =>
  ContainerRegistry.fromContainerRegistryAttributes(scope, id, {
    loginServer: 'contoso.azurecr.io',
    registryId: `/subscriptions/s/${id}`,
  });

function service(scope: TerraformStack, id: string, registry: IContainerRegistry, cluster?: IAksCluster): void {
  const image = new InferenceImage(scope, `${id}Image`, {
    models: [someModel(scope, { id: `${id}Model`, name: id.toLowerCase() })],
    imageBuild: ImageBuild.prebuilt(`contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`),
    registry,
  });
  new AksWebservice(scope, id, { image, sizing: Sizing.fixed({ cpu: 1, memoryInGB: 1 }), cluster });
}

describe('AksCluster', () => {
  test('lets its nodes pull before a service starts', () => {
    const synthesized = synthesize(stack => service(stack, 'Digits', azure(stack), known(stack)));
    expect(synthesized.resource('azurerm_role_assignment')).toMatchObject({
      scope: '/subscriptions/s/Registry',
      role_definition_name: 'AcrPull',
      principal_id: 'kubelet-object-id',
    });
    const { depends_on } = synthesized.resource('kubernetes_deployment_v1');
    expect(depends_on).toEqual([expect.stringMatching(/^azurerm_role_assignment\./)]);
  });

  test('grants once what several services share, as Azure refuses the same grant twice', () => {
    const synthesized = synthesize(stack => {
      const [cluster, registry] = [known(stack), azure(stack)];
      service(stack, 'Digits', registry, cluster);
      service(stack, 'Letters', registry, cluster);
    });
    expect(Object.keys(synthesized.resources('azurerm_role_assignment'))).toHaveLength(1);
    const deployments = Object.values<Json>(synthesized.resources('kubernetes_deployment_v1'));
    expect(deployments[0].depends_on).toEqual(deployments[1].depends_on);
  });

  test('grants for each registry', () => {
    const synthesized = synthesize(stack => {
      const cluster = known(stack);
      service(stack, 'Digits', azure(stack, 'First'), cluster);
      service(stack, 'Letters', azure(stack, 'Second'), cluster);
    });
    const scopes = Object.values<Json>(synthesized.resources('azurerm_role_assignment')).map(grant => grant.scope);
    expect(scopes.sort()).toEqual(['/subscriptions/s/First', '/subscriptions/s/Second']);
  });

  test('grants nothing for a registry outside Azure, or without being named', () => {
    const grants = (build: (stack: TerraformStack) => void) => synthesize(build).resources('azurerm_role_assignment');
    expect(
      grants(stack =>
        service(stack, 'Digits', ContainerRegistry.fromLoginServer(stack, 'Local', 'localhost:5000'), known(stack)),
      ),
    ).toEqual({});
    expect(grants(stack => service(stack, 'Digits', azure(stack)))).toEqual({});
  });

  test('is looked up by its name at plan', () => {
    const synthesized = synthesize(stack => {
      const cluster = AksCluster.fromAksClusterName(stack, 'Cluster', { clusterName: 'aks', resourceGroupName: 'group' });
      service(stack, 'Digits', azure(stack), cluster);
    });
    expect(synthesized.dataSource('azurerm_kubernetes_cluster')).toEqual({ name: 'aks', resource_group_name: 'group' });
    expect(synthesized.resource('azurerm_role_assignment').principal_id).toMatch(
      /^\$\{data\.azurerm_kubernetes_cluster\.[^.]+\.kubelet_identity\[0\]\.object_id\}$/,
    );
  });
});
