import { TerraformStack, TerraformVariable } from 'cdktf';
import { ImageBuild } from '../../src/image/image-build';
import { InferenceImage } from '../../src/image/inference-image';
import { Sizing } from '../../src/sizing/sizing';
import { AksExposure } from '../../src/webservice/aks-exposure';
import { AksWebservice, AksWebserviceProps } from '../../src/webservice/aks-webservice';
import { Auth } from '../../src/webservice/auth';
import { Tls } from '../../src/webservice/tls';
import { someModel } from '../support/models';
import { Json, synthesize } from '../support/synth';

const REFERENCE = `contoso.azurecr.io/digits@sha256:${'a'.repeat(64)}`;

const tls = (scope: TerraformStack, hostName?: string) =>
  Tls.fromPem({
    certificate: 'PEM',
    privateKey: new TerraformVariable(scope, 'tls_key', { type: 'string', sensitive: true }).stringValue,
    hostName,
  });

function exposed(exposure: AksExposure | undefined, more: (scope: TerraformStack) => Partial<AksWebserviceProps> = () => ({})) {
  const synthesized = synthesize(stack => {
    const image = new InferenceImage(stack, 'Image', {
      models: [someModel(stack)],
      imageBuild: ImageBuild.prebuilt(REFERENCE),
    });
    const sizing = Sizing.fixed({ cpu: 1, memoryInGB: 1 });
    new AksWebservice(stack, 'Digits', { image, sizing, exposure, ...more(stack) }).addOutputs();
  });
  const service: Json = synthesized.resource('kubernetes_service_v1');
  return { synthesized, service, scoringUri: synthesized.outputs().digits_scoring_uri.value as string };
}

const ADDRESS =
  '\\$\\{kubernetes_service_v1\\.Digits_Service_\\w+\\.status\\[0\\]\\.load_balancer\\[0\\]\\.ingress\\[0\\]\\.ip\\}';

describe('AksExposure', () => {
  test('stays inside the cluster by default', () => {
    const { service, scoringUri } = exposed(undefined);
    expect(service.spec).toMatchObject({ type: 'ClusterIP', port: [{ port: 80, target_port: 'score', app_protocol: 'http' }] });
    expect(scoringUri).toMatch(/^http:\/\/digits\.\$\{kubernetes_namespace_v1\.[^}]+\.name\}\.svc\.cluster\.local\/score$/);
  });

  test('reaches the pods of this service only', () => {
    const { synthesized, service } = exposed(undefined);
    expect(service.spec.selector).toEqual(synthesized.resource('kubernetes_deployment_v1').spec.selector.match_labels);
  });

  test('gives an address of the virtual network to an internal load balancer', () => {
    const exposure = AksExposure.internalLoadBalancer({ subnetName: 'services', ipAddress: '10.0.0.9' });
    const { service, scoringUri } = exposed(exposure);
    expect(service.spec).toMatchObject({ type: 'LoadBalancer', load_balancer_ip: '10.0.0.9' });
    expect(service.metadata.annotations).toMatchObject({
      'service.beta.kubernetes.io/azure-load-balancer-internal': 'true',
      'service.beta.kubernetes.io/azure-load-balancer-internal-subnet': 'services',
    });
    expect(scoringUri).toMatch(new RegExp(`^http://${ADDRESS}/score$`));
  });

  test('restricts a public load balancer to the ranges that are given', () => {
    const { service } = exposed(AksExposure.publicLoadBalancer({ dnsLabel: 'digits', allowedRanges: ['203.0.113.0/24'] }));
    expect(service.spec).toMatchObject({ type: 'LoadBalancer', load_balancer_source_ranges: ['203.0.113.0/24'] });
    expect(service.metadata.annotations).toMatchObject({ 'service.beta.kubernetes.io/azure-dns-label-name': 'digits' });
  });

  test('serves HTTPS in the pod under the name of the certificate', () => {
    const { synthesized, service, scoringUri } = exposed(AksExposure.publicLoadBalancer(), stack => ({
      tls: tls(stack, 'digits.contoso.com'),
    }));
    expect(scoringUri).toBe('https://digits.contoso.com/score');
    expect(service.spec.port).toMatchObject([{ port: 443, app_protocol: 'https' }]);
    expect(synthesized.resource('kubernetes_secret_v1', 'Certificate')).toMatchObject({
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'PEM', 'tls.key': '${var.tls_key}' },
    });
    const [container] = synthesized.resource('kubernetes_deployment_v1').spec.template.spec.container;
    expect(container.liveness_probe.http_get.scheme).toBe('HTTPS');
    expect(container.env).toContainEqual({ name: 'MODEL_SERVING_TLS_DIR', value: '/run/secrets/model-serving/tls' });
    expect(container.volume_mount).toContainEqual({
      name: 'tls',
      mount_path: '/run/secrets/model-serving/tls',
      read_only: true,
    });
  });

  test('warns of keys that would cross the internet in clear', () => {
    const warnings = (exposure: AksExposure, secure = false) =>
      exposed(exposure, stack => (secure ? { tls: tls(stack) } : {})).synthesized.annotations('warning');
    expect(warnings(AksExposure.publicLoadBalancer())).toEqual([expect.stringContaining('AKS_PUBLIC_WITHOUT_TLS')]);
    expect(warnings(AksExposure.publicLoadBalancer(), true)).toEqual([]);
    expect(warnings(AksExposure.internalLoadBalancer())).toEqual([]);
  });

  test('warns of a service that all the world can use', () => {
    const warnings = (allowedRanges?: string[]) =>
      exposed(AksExposure.publicLoadBalancer({ allowedRanges }), () => ({ auth: Auth.none() })).synthesized.annotations(
        'warning',
      );
    expect(warnings().join()).toContain('AKS_PUBLIC_WITHOUT_AUTH');
    expect(warnings(['203.0.113.0/24']).join()).not.toContain('AKS_PUBLIC_WITHOUT_AUTH');
  });

  test.each(['Digits', '1st', 'a', 'a-', 'a.b'])('refuses the DNS label %p', dnsLabel => {
    expect(() => exposed(AksExposure.publicLoadBalancer({ dnsLabel }))).toThrow('AKS_DNS_LABEL_INVALID');
  });
});
