import * as fs from 'fs';
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
import { eventually, run } from './run';
import { TerraformProject } from './terraform-project';

/** What a service is declared with. */
export interface LocalServiceOptions {
  readonly inferenceConfig: InferenceConfig;
  /** The file of each registered model, by its name. */
  readonly models?: Readonly<Record<string, string>>;
  /** Further props of the service. */
  readonly props?: Partial<LocalWebserviceProps>;
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

  get scoringUri(): string {
    return `${this.address}/score`;
  }

  /** Builds the image; gives back what the build printed. */
  build(): string {
    return this.container.build();
  }

  /** Runs the container as the stack says, until it can score. */
  async start(): Promise<void> {
    this.address = this.container.start({ primary: this.key, secondary: newKey() });
    await eventually(60, `an answer of ${this.id}`, async () => {
      if (this.inspect('{{.State.Running}}') !== 'true') throw new Error(this.logs());
      return (await fetch(`${this.address}/health/ready`)).status === 200 || undefined;
    });
  }

  /** Sends a request, with the key unless told otherwise. */
  fetch(route: string, init: RequestInit & { readonly key?: string | null } = {}): Promise<Response> {
    const { key = this.key, headers, ...others } = init;
    const authorization = key === null ? {} : { authorization: `Bearer ${key}` };
    return fetch(`${this.address}${route}`, { ...others, headers: { ...authorization, ...(headers as object) } });
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

/** Runs a Python program in an image, as root and beside its server; gives back the folder that it filled. */
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
  return fs.existsSync(path.join(into, 'filled')) ? path.join(into, 'filled') : into;
}
