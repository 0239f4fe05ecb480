import { performance } from 'perf_hooks';
import { Readable } from 'stream';
import { LoadedService, ScoreAnswer, ScoreRequest } from '../engine/engine';
import { BodyStream } from './body-stream';
import { InitContext, RunContext, ScriptLog } from './entry-script';
import { LoadedModule, loadScript } from './load-script';
import { modelPaths } from './model-path';
import { answerOf, answerOfRaw, messageAnswer, ScriptAnswer } from './script-answer';
import { ScriptError, ScriptInputError, ScriptOutputError, scriptStack } from './script-error';
import { rawRequest, scriptInput, singleHeader } from './script-request';
import { DeclaredSample, declaredSample, scriptDocuments } from './script-swagger';

/** Where a script and its models are. */
export interface ScriptOptions {
  /** Relative to `appRoot`. */
  readonly script: string;
  /** `AZUREML_MODEL_DIR`; empty where there are no models. */
  readonly modelDir: string;
  readonly appRoot: string;
}

export type WriteLog = (level: 'info' | 'warning' | 'error', message: string) => void;

/** The texts of Azure ML's server: what is inside stays in the log. */
const RUN_FAILED = 'An unexpected error occurred in scoring script. Check the logs for more info.';
const ANSWER_FAILED = 'An unexpected internal error occurred. Check the logs for more info.';

/** A loaded entry script that scores one request at a time. */
export class ScriptRuntime {
  /**
   * Imports the script and calls its `init`. Rejections that the script leaves unhandled are logged from then on, and do not end
   * the process: they belong to no request that could be answered.
   *
   * @throws ScriptError with a message for the operator.
   */
  static async load(options: ScriptOptions, log: WriteLog): Promise<ScriptRuntime> {
    process.on('unhandledRejection', reason => log('error', `The script left a rejection unhandled: ${scriptStack(reason)}`));
    const module = await loadScript(options.script, options.appRoot);
    const input = declaredSample(module.inputSample, 'inputSample');
    const output = declaredSample(module.outputSample, 'outputSample');
    const context = initContext(options.modelDir, log);
    const { init } = module;
    try {
      await init?.(context);
    } catch (error) {
      throw new ScriptError(`init of the entry script '${options.script}' failed: ${scriptStack(error)}`);
    }
    const swagger = scriptDocuments(input, output, process.env);
    return new ScriptRuntime(module, input, context, { models: [], script: { swagger, raw: module.rawHttp } }, log);
  }

  private constructor(
    private readonly module: LoadedModule,
    private readonly declared: DeclaredSample | undefined,
    private readonly context: InitContext,
    readonly service: LoadedService,
    private readonly log: WriteLog,
  ) {}

  /** Never rejects: what goes wrong is the answer. */
  async score(request: ScoreRequest): Promise<ScoreAnswer> {
    const begin = performance.now();
    const context = new RequestContext(this.context, request);
    const { answer, failed } = await this.answer(request, context).catch(error => this.ownFault(error));
    return {
      status: answer.status,
      headers: answer.headers,
      body: answer.body,
      stream: answer.stream && this.stream(answer.stream, context),
      runFailed: failed,
      engineMs: performance.now() - begin,
    };
  }

  private async answer(request: ScoreRequest, context: RunContext): Promise<Outcome> {
    const { rawHttp, run } = this.module;
    let result: unknown;
    try {
      const input = rawHttp ? rawRequest(request) : scriptInput(request, this.declared?.schema);
      result = await run(input, context);
    } catch (error) {
      return this.failure(error);
    }
    try {
      const answer = rawHttp ? answerOfRaw(result) : answerOf(result);
      return { answer, failed: answer.status >= 500 };
    } catch (error) {
      // a getter or toJSON of the script's may throw anything
      this.log('error', error instanceof ScriptOutputError ? error.message : scriptStack(error));
      return { answer: messageAnswer(500, ANSWER_FAILED), failed: false };
    }
  }

  private failure(error: unknown): Outcome {
    if (error instanceof ScriptInputError) return { answer: messageAnswer(error.status, error.message), failed: false };
    const status = statusOf(error);
    if (status !== undefined) {
      if (status >= 500) this.log('error', scriptStack(error));
      return { answer: messageAnswer(status, String((error as Error).message)), failed: status >= 500 };
    }
    this.log('error', `run failed: ${scriptStack(error)}`);
    return { answer: messageAnswer(500, RUN_FAILED), failed: true };
  }

  /** Errors and results may be made to throw wherever they are touched. */
  private ownFault(error: unknown): Outcome {
    this.log('error', scriptStack(error));
    return { answer: messageAnswer(500, RUN_FAILED), failed: true };
  }

  private stream(pieces: AsyncIterable<unknown>, context: RequestContext): Readable {
    return new BodyStream(pieces, {
      onError: error => this.log('error', `The streamed answer broke off: ${scriptStack(error)}`),
      onLeave: () => context.abort(),
    });
  }
}

interface Outcome {
  readonly answer: ScriptAnswer;
  readonly failed: boolean;
}

function initContext(modelDir: string, write: WriteLog): InitContext {
  const log: ScriptLog = {
    info: message => write('info', String(message)),
    warning: message => write('warning', String(message)),
    error: message => write('error', String(message)),
  };
  return { modelDir, log, getModelPath: modelPaths(modelDir) };
}

class RequestContext implements RunContext {
  readonly modelDir: string;
  readonly log: ScriptLog;
  readonly getModelPath: InitContext['getModelPath'];
  readonly requestId: string;
  readonly headers: RunContext['headers'];
  private aborting?: AbortController;

  constructor(init: InitContext, request: ScoreRequest) {
    this.modelDir = init.modelDir;
    this.log = init.log;
    this.getModelPath = init.getModelPath;
    this.headers = request.headers;
    this.requestId = singleHeader(request.headers, 'x-request-id');
  }

  /** Made when asked for: few scripts do. */
  get signal(): AbortSignal {
    return (this.aborting ??= new AbortController()).signal;
  }

  abort(): void {
    this.aborting?.abort();
  }
}

/** The status that a script chose by its error; errors that http-errors marks as not to be exposed are not. */
function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, statusCode, expose } = error as Error & { status?: unknown; statusCode?: unknown; expose?: unknown };
  const chosen = status ?? statusCode;
  const valid = typeof chosen === 'number' && Number.isInteger(chosen) && chosen >= 400 && chosen <= 599;
  return valid && expose !== false ? chosen : undefined;
}
