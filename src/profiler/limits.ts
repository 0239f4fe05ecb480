import { CgroupConfinement, cgroupHost } from './cgroup';
import { Confinement, LimitKind } from './confinement';
import { DockerConfinement, dockerHost } from './docker-limits';

/** Who can set limits on this machine. */
export interface LimitSupport {
  readonly kind: LimitKind;
  /** A new place, with a memory limit in bytes or without; the CPU is not limited until `limitCpu`. */
  confine(memoryBytes?: number): Confinement;
}

/** Control groups where this process may create them, else a Docker engine that has a Node image, else nothing. */
export function findLimitSupport(): LimitSupport | undefined {
  const cgroups = cgroupHost();
  if (cgroups) return { kind: `cgroup-v${cgroups.version}`, confine: memory => new CgroupConfinement(cgroups, memory) };
  const docker = dockerHost();
  if (docker) return { kind: 'docker', confine: memory => new DockerConfinement(docker, memory) };
  return undefined;
}
