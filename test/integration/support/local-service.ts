import * as path from 'path';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider';
import { TerraformStack } from 'cdktf';
import {
  ImageBuild,
  InferenceConfig,
  InferenceImage,
  LocalWebservice,
  LocalWebserviceProps,
  ModelSource,
  RegisteredModel,
  Sizing,
} from '../../../src';
import { newKey } from './digits';
import { DockerRun } from './docker-run';
import { attempt, eventually, run } from './run';
import { TerraformProject } from './terraform-project';

/** What a service is declared with. */
export interface LocalServiceOptions {
  readonly inferenceConfig: InferenceConfig;
  /** The file of each registered model, by its name. */
  readonly models?: Readonly<Record<string, string>>;
  /** Further props of the service. */
  readonly props?: Partial<LocalWebserviceProps>;
}

/** A request to a service. */
export interface ServiceRequest {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 20000 */
  readonly timeoutMs?: number;
}

/** The memory that the container gets, in bytes. */
export const MEMORY = 512 * 1024 ** 2;

/** A service of a stack of its own, from the declaration to the running container. */
export class LocalService {
  readonly key = newKey();
  readonly id: string;
  private readonly project = new TerraformProject('service');
  private readonly container: DockerRun;
  private address = '';

  /** Writes the stack. @param name of the service; the container's gets this process's id as well. */
  constructor(name: string, { inferenceConfig, models = {}, props }: LocalServiceOptions) {
    this.id = `${name}-${process.pid}`;
    this.project.write(app => {
      const stack = new TerraformStack(app, 'service');
      new DockerProvider(stack, 'docker');
      const image = new InferenceImage(stack, 'Image', {
        models: Object.entries(models).map(
          ([modelName, file]) =>
            new RegisteredModel(stack, modelName, {
              source: ModelSource.fromFile(file),
              modelName,
              lockFile: path.join(this.project.inputs, 'models.lock.json'),
            }),
        ),
        inferenceConfig,
        // where only the machine itself reaches the package indexes, a build must be on its network
        imageBuild: ImageBuild.docker({ buildNetworkMode: 'host' }),
      });
      const sizing = Sizing.fixed({ cpu: 1, memoryInGB: 0.5 });
      new LocalWebservice(stack, 'Service', { image, sizing, webserviceName: name, ...props });
      return stack;
    });
    this.container = new DockerRun(this.project, this.id);
  }

  get image(): string {
    return this.container.image;
  }

  /** The network that the stack lets the build have. */
  get buildNetwork(): string | undefined {
    return this.container.network;
  }

  build(): void {
    this.container.build();
  }

  /** Runs the container as the stack says, until it can score. */
  async start(): Promise<void> {
    this.address = this.container.start({ primary: this.key, secondary: newKey() });
    await eventually(60, `an answer of ${this.id}`, async () => {
      if (this.inspect('{{.State.Running}}') !== 'true') throw new Error(this.logs());
      return (await this.fetch('/health/ready', { timeoutMs: 2000 })).status === 200 || undefined;
    });
  }

  /** Sends a request, with the key unless the headers say otherwise. */
  fetch(route: string, { headers, timeoutMs = 20_000, ...init }: ServiceRequest = {}): Promise<Response> {
    return fetch(`${this.address}${route}`, {
      ...init,
      headers: { authorization: `Bearer ${this.key}`, ...headers },
      // Docker's proxy hangs up where nothing listens yet, and some versions of fetch never notice
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  /** Posts JSON to the scoring route, as the consumers in Azure ML's article do. */
  score(input: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const body = JSON.stringify(input);
    return this.fetch('/score', { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  }

  /** What the engine knows about the container, in Docker's own template language. */
  inspect(format: string): string {
    return run('docker', ['inspect', '--format', format, this.id]);
  }

  /** What the command prints within the container. */
  output(...command: string[]): string {
    return run('docker', ['exec', this.id, ...command]);
  }

  /** Whether the command succeeds within the container, as the user that it runs as. */
  can(...command: string[]): boolean {
    return attempt('docker', ['exec', this.id, ...command]).status === 0;
  }

  /** The command by which Docker asks for the service's health. */
  get healthcheck(): string[] {
    const [, ...command] = this.container.healthcheck();
    return command;
  }

  /** What the container has written to its standard output. */
  logs(): string {
    return run('docker', ['logs', this.id]);
  }

  /** The lines of the log that are called `event`. */
  events(event: string): Array<Record<string, unknown>> {
    return this.logs()
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Record<string, unknown>)
      .filter(line => line.event === event);
  }

  signal(name: string): void {
    run('docker', ['kill', '--signal', name, this.id]);
  }

  /** The exit code of the container, once it has ended. */
  exitCode(): Promise<string> {
    return eventually(60, `the end of ${this.id}`, () =>
      this.inspect('{{.State.Running}}') === 'false' ? this.inspect('{{.State.ExitCode}}') : undefined,
    );
  }

  /** Removes container, image and stack. May be called twice. */
  remove(): void {
    this.container.clean();
    this.project.remove();
  }
}

/** A service for the tests of the block that calls this, built and run; gone after them. */
export function serving(name: string, options: () => LocalServiceOptions): () => LocalService {
  let service: LocalService;
  beforeAll(async () => {
    service = new LocalService(name, options());
    service.build();
    await service.start();
  });
  afterAll(() => service?.remove());
  return () => service;
}

/** Runs a Python program with the packages of an image, as root and without a network; gives back the folder that it filled. */
export function runPython(image: string, program: string, into: string): string {
  const name = `program-${process.pid}`;
  run('docker', ['create', '--name', name, '--user', '0', '--network', 'none', image, 'python3', '/program.py', '/filled']);
  try {
    run('docker', ['cp', program, `${name}:/program.py`]);
    run('docker', ['start', '--attach', name]);
    run('docker', ['cp', `${name}:/filled`, into]);
  } finally {
    run('docker', ['rm', '--force', name]);
  }
  return path.join(into, 'filled');
}
