import * as fs from 'fs';
import * as path from 'path';
import { TerraformProject } from './terraform-project';
import { attempt, run } from './run';

/** Without the buildx plugin the client refuses to build, unless it is told to use the engine's classic builder. */
const BUILD_ENV = attempt('docker', ['buildx', 'version'], { timeoutSeconds: 20 }).status === 0 ? {} : { DOCKER_BUILDKIT: '0' };

interface Block {
  readonly [name: string]: unknown;
}

/** A stack's container, built and run by the Docker client from what the stack says, without Terraform. */
export class DockerRun {
  private readonly json: { resource: Record<string, Record<string, Block>> };

  constructor(
    private readonly project: TerraformProject,
    private readonly name: string,
  ) {
    this.json = JSON.parse(fs.readFileSync(path.join(project.directory, 'cdk.tf.json'), 'utf8'));
  }

  get image(): string {
    return `${this.name}:test`;
  }

  /** The network that the stack lets the build have. */
  get network(): string | undefined {
    return this.buildBlock.network_mode;
  }

  /** Builds the context that the stack wrote, with the network as the stack says. */
  build(): string {
    const network = this.network === undefined ? [] : ['--network', this.network];
    const context = path.join(this.project.directory, this.buildBlock.context);
    return run('docker', ['build', ...network, '--tag', this.image, context], { env: BUILD_ENV });
  }

  /** Starts the container as the stack describes it; gives back the URI that it answers at. */
  start(keys?: { primary: string; secondary: string }): string {
    const { container } = this;
    if (keys !== undefined) this.writeKeys(keys);
    run('docker', ['run', '--detach', '--name', this.name, ...this.flags(container), this.image]);
    const address = run('docker', ['port', this.name, '5001/tcp']).split('\n')[0];
    return `http://${address}`;
  }

  /** The command that asks the container for its health, as Docker writes it: `CMD` first. */
  healthcheck(): string[] {
    return (this.container.healthcheck as { test: string[] }).test;
  }

  /** Removes what was made. May be called twice, and after a failure. */
  clean(): void {
    attempt('docker', ['rm', '--force', this.name, `${this.name}-keys`]);
    attempt('docker', ['volume', 'rm', `${this.name}-keys`]);
    attempt('docker', ['rmi', '--force', this.image]);
  }

  private get buildBlock(): { context: string; network_mode?: string } {
    const [image] = Object.values(this.json.resource.docker_image);
    return image.build as { context: string; network_mode?: string };
  }

  /** The one that serves: the other takes the keys and is never started. */
  private get container(): Block {
    const container = Object.values(this.json.resource.docker_container).find(candidate => candidate.start !== false);
    if (container === undefined) throw new Error('the stack has no container');
    return container;
  }

  /** As the provider does: a container that is never started takes the copy. */
  private writeKeys(keys: { primary: string; secondary: string }): void {
    const volume = `${this.name}-keys:/run/secrets/model-serving/keys`;
    const folder = path.join(this.project.inputs, 'keys');
    fs.mkdirSync(folder, { recursive: true });
    for (const [file, key] of Object.entries(keys)) fs.writeFileSync(path.join(folder, file), key);
    run('docker', ['create', '--name', `${this.name}-keys`, '--volume', volume, this.image]);
    run('docker', ['cp', `${folder}/.`, `${this.name}-keys:/run/secrets/model-serving/keys`]);
  }

  private flags(container: Block): string[] {
    const list = (value: unknown) => (value as string[] | undefined) ?? [];
    const ports = container.ports as Array<{ internal: number; external?: number; ip: string }>;
    const volumes = (container.volumes as Array<{ container_path: string }> | undefined) ?? [];
    return [
      ...[`--cpu-period=${String(container.cpu_period)}`, `--cpu-quota=${String(container.cpu_quota)}`],
      ...[`--memory=${String(container.memory)}m`, `--memory-swap=${String(container.memory_swap)}m`],
      ...[`--user=${String(container.user)}`, `--read-only=${String(container.read_only)}`],
      ...list((container.capabilities as Block).drop).map(capability => `--cap-drop=${capability}`),
      ...list(container.security_opts).map(option => `--security-opt=${option}`),
      ...Object.entries(container.tmpfs as Record<string, string>).map(([folder, options]) => `--tmpfs=${folder}:${options}`),
      ...list(container.env).flatMap(variable => ['--env', variable]),
      ...ports.map(port => `--publish=${port.ip}:${port.external ?? ''}:${port.internal}`),
      ...volumes.map(volume => `--volume=${this.name}-keys:${volume.container_path}:ro`),
    ];
  }
}
