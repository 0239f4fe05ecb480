import { Readable } from 'stream';
import { ModelSignature } from '../tensor/signature';

/** Headers by lower-case name, as Node.js joins them. */
export type HeaderValues = Readonly<Record<string, string | string[] | undefined>>;

/** One request on its way to a model or a script. */
export interface ScoreRequest {
  /** Index into the served models; 0 where a script decides. */
  readonly model: number;
  /** Azure ML's `/score`, or the Open Inference Protocol's `/v2/models/…/infer`. */
  readonly protocol: 'azureml' | 'oip';
  readonly method: string;
  readonly path: string;
  /** With the question mark, or empty. */
  readonly query: string;
  readonly headers: HeaderValues;
  readonly body: readonly Buffer[];
  readonly bytes: number;
}

/** The answer that the caller gets, ready to be sent. */
export interface ScoreAnswer {
  readonly status: number;
  /** Names and values in turn, content type included. */
  readonly headers: readonly string[];
  readonly body: readonly Buffer[];
  /** In place of `body`, where a script answers piece by piece: the engine is busy until it ends. */
  readonly stream?: Readable;
  /** Settles when the engine that answers piece by piece can take the next request. */
  readonly released?: Promise<void>;
  /** The model or script was run and refused or failed. */
  readonly runFailed: boolean;
  /** Milliseconds that the request took in the engine. */
  readonly engineMs: number;
  /** The engine may not be trusted with another request. */
  readonly spent?: boolean;
}

/** A request body that scores and what it scores to; absent where none was found or it would be too long to show. */
export interface ModelSample {
  readonly input: string;
  readonly output: string;
}

/** What is known of a model once it is loaded. */
export interface LoadedModel {
  readonly signature: ModelSignature;
  readonly sample?: ModelSample;
  /** Why no warm-up run succeeded; the model is served all the same. */
  readonly warmUpFault?: string;
  /** Whether rows of several requests may be scored in one run: it was tried. */
  readonly batchable?: boolean;
  /** What one request costs; absent where none could be made up. */
  readonly cost?: ModelCost;
}

/** Measured on the warm-up's input. */
export interface ModelCost {
  /** Median of one run, milliseconds. */
  readonly runMs: number;
  /** Elements of the inputs that were run. */
  readonly elements: number;
  /** Whether a request can hold more elements than that. */
  readonly grows: boolean;
}

/** An entry script's own description of itself. */
export interface LoadedScript {
  /** Its Swagger documents as JSON text, by version: `2`, `3`, `3.1`. A version that its types cannot be told in is missing. */
  readonly swagger: Readonly<Record<string, string>>;
  /** Whether it takes requests as they come: then OPTIONS reaches it, too. */
  readonly raw: boolean;
}

/** What an engine serves: models, or a script. */
export interface LoadedService {
  readonly models: readonly LoadedModel[];
  readonly script?: LoadedScript;
}

/**
 * Something that scores one batch of requests at a time.
 *
 * A rejected `score` is an `EngineLostError` or `ScoringTimeoutError`, after which the engine is gone.
 */
export interface Engine {
  readonly service: LoadedService;
  /** Settles when the engine is gone, whatever the reason. */
  readonly gone: Promise<void>;
  /** The answers, in the order of the requests. */
  score(requests: readonly ScoreRequest[]): Promise<readonly ScoreAnswer[]>;
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
