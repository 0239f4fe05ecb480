import { SecretV1 } from '@cdktf/provider-kubernetes/lib/secret-v1';
import { Construct } from 'constructs';
import { objectMeta, Place } from './aks-metadata';
import { SecretEnvironment } from './aks-pod';
import { keyFiles } from './key-files';
import { Tls } from './tls';
import { BoundWebservice } from './webservice';

/** The files of the keys' folder by name. Not part of the pod's template: a changed key reaches the running server. @internal */
export function makeKeysSecret(scope: Construct, place: Place, { auth }: BoundWebservice): string | undefined {
  if (auth.mode !== 'keys') return undefined;
  const secret = new SecretV1(scope, 'Keys', {
    provider: place.provider,
    metadata: objectMeta(place, '-keys'),
    type: 'Opaque',
    data: keyFiles(auth),
  });
  return secret.metadata.name;
}

/** @internal */
export function makeTelemetrySecret(
  scope: Construct,
  place: Place,
  { secretEnvironment }: BoundWebservice,
): SecretEnvironment | undefined {
  const variables = Object.keys(secretEnvironment).sort();
  if (variables.length === 0) return undefined;
  const secret = new SecretV1(scope, 'Telemetry', {
    provider: place.provider,
    metadata: objectMeta(place, '-telemetry'),
    type: 'Opaque',
    data: secretEnvironment,
  });
  return { secretName: secret.metadata.name, variables };
}

/** @internal */
export function makeTlsSecret(scope: Construct, place: Place, tls: Tls | undefined): string | undefined {
  if (tls === undefined) return undefined;
  const secret = new SecretV1(scope, 'Certificate', {
    provider: place.provider,
    metadata: objectMeta(place, '-tls'),
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': tls._pem.certificate, 'tls.key': tls._pem.privateKey },
  });
  return secret.metadata.name;
}
