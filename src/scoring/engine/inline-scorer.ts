import { statSync } from 'fs';
import { readFile } from 'fs/promises';
import { OnnxModels } from '../model/onnx-models';
import { SessionSettings } from '../settings';
import { acceptedFormat, JSON_TYPE, mediaType, NPY_TYPE, RAW_TYPE } from '../wire/media-type';
import { LoadedModel, LoadedService, ScoreAnswer, ScoreRequest } from './engine';
import { ModelToLoad } from './protocol';

/** What one request, and one batch, may take of the front's event loop. */
const REQUEST_MS = 1;
const BATCH_MS = 2;

/** Reading JSON, and reading numbers as they are: milliseconds a byte. Measured, rounded up. */
const JSON_MS = 4e-6;
const BINARY_MS = 0.3e-6;
/** The shortest JSON of an element, with its comma; and how long a usual one is. */
const LEAST_JSON_BYTES = 2;
const USUAL_JSON_BYTES = 12;

/** A bigger file is no cheap model, and the front would hold it besides the engines. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/**
 * Operators whose cost depends on values and not on shapes alone: one small request could hold the front for ever, or take all
 * its memory.
 */
const UNBOUNDED = [
  ...['If', 'Loop', 'Scan', 'SequenceMap', 'Range', 'ConstantOfShape', 'Expand', 'Tile', 'Resize', 'Upsample', 'Pad', 'OneHot'],
  ...['MaxUnpool', 'RandomNormal', 'RandomUniform', 'Multinomial', 'BlackmanWindow', 'HannWindow', 'HammingWindow'],
];

/** Who counts what is scored. */
export interface InlineObserver {
  batch(size: number, seconds: number): void;
}

interface Waiting {
  readonly request: ScoreRequest;
  readonly costMs: number;
  readonly resolve: (answer: ScoreAnswer) => void;
}

/**
 * Scores in the front's own process what costs less than to hand it to another: requests of models whose run was measured to take
 * a fraction of a millisecond, and whose graph cannot take longer for other values. What arrives in one turn of the event loop
 * is scored together.
 */
export class InlineScorer {
  /** Undefined where one of the models is not cheap. @throws ModelError */
  static async load(
    models: readonly ModelToLoad[],
    session: SessionSettings,
    maxBatch: number,
    observer?: InlineObserver,
  ): Promise<InlineScorer | undefined> {
    for (const { file } of models) if (!(await mayBeCheap(file))) return undefined;
    const loaded = await OnnxModels.load(models, session);
    if (loaded.service.models.every(({ cost }) => cost !== undefined && cost.runMs <= REQUEST_MS / 2)) {
      return new InlineScorer(loaded, maxBatch, observer);
    }
    await loaded.release();
    return undefined;
  }

  private readonly waiting: Waiting[] = [];
  private scheduled = false;

  private constructor(
    readonly models: OnnxModels,
    private readonly maxBatch: number,
    private readonly observer?: InlineObserver,
  ) {}

  get service(): LoadedService {
    return this.models.service;
  }

  /** Whether only the reading of a request is too much for the front: then a thread reads it, and it is scored here. */
  takesOnceRead({ model, protocol, headers, query, bytes }: Omit<ScoreRequest, 'body'>): boolean {
    const plain =
      protocol === 'azureml' &&
      query === '' &&
      !isBinary(headers['content-type']) &&
      acceptedFormat(headers.accept as string | undefined) === JSON_TYPE;
    return plain && runMs(this.service.models[model], bytes / LEAST_JSON_BYTES) <= REQUEST_MS;
  }

  /** Whether a usual JSON request is cheap; otherwise engines will be needed at once. */
  get takesUsualRequests(): boolean {
    return this.service.models.every(model => costMs(model, (model.cost?.elements ?? 0) * USUAL_JSON_BYTES, false) <= REQUEST_MS);
  }

  /** Whether a request of that size belongs here. */
  takes(request: Pick<ScoreRequest, 'model' | 'bytes' | 'headers'>): boolean {
    return this.costOf(request) <= REQUEST_MS;
  }

  /** Never rejects. */
  score(request: ScoreRequest): Promise<ScoreAnswer> {
    return new Promise(resolve => {
      this.waiting.push({ request, costMs: this.costOf(request), resolve });
      if (this.scheduled) return;
      this.scheduled = true;
      // after the other connections that have something to read
      setImmediate(() => void this.scoreWaiting());
    });
  }

  private async scoreWaiting(): Promise<void> {
    this.scheduled = false;
    const batch = this.takeBatch();
    const begin = performance.now();
    const answers = await this.models.score(batch.map(({ request }) => request));
    this.observer?.batch(batch.length, (performance.now() - begin) / 1000);
    batch.forEach(({ resolve }, index) => resolve(answers[index]));
    if (this.waiting.length === 0 || this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => void this.scoreWaiting());
  }

  /** From the oldest on: of one model, and no more than the event loop may be held for. */
  private takeBatch(): Waiting[] {
    const [first] = this.waiting;
    const batchable = this.service.models[first.request.model].batchable === true;
    let count = 1;
    let cost = first.costMs;
    while (batchable && count < this.waiting.length && count < this.maxBatch) {
      const next = this.waiting[count];
      cost += next.costMs;
      if (next.request.model !== first.request.model || cost > BATCH_MS) break;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private costOf({ model, bytes, headers }: Pick<ScoreRequest, 'model' | 'bytes' | 'headers'>): number {
    return costMs(this.service.models[model], bytes, isBinary(headers['content-type']));
  }
}

/** An upper estimate, like the next one. */
function costMs(model: LoadedModel, bytes: number, binary: boolean): number {
  return runMs(model, binary ? bytes : bytes / LEAST_JSON_BYTES) + bytes * (binary ? BINARY_MS : JSON_MS);
}

/** Of a run with no more elements than that. */
function runMs({ cost }: LoadedModel, elements: number): number {
  if (cost === undefined) return Infinity;
  const times = cost.grows ? Math.max(1, elements / Math.max(1, cost.elements)) : 1;
  // most of a cheap run is the call itself, which more elements do not repeat
  return cost.runMs * (1 + (times - 1) / 8);
}

function isBinary(contentType: string | string[] | undefined): boolean {
  const type = mediaType(contentType as string | undefined);
  return type === RAW_TYPE || type === NPY_TYPE;
}

/** Judged by the file, before it is loaded: a node's operator stands in it as a field of type 4 with its length. */
async function mayBeCheap(file: string): Promise<boolean> {
  if (statSync(file).size > MAX_FILE_BYTES) return false;
  const bytes = await readFile(file);
  return !UNBOUNDED.some(operator => bytes.includes(Buffer.from([0x22, operator.length, ...Buffer.from(operator)])));
}
