import { isIP } from 'net';
import { Container } from '@cdktf/provider-docker/lib/container';
import { Image } from '@cdktf/provider-docker/lib/image';
import { Annotations } from 'cdktf';
import { Construct, IConstruct } from 'constructs';
import { dependablesWithin } from '../core/dependencies';
import { throwAll, ValidationError } from '../core/errors';
import { sha256Text } from '../core/fingerprint';
import { isPort } from '../core/ports';
import { CONTAINER } from '../core/server-contract';
import { ifKnown, isKnown } from '../core/tokens';
import { bindContainerSecurity, BoundContainerSecurity, ContainerSecurity } from './container-security';
import { containerLimits, healthcheck, labels, loadSeconds, publishedPorts } from './local-container';
import { invalidBindAddress, invalidLocalPort, localOpenToAll } from './local-errors';
import { KeyVolume, keyVolume } from './local-keys';
import { bindProbes } from './probe';
import { shutdownSeconds } from './shutdown';
import { bindWebservice, BoundWebservice, WebserviceBase } from './webservice';
import { WebserviceProps } from './webservice-props';

/** A service on the Docker engine that Terraform talks to. */
export interface LocalWebserviceProps extends WebserviceProps {
  /**
   * Port on the machine, 1 to 65535.
   * @default - a free one that Docker takes, and takes again at every start of the container
   */
  readonly port?: number;

  /**
   * Address of the machine that the port is opened on. Azure ML v1 opened it on all of them.
   * @default 127.0.0.1
   */
  readonly bindAddress?: string;

  /**
   * What the container may do on the machine.
   * @default - nothing beyond computing: no root, no capabilities, no writing but to /tmp
   */
  readonly containerSecurity?: ContainerSecurity;
}

/** Azure ML v1 asked a local service 30 times, a second apart. */
const LOAD_ATTEMPTS = 30;

/**
 * A model served by the local Docker engine, under the same limits and with the same server as in the cloud.
 *
 * Terraform waits until the service is ready, and fails where it does not become so within a minute (`probes.startup`).
 * A new image, size or setting replaces the container; a new key reaches the running one. Where v1's local services took no
 * key, this one asks for it as all others do.
 *
 * Needs the `docker` provider. The image's shell is asked for the server's health: it must have `bash`.
 *
 * Throws `LOCAL_PORT_INVALID`, `LOCAL_BIND_ADDRESS_INVALID`, and what all services throw.
 *
 * @see docs/local-webservice.md
 */
export class LocalWebservice extends WebserviceBase {
  public readonly webserviceName: string;
  public readonly scoringUri: string;
  /** Port on the machine. */
  public readonly port: number;
  /** @internal */
  protected readonly _baseUri: string;

  constructor(scope: Construct, id: string, props: LocalWebserviceProps) {
    super(scope, id);
    throwAll(checkProps(this, props));
    const bound = bindWebservice(this, 'local', props);
    const bindAddress = props.bindAddress ?? '127.0.0.1';
    warnIfOpen(this, bindAddress, bound);
    this.webserviceName = bound.name;

    const imageId = props.image._localImageId ?? pulledImageId(this, props);
    const keys =
      bound.auth.mode === 'keys'
        ? keyVolume(this, { name: bound.name, auth: bound.auth, imageId, provider: props.provider })
        : undefined;
    const container = makeContainer(this, props, bound, { imageId, bindAddress, keys });
    this.node.defaultChild = container;
    this.port = props.port ?? container.ports.get(0).external;
    this._baseUri = `http://${callableHost(bindAddress)}:${this.port}`;
    this.scoringUri = `${this._baseUri}/score`;
  }
}

interface ContainerRequest {
  readonly imageId: string;
  readonly bindAddress: string;
  readonly keys?: KeyVolume;
}

function makeContainer(
  scope: Construct,
  props: LocalWebserviceProps,
  bound: BoundWebservice,
  request: ContainerRequest,
): Container {
  const probes = bindProbes({ ...props.probes, startup: { failureThreshold: LOAD_ATTEMPTS, ...props.probes?.startup } });
  const limits = containerLimits(bound.size);
  const check = healthcheck(probes);
  const tmpfs = { [CONTAINER.scratch]: 'rw,noexec,nosuid,nodev' };
  return new Container(scope, 'Resource', {
    provider: props.provider,
    dependsOn: dependablesWithin(scope, [...props.image._dependencies, ...(request.keys ? [request.keys.writer] : [])]),
    name: bound.name,
    image: request.imageId,
    // Docker has no other way: whoever may inspect the container reads them
    env: Object.entries({ ...bound.environment, ...bound.secretEnvironment })
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    ...limits,
    ...renderSecurity(bindContainerSecurity(props.containerSecurity)),
    tmpfs,
    volumes: request.keys && [{ volumeName: request.keys.volumeName, containerPath: CONTAINER.keysDirectory, readOnly: true }],
    ports: publishedPorts(props.port, props.metricsPort, request.bindAddress),
    restart: 'unless-stopped',
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    healthcheck: check,
    wait: true,
    waitTimeout: loadSeconds(probes),
    destroyGraceSeconds: shutdownSeconds(props, 0),
    labels: labels({
      name: bound.name,
      models: props.image.models,
      tags: bound.tags,
      description: props.description,
      fixedAtStart: [limits.cpuQuota, limits.memory, sha256Text(JSON.stringify([check, tmpfs]))],
    }),
  });
}

function renderSecurity(security: BoundContainerSecurity) {
  return {
    user: `${security.userId}:${security.userId}`,
    readOnly: security.readOnlyRootFilesystem,
    capabilities: { drop: ['ALL'], add: security.keepCapabilities.length > 0 ? security.keepCapabilities : undefined },
    securityOpts: security.allowPrivilegeEscalation ? undefined : ['no-new-privileges:true'],
  };
}

/** An image that was not built by this engine is pulled, and kept afterwards: another container may use it. */
function pulledImageId(scope: Construct, props: LocalWebserviceProps): string {
  const image = new Image(scope, 'Image', { provider: props.provider, name: props.image.imageReference, keepLocally: true });
  return image.imageId;
}

function checkProps(scope: IConstruct, props: LocalWebserviceProps): ValidationError[] {
  const faults = [
    ifKnown(props.port, port => (isPort(port) ? undefined : invalidLocalPort(scope, port))),
    ifKnown(props.bindAddress, address => (isIP(address) === 0 ? invalidBindAddress(scope, address) : undefined)),
  ];
  return faults.filter(fault => fault !== undefined);
}

function warnIfOpen(scope: IConstruct, bindAddress: string, { auth }: BoundWebservice): void {
  if (auth.mode !== 'none' || !isKnown(bindAddress) || /^127\.|^::1$/.test(bindAddress)) return;
  Annotations.of(scope).addWarning(localOpenToAll(bindAddress));
}

/** Listening everywhere is no address that one could call. */
function callableHost(bindAddress: string): string {
  if (bindAddress === '0.0.0.0' || bindAddress === '::') return '127.0.0.1';
  return isIP(bindAddress) === 6 ? `[${bindAddress}]` : bindAddress;
}
