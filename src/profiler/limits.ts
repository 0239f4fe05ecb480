import { CgroupConfinement, cgroupHost } from './cgroup';
import type { Confinement, LimitKind } from './confinement';
import { ContainerImage, DockerConfinement, nodeImage, sweepAbandonedContainers } from './docker-limits';
import type { Subject } from './subject';

/** Who can set limits on this machine. */
export interface LimitSupport {
  readonly kind: LimitKind;
  /** A new place, with a memory limit in bytes or without; the CPU is not limited until `limitCpu`. */
  confine(memoryBytes?: number): Confinement;
}

/**
 * Who can limit such a subject. An image: the Docker engine that it is on. A model or a script: control groups where this process may
 * create them, else a Docker engine that has a Node image, else nobody. A Python script needs the packages of this machine's
 * Python, so for that no container does.
 */
export function findLimitSupport(subject?: Pick<Subject, 'image' | 'entryScript'>): LimitSupport | undefined {
  if (subject?.image !== undefined) return containers({ image: subject.image, complete: true });
  const cgroups = cgroupHost();
  if (cgroups) return { kind: `cgroup-v${cgroups.version}`, confine: memory => new CgroupConfinement(cgroups, memory) };
  const node = subject?.entryScript?.endsWith('.py') ? undefined : nodeImage();
  return node && containers(node);
}

function containers(image: ContainerImage): LimitSupport {
  sweepAbandonedContainers();
  return { kind: 'docker', confine: memory => new DockerConfinement(image, memory) };
}
