import { LoadedService, ScoreAnswer, ScoreRequest } from '../../../../src/scoring/engine/engine';
import { ScriptOptions } from '../../../../src/scoring/script/script-runtime';

export type ToChild =
  | { readonly type: 'load'; readonly options: ScriptOptions }
  /** `pieces`: how many of a stream are read before it is left; 0 reads to its end. */
  | { readonly type: 'score'; readonly request: ScoreRequest; readonly pieces: number };

export type FromChild =
  | { readonly type: 'loaded'; readonly service: LoadedService }
  | { readonly type: 'failed'; readonly kind: string; readonly message: string }
  | { readonly type: 'log'; readonly level: string; readonly message: string }
  | { readonly type: 'answer'; readonly answer: WholeAnswer };

export interface WholeAnswer extends Omit<ScoreAnswer, 'body' | 'stream'> {
  readonly body: Buffer;
  readonly streamed: boolean;
  readonly streamError?: string;
}
