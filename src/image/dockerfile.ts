import { CONTAINER } from '../core/server-contract';

/** A folder of the context and where it goes in the image: one layer. */
export interface Layer {
  readonly from: string;
  readonly to: string;
}

/** Instructions as they are, such as `RUN …`. */
export interface Instructions {
  readonly lines: readonly string[];
}

/** What a Dockerfile does at one point. */
export type Step = Layer | Instructions;

/** What a Dockerfile says. */
export interface DockerfileContent {
  readonly baseImage: string;
  /** Images that the steps copy from, by the name of their stage. */
  readonly stages?: Readonly<Record<string, string>>;
  /** Seldom changed ones first: a later step's change leaves the earlier ones cached and unshipped. */
  readonly steps: readonly Step[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** The text of a Dockerfile. Without instructions it only copies: it builds without a network, and always the same image. */
export function renderDockerfile(content: DockerfileContent): string {
  const environment = Object.entries(content.environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...Object.entries(content.stages ?? {}).map(([name, image]) => `FROM ${image} AS ${name}`),
    `FROM ${content.baseImage}`,
    `WORKDIR ${CONTAINER.serverRoot}`,
    ...content.steps.flatMap(renderStep),
    ...environment.map(([name, value]) => `ENV ${name}=${quote(value)}`),
    `USER ${CONTAINER.uid}:${CONTAINER.uid}`,
    `EXPOSE ${CONTAINER.port}`,
    `CMD ${JSON.stringify(content.command)}`,
    '',
  ].join('\n');
}

function renderStep(step: Step): readonly string[] {
  return 'lines' in step ? step.lines : [`COPY ${JSON.stringify([step.from, step.to])}`];
}

/** One `RUN` that ends at the first command that fails. */
export function run(...commands: string[]): string {
  return `RUN ${commands.join(' \\\n && ')}`;
}

/** Docker expands `$` and ends a value at an unescaped quote. */
function quote(value: string): string {
  return `"${value.replace(/[\\"$]/g, '\\$&')}"`;
}
