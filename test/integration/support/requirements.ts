import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { attempt } from './run';

/** Nothing where it is there, else the reason why not, in a few words. */
type Requirement = () => string | undefined;

/** The image that Dockerfiles build on. */
export const BASE_IMAGE = 'node:24-bookworm-slim';

/** A Docker engine that answers. */
export const docker: Requirement = () => {
  const { status, stderr } = attempt('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutSeconds: 20 });
  return status === 0 ? undefined : `no Docker engine answers (${firstLine(stderr)})`;
};

/** The base image, in the engine: a build without a network does not fetch it. */
export const baseImage: Requirement = () => {
  const { status } = attempt('docker', ['image', 'inspect', BASE_IMAGE], { timeoutSeconds: 20 });
  return status === 0 ? undefined : `the engine has no ${BASE_IMAGE}`;
};

/** Terraform, and the plugins of these providers from wherever `terraform init` gets them. */
export const terraform =
  (providers: Readonly<Record<string, { readonly source: string; readonly version: string }>>): Requirement =>
  () => {
    if (attempt('terraform', ['version'], { timeoutSeconds: 20 }).status !== 0) return 'Terraform is not installed';
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'terraform-probe-'));
    try {
      fs.writeFileSync(path.join(folder, 'main.tf.json'), JSON.stringify({ terraform: { required_providers: providers } }));
      const args = ['init', '-input=false', '-no-color'];
      const { status, stderr } = attempt('terraform', args, {
        cwd: folder,
        timeoutSeconds: 120,
        env: { CHECKPOINT_DISABLE: '1' },
      });
      return status === 0 ? undefined : `terraform init does not get the providers (${reasonOf(stderr)})`;
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  };

/** A Kubernetes that answers. */
export const kubernetes: Requirement = () => {
  if (kubeconfig() === undefined) return 'neither KUBECONFIG nor kube-lab names a cluster';
  const { status, stderr } = kubectlAttempt(['get', '--raw=/readyz']);
  return status === 0 ? undefined : `no Kubernetes answers (${firstLine(stderr)})`;
};

/** A way from this machine to the addresses of Services: a node's, or a VPN's. Any Service that answers shows it. */
export const clusterNetwork: Requirement = () => {
  const columns = 'jsonpath={range .items[*]}{.spec.clusterIP} {.spec.ports[0].port}{"\\n"}{end}';
  const services = kubectlAttempt(['get', 'services', '--all-namespaces', '--output', columns]).stdout;
  const connect = `
    const connections = ${JSON.stringify(services.trim().split('\n'))}.map(service => service.split(' '));
    for (const [host, port] of connections) require('net').connect(port, host, () => process.exit(0)).on('error', () => {});
    setTimeout(() => process.exit(1), 5000);`;
  const { status } = attempt(process.execPath, ['-e', connect], { timeoutSeconds: 20 });
  return status === 0 ? undefined : "this machine does not reach the cluster's Services";
};

/** A registry that containers can be pushed to: one that runs, or the program to run one. */
export const registry: Requirement = () => {
  if (process.env.MODEL_SERVING_TEST_REGISTRY !== undefined) return undefined;
  const { status } = attempt('docker-registry', ['--version'], { timeoutSeconds: 20 });
  return status === 0 ? undefined : 'MODEL_SERVING_TEST_REGISTRY is not set and docker-registry is not installed';
};

/**
 * A suite that runs where its requirements are met, and is skipped with the reason on the terminal where they are not.
 * The first that fails ends the asking: later ones may build on it.
 */
export function describeWith(requirements: readonly Requirement[], name: string, suite: () => void): void {
  const reason = requirements.reduce<string | undefined>((found, requirement) => found ?? requirement(), undefined);
  if (reason === undefined) return describe(name, suite);
  process.stderr.write(`\nskipped: ${name}: ${reason}\n`);
  describe.skip(`${name} (skipped: ${reason})`, suite);
}

const lab = () => process.env.KUBE_LAB ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'kube-lab');

/** The cluster's configuration file, if any is known. */
export function kubeconfig(): string | undefined {
  const candidates = [process.env.KUBECONFIG, path.join(lab(), 'kubeconfig')];
  return candidates.find(file => file !== undefined && fs.existsSync(file));
}

/** `kubectl`, installed or beside the cluster. */
export function kubectlAttempt(args: readonly string[]) {
  return attempt('kubectl', args, {
    timeoutSeconds: 60,
    env: { KUBECONFIG: kubeconfig(), PATH: `${process.env.PATH ?? ''}:${path.join(lab(), 'bin')}` },
  });
}

/** Terraform's first error; warnings about the machine's configuration come before it. */
const reasonOf = (stderr: string) => {
  const text = stderr.replace(/[╷│╵]/g, '');
  return firstLine(text.slice(Math.max(0, text.indexOf('Error:'))));
};

const firstLine = (text: string) =>
  text
    .split('\n')
    .map(line => line.trim())
    .find(line => line !== '') ?? 'no reason given';
