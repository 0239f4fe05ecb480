import { ContainerHealthcheck, ContainerLabels, ContainerPorts } from '@cdktf/provider-docker/lib/container';
import { Fn, Op, Token } from 'cdktf';
import { sha256Text } from '../core/fingerprint';
import { CONTAINER } from '../core/server-contract';
import { isKnown } from '../core/tokens';
import { IRegisteredModel } from '../model/registered-model';
import { BoundSize } from '../sizing/sizing';
import { BoundProbes } from './probe';

/** Microseconds over which Docker counts a container's CPU. */
const CPU_PERIOD = 100_000;

/** CPU and memory of a container. @internal */
export interface ContainerLimits {
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly memory: number;
  readonly memorySwap: number;
}

/**
 * Limits as the docker provider 3.6 applies them. Its `cpus` ends the provider with a panic, so the quota is given; and
 * without `memory_swap` (equal: no swap) every plan after the first would differ.
 *
 * @internal
 */
export function containerLimits(size: BoundSize): ContainerLimits {
  const memory = scaled(size.memoryInGBLimit, 1024);
  return { cpuPeriod: CPU_PERIOD, cpuQuota: scaled(size.cpuLimit, CPU_PERIOD), memory, memorySwap: memory };
}

function scaled(value: number, factor: number): number {
  return isKnown(value) ? Math.ceil(Number((value * factor).toFixed(3))) : Fn.ceil(Token.asNumber(Op.mul(value, factor)));
}

/** Seconds from a container's start until it is given up. @internal */
export function loadSeconds({ startup }: BoundProbes): number {
  return startup.initialDelaySeconds + startup.failureThreshold * startup.periodSeconds;
}

/**
 * Docker's one health check for the three probes: readiness. Until the model has had its time to load, failures do not count.
 * Asked more often, an apply would end sooner; but each time Docker starts a process within the container's CPU limit.
 *
 * @internal
 */
export function healthcheck(probes: BoundProbes): ContainerHealthcheck {
  const { readiness, liveness } = probes;
  return {
    test: ['CMD', 'bash', '-c', askReadiness(readiness.path)],
    interval: duration(readiness.periodSeconds),
    timeout: duration(readiness.timeoutSeconds),
    startPeriod: duration(loadSeconds(probes)),
    retries: liveness.failureThreshold,
  };
}

/** As Go prints it and the provider reads it back: `1m0s` for 60 seconds. Otherwise every plan would differ. */
function duration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const first = parts.findIndex(part => part > 0);
  const units = ['h', 'm', 's'];
  return parts.map((part, index) => (index < first ? '' : `${part}${units[index]}`)).join('');
}

/**
 * The shell asks itself: a second Node.js would take 40 MB of the container's memory and, at a tenth of a core, half a
 * second, each time.
 */
function askReadiness(path: string): string {
  return [
    `exec 3<>/dev/tcp/127.0.0.1/${CONTAINER.port}`,
    `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3`,
    'read -r status <&3',
    '[[ $status == *" 200 "* ]]',
  ].join(' && ');
}

/** The scoring port first, then that of the metrics under its own number. @internal */
export function publishedPorts(port: number | undefined, metricsPort: number | undefined, ip: string): ContainerPorts[] {
  const score = { internal: CONTAINER.port, external: port, ip, protocol: 'tcp' };
  return metricsPort === undefined ? [score] : [score, { internal: metricsPort, external: metricsPort, ip, protocol: 'tcp' }];
}

/** What a container says about itself. @internal */
export interface LabelRequest {
  readonly name: string;
  readonly models: readonly IRegisteredModel[];
  readonly tags?: { [name: string]: string };
  readonly description?: string;
  /** Settings that the docker provider reports as changed and never applies to a container that runs, or that need a new start. */
  readonly fixedAtStart: ReadonlyArray<string | number>;
}

/**
 * Labels, by which services are found as Azure ML v1 found them: `docker ps --filter label=cdktf-model-serving.service`.
 * A changed label replaces the container, which some other settings must do and would not.
 *
 * @internal
 */
export function labels(request: LabelRequest): ContainerLabels[] {
  const all: Record<string, string> = {
    ...request.tags,
    'cdktf-model-serving.service': request.name,
    'cdktf-model-serving.models': request.models.map(model => model.modelId).join(' '),
    'cdktf-model-serving.settings': fingerprint(request.fixedAtStart),
    ...(request.description === undefined ? {} : { 'cdktf-model-serving.description': request.description }),
  };
  return Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}

/** Of values that only Terraform knows it takes the hash. */
function fingerprint(values: ReadonlyArray<string | number>): string {
  const text = values.join(' ');
  return values.every(isKnown) ? sha256Text(text).slice(0, 12) : Fn.substr(Fn.sha256(text), 0, 12);
}
