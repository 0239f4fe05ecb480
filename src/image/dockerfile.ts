import { CONTAINER } from '../core/server-contract';

/** A folder of the context and where it goes in the image: one layer. */
export interface Layer {
  readonly from: string;
  readonly to: string;
}

/** What a Dockerfile says. */
export interface DockerfileContent {
  readonly baseImage: string;
  /** Seldom changed ones first: a later layer's change leaves the earlier ones cached and unshipped. */
  readonly layers: readonly Layer[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/** A Dockerfile that only copies: it builds without a network, and the same context gives the same image. */
export function renderDockerfile(content: DockerfileContent): string {
  const environment = Object.entries(content.environment).sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `FROM ${content.baseImage}`,
    `WORKDIR ${CONTAINER.serverRoot}`,
    ...content.layers.map(layer => `COPY ${JSON.stringify([layer.from, layer.to])}`),
    ...environment.map(([name, value]) => `ENV ${name}=${quote(value)}`),
    `USER ${CONTAINER.uid}:${CONTAINER.uid}`,
    `EXPOSE ${CONTAINER.port}`,
    `CMD ${JSON.stringify(content.command)}`,
    '',
  ].join('\n');
}

/** Docker expands `$` and ends a value at an unescaped quote. */
function quote(value: string): string {
  return `"${value.replace(/[\\"$]/g, '\\$&')}"`;
}
