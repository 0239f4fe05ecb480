/**
 * The types of a JavaScript or TypeScript entry script: a module that exports `run` and, where it loads something, `init`.
 *
 * Import them as types only (`import type { … }`): where the script runs, this package is not installed.
 */

/** Lines of the service's log; those of `run` carry the request's id. */
export interface ScriptLog {
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/** What `init` is called with, once, before the first request. */
export interface InitContext {
  /** `AZUREML_MODEL_DIR`; empty where the service has no models. */
  readonly modelDir: string;
  readonly log: ScriptLog;
  /**
   * The path of a registered model: its file where it is a single one, else its folder.
   *
   * @param name the name that it was registered by.
   * @param version default: the newest that the service has.
   * @throws Error that lists the models there are, where there is no such one.
   */
  readonly getModelPath: (name: string, version?: number) => string;
}

/** What `run` is called with beside its input. */
export interface RunContext extends InitContext {
  /** The request's `x-request-id`, sent or given. */
  readonly requestId: string;
  /** By lower-case name. */
  readonly headers: RequestHeaders;
  /** Aborted when the caller is gone before a streamed answer has ended. */
  readonly signal: AbortSignal;
}

export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** A request as it came, for scripts with `export const rawHttp = true`. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: RequestHeaders;
  readonly body: Buffer;
  /** The body as JSON. @throws an error that becomes status 400 where it is none. */
  json(): unknown;
}

/** What a raw `run` returns, unless it returns a `Response`. */
export interface RawResponse {
  /** @default 200 */
  readonly status?: number;
  /** A name with an array is sent once for each value. */
  readonly headers?: Readonly<Record<string, string | number | ReadonlyArray<string>>>;
  /**
   * Strings and bytes as they are, iterables and streams of those piece by piece, any other object as JSON.
   * @default - none
   */
  readonly body?: string | Uint8Array | object | AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array | string>;
}

/** Exports of an entry script. */
export interface EntryScript<Input = unknown, Output = unknown> {
  init?(context: InitContext): void | Promise<void>;
  /**
   * Called with one request at a time: the JSON body of a POST, or the query of a GET as an object. What it returns is answered
   * as JSON, a `Response` as it is.
   */
  run(input: Input, context: RunContext): Output | Promise<Output>;
  /** An input that scores: the Swagger documents show it, and requests without its fields or with others' types are refused. */
  readonly inputSample?: Input;
  /** What `inputSample` scores to, for the Swagger documents. */
  readonly outputSample?: Output;
}

/** Exports of an entry script that takes requests as they come. */
export interface RawEntryScript {
  readonly rawHttp: true;
  init?(context: InitContext): void | Promise<void>;
  run(request: RawRequest, context: RunContext): RawResponse | Response | Promise<RawResponse | Response>;
}

/**
 * Thrown by `run`, answers the caller with this status and `{"message": …}`; other errors are answered 500 without their text.
 *
 * Any error with such a `status` does the same: `throw Object.assign(new Error('no such id'), { status: 404 })`.
 */
export class ScoringError extends Error {
  /** @param status 400 to 599. */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'ScoringError';
  }
}
