import { SessionSettings } from '../settings';
import { LoadedService, ScoreRequest } from './engine';

/** The argument that makes the server's bundle an engine. */
export const ENGINE_ARGUMENT = '--engine';

/** The descriptor of the pipe between an engine and its front; the first three are the standard ones. */
export const ENGINE_PIPE = 3;

/** What an engine is to load. */
export type EngineLoad =
  | { readonly runtime: 'onnx'; readonly models: readonly ModelToLoad[]; readonly session: SessionSettings }
  | { readonly runtime: 'javascript' | 'python'; readonly script: string; readonly modelDir: string; readonly appRoot: string };

/** A model's file and the name that its answers carry. */
export interface ModelToLoad {
  readonly name: string;
  readonly version?: number;
  readonly file: string;
  /** A request body that the model is said to score, as JSON text. */
  readonly sample?: string;
}

/** A request within a `score` message: its body is the next `bytes` of the message's body. */
export type ScoreItem = Omit<ScoreRequest, 'body'>;

/** An answer within an `answers` message: its body is the next `bytes` of the message's body. */
export interface AnswerItem {
  readonly status: number;
  readonly headers: readonly string[];
  readonly bytes: number;
  readonly runFailed: boolean;
  readonly engineMs: number;
  readonly spent?: boolean;
}

/** What the front says to an engine. The next `score` comes only after the answers to the last. */
export type ToEngine =
  | ({ readonly type: 'load' } & EngineLoad)
  | { readonly type: 'score'; readonly items: readonly ScoreItem[] }
  /** Nobody reads the answer that comes piece by piece any more; it may be ended. */
  | { readonly type: 'cancel' };

/**
 * What an engine says to the front. A `score` of one item may be answered piece by piece: `begin`, any number of `piece` whose
 * bodies are the answer's, then `end`.
 */
export type FromEngine =
  | { readonly type: 'loaded'; readonly service: LoadedService }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'answers'; readonly items: readonly AnswerItem[] }
  | { readonly type: 'begin'; readonly status: number; readonly headers: readonly string[] }
  | { readonly type: 'piece' }
  | { readonly type: 'end'; readonly runFailed: boolean; readonly engineMs: number }
  /** A line that the script logged about the request which it scores. */
  | { readonly type: 'log'; readonly level: 'info' | 'warning' | 'error'; readonly message: string }
  /** Data that the script gives to the collector. */
  | { readonly type: 'collect'; readonly model: string; readonly designation: string };
