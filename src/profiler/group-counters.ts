import * as fs from 'fs';
import * as path from 'path';
import type { CpuUsageFile, Throttling } from './confinement';

/** Where one control group is: version 1 has a folder of it for each controller, version 2 one for all. */
export interface GroupFolders {
  readonly version: 1 | 2;
  readonly cpu: string;
  readonly cpuacct: string;
  readonly memory: string;
}

/**
 * What the kernel counts for one control group, read on this machine: asking from within a container would cost CPU time of its quota.
 * Source of file names and units: kernel documentation, admin-guide/cgroup-v1 and cgroup-v2.
 */
export class GroupCounters {
  constructor(private readonly folders: GroupFolders) {}

  get cpuUsageFile(): CpuUsageFile {
    return this.folders.version === 1
      ? { path: path.join(this.folders.cpuacct, 'cpuacct.usage'), unitsPerMs: 1e6 }
      : { path: path.join(this.folders.cpu, 'cpu.stat'), key: 'usage_usec', unitsPerMs: 1e3 };
  }

  /** Undefined where the group is gone. */
  throttling(): Throttling | undefined {
    const stat = this.read(this.folders.cpu, 'cpu.stat');
    return stat && { periods: stat.nr_periods ?? 0, throttled: stat.nr_throttled ?? 0 };
  }

  /** Processes that were killed for memory, whichever of the group's they were; undefined where the group is gone. */
  memoryKills(): number | undefined {
    const file = this.folders.version === 1 ? 'memory.oom_control' : 'memory.events';
    const events = this.read(this.folders.memory, file);
    return events && (events.oom_kill ?? 0);
  }

  private read(folder: string, file: string): Record<string, number> | undefined {
    try {
      return parseKeyed(fs.readFileSync(path.join(folder, file), 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/** The group's path below each controller's mount, from the text of `/proc/PID/cgroup`; version 2's is under the empty name. */
export function parseMembership(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n').filter(Boolean)) {
    const [, controllers, ...group] = line.split(':');
    for (const controller of controllers.split(',')) groups.set(controller, group.join(':'));
  }
  return groups;
}

/** Numbers of a file of `key value` lines. */
export function parseKeyed(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(' '))
      .map(([key, value]) => [key, Number(value)]),
  );
}
