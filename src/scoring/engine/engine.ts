import { ModelSignature } from '../tensor/signature';

/** One request on its way to a model. */
export interface ScoreJob {
  /** Index into the served models. */
  readonly model: number;
  readonly body: readonly Buffer[];
  readonly bytes: number;
}

/** The answer that the caller gets, ready to be sent. */
export interface ScoreResult {
  readonly status: number;
  /** JSON text. */
  readonly body: Buffer;
  /** The model was run and refused or failed. */
  readonly runFailed: boolean;
  /** Milliseconds from the body to the answer, inside the engine. */
  readonly engineMs: number;
  /** The engine may not be trusted with another request. */
  readonly spent?: boolean;
}

/** A request body that scores and what it scores to; absent where none was found or it would be too long to show. */
export interface ModelSample {
  readonly input: string;
  readonly output: string;
}

/** What an engine knows of a model once it has loaded it. */
export interface LoadedModel {
  readonly signature: ModelSignature;
  readonly sample?: ModelSample;
  /** Why no warm-up run succeeded; the model is served all the same. */
  readonly warmUpFault?: string;
}

/**
 * Something that scores one request at a time, out of reach of the front's event loop.
 *
 * A rejected `score` is an `EngineLostError` or `ScoringTimeoutError`, after which the engine is gone.
 */
export interface Engine {
  readonly models: readonly LoadedModel[];
  /** Settles when the engine is gone, whatever the reason. */
  readonly gone: Promise<void>;
  score(job: ScoreJob): Promise<ScoreResult>;
  /** Lets the engine end by itself, and ends it if it does not. */
  stop(): Promise<void>;
  /** Ends the engine now. */
  kill(): void;
}

/** The engine ended while it scored. */
export class EngineLostError extends Error {}

/** The engine was ended because the request took longer than it may. */
export class ScoringTimeoutError extends Error {
  constructor(public readonly timeoutMs: number) {
    super(`Scoring timeout after ${timeoutMs} ms`);
  }
}

/** The engine could not load its models; the message is for the operator. */
export class EngineStartError extends Error {}
