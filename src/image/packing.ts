import { IConstruct } from 'constructs';
import { throwAll } from '../core/errors';
import { ENV } from '../core/server-contract';
import { IRegisteredModel } from '../model/registered-model';
import { BuildContext } from './build-context';
import { Step } from './dockerfile';
import { ImagePlatform } from './image-platform';
import { imageVariableReserved } from './inference-errors';

/** The base of images that need nothing but the server. @internal */
export const NODE_IMAGE = 'node:24-bookworm-slim';

/** What a config packs, and where it puts it. @internal */
export interface PackRequest {
  readonly scope: IConstruct;
  readonly context: BuildContext;
  readonly models: readonly IRegisteredModel[];
  readonly platform: ImagePlatform;
}

/** What a config puts into an image. @internal */
export interface BoundInferenceConfig {
  readonly baseImage: string;
  /** Images that steps copy from, by the name of their stage. */
  readonly stages?: Readonly<Record<string, string>>;
  /** Below the models: packages first, then the server. */
  readonly runtimeSteps: readonly Step[];
  /** Above the models: the script that the user edits most. */
  readonly scriptSteps: readonly Step[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  /** False where every byte is in the context: such a build is run with the network off. */
  readonly needsNetwork: boolean;
}

/** Variables that each image has, over the user's own. Throws `INFERENCE_VARIABLE_RESERVED`. @internal */
export function imageEnvironment(scope: IConstruct, own: { readonly [name: string]: string } = {}): Record<string, string> {
  const reserved: readonly string[] = Object.values(ENV);
  const taken = Object.keys(own).filter(name => reserved.includes(name));
  throwAll(taken.map(name => imageVariableReserved(scope, name)));
  return { ...own, NODE_ENV: 'production', [ENV.ortDisableTelemetry]: '1' };
}
