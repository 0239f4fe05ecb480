import { kubectlAttempt } from './requirements';

/** What `kubectl` prints; it must succeed. */
export function kubectl(...args: string[]): string {
  const { status, stdout, stderr } = kubectlAttempt(args);
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** An object, or a list of objects, of the cluster. */
export function get<T>(namespace: string, ...what: string[]): T {
  return JSON.parse(kubectl('--namespace', namespace, 'get', ...what, '--output', 'json')) as T;
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: ReadonlyArray<{ readonly image: string }> };
  readonly status: {
    readonly phase: string;
    readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }>;
    readonly containerStatuses?: ReadonlyArray<{ readonly restartCount: number; readonly ready: boolean }>;
  };
}

/** Pods of a namespace that are not on their way out. */
export function pods(namespace: string): Pod[] {
  return get<{ items: Pod[] }>(namespace, 'pods').items.filter(pod => pod.metadata.deletionTimestamp === undefined);
}

/** Names of the pods that are ready. */
export function readyPods(namespace: string): string[] {
  return pods(namespace)
    .filter(pod => pod.status.containerStatuses?.every(container => container.ready))
    .map(pod => pod.metadata.name)
    .sort();
}

/** `http://` and the address of a Service within the cluster. */
export function serviceUri(namespace: string, name: string): string {
  return `http://${get<{ spec: { clusterIP: string } }>(namespace, 'service', name).spec.clusterIP}`;
}
