import { SessionSettings } from '../settings';
import { LoadedModel } from './engine';

/** The argument that makes the server's bundle an engine. */
export const ENGINE_ARGUMENT = '--engine';

/** The descriptor of the pipe between an engine and its front; the first three are the standard ones. */
export const ENGINE_PIPE = 3;

/** What the front says to an engine. A score's body is the request's. */
export type ToEngine =
  | { readonly type: 'load'; readonly files: readonly string[]; readonly session: SessionSettings }
  | { readonly type: 'score'; readonly model: number };

/** What an engine says to the front. A result's body is the answer's. */
export type FromEngine =
  | { readonly type: 'loaded'; readonly models: readonly LoadedModel[] }
  | { readonly type: 'failed'; readonly message: string }
  | {
      readonly type: 'result';
      readonly status: number;
      readonly runFailed: boolean;
      readonly engineMs: number;
      readonly spent?: boolean;
    };
