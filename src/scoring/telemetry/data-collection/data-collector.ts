import { createRequire } from 'module';
import { Log } from '../../log';
import { AppendTarget } from './append-target';
import type { AzureBlobs } from './azure-blobs';
import { cloudEventLine, cloudEventPath } from './cloud-event';
import { CsvFormat } from './csv-rows';
import { CollectedRecord, contentOf } from './record';
import { DataCollectionSettings } from './settings';

/** One scored request. The buffers must not be written to afterwards. */
export interface CollectedScore {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly requestId: string;
  /** @default the request id */
  readonly correlationId?: string;
  readonly time: Date;
  /** Without its query. */
  readonly path: string;
  readonly method: string;
  readonly status: number;
  readonly input: Buffer;
  readonly inputType?: string;
  readonly output: Buffer;
  readonly outputType: string;
}

/** What a script's own collector belongs to. */
export interface CollectedModel {
  readonly name: string;
  readonly version: string;
  readonly requestId?: string;
  readonly correlationId?: string;
}

/** Lines that go to one file. */
interface Block {
  readonly path: string;
  readonly header?: string;
  readonly bytes: Buffer;
  readonly records: number;
  failures: number;
}

/** Together with what could not be written yet; what comes on top is dropped. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
const MAX_RECORDS = 20_000;
/** So much is written before its time has come. */
const EARLY_BYTES = 4 * 1024 * 1024;
const EARLY_RECORDS = 2_000;
/** The most that one append carries. */
const BLOCK_BYTES = 3 * 1024 * 1024;
/** Times that a block is tried, each with the target's own repetitions, before it is dropped: one bad block must not stop the rest. */
const MAX_FAILURES = 20;
/** How long requests may wait while records are turned into lines. */
const SLICE_MS = 2;
const DEFAULT_FLUSH_MS = 15_000;

/** Collects samples of inputs and predictions, and appends them to blobs off the path of requests. */
export class DataCollector {
  /** @param onDrop told how many records were not collected. */
  static start(
    settings: DataCollectionSettings,
    log: Log,
    onDrop: (count: number) => void = () => undefined,
  ): Promise<DataCollector> {
    // beside this file, and in an image beside the server's bundle
    const { AzureBlobs: Blobs } = createRequire(__filename)('./azure-blobs') as { readonly AzureBlobs: typeof AzureBlobs };
    return Promise.resolve(new DataCollector(settings, new Blobs(settings), log, onDrop));
  }

  private pending: CollectedRecord[] = [];
  private pendingBytes = 0;
  private unsent: Block[] = [];
  private unsentBytes = 0;
  private unsentRecords = 0;
  private timer?: NodeJS.Timeout;
  private writing?: Promise<void>;
  private stopped = false;
  private lastFault = '';
  private readonly abort = new AbortController();
  private readonly csv: CsvFormat;

  constructor(
    private readonly settings: DataCollectionSettings,
    private readonly target: AppendTarget,
    private readonly log: Log,
    private readonly onDrop: (count: number) => void,
  ) {
    this.csv = new CsvFormat(settings);
  }

  /** Takes both bodies of a request, if it is in the sample. */
  collect(score: CollectedScore): void {
    if (Math.random() >= this.settings.sampleRate) return;
    const { modelName, modelVersion, requestId, time, path, method } = score;
    const common = { modelName, modelVersion, requestId, correlationId: score.correlationId ?? requestId, time, path, method };
    this.add({ ...common, designation: 'inputs', content: contentOf(score.input, score.inputType) });
    this.add({ ...common, designation: 'predictions', content: contentOf(score.output, score.outputType) });
  }

  /** Takes what a script collects itself; that is not sampled. */
  collectRecord(model: CollectedModel, designation: string, data: Buffer): void {
    const { name, version, requestId = '00000000-0000-0000-0000-000000000000', correlationId = requestId } = model;
    const content = contentOf(data, undefined);
    this.add({ modelName: name, modelVersion: version, designation, requestId, correlationId, time: new Date(), content });
  }

  /** Writes what waits, at most for `deadlineMs`; the rest is dropped. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const deadline = setTimeout(() => this.abort.abort(), deadlineMs);
    await this.writing;
    await this.write();
    clearTimeout(deadline);
    this.drop(this.unsentRecords);
  }

  private add(record: CollectedRecord): void {
    const bytes = record.content.text.length;
    const full = this.pendingBytes + this.unsentBytes + bytes > MAX_HELD_BYTES || this.pending.length >= MAX_RECORDS;
    if (this.stopped || full) return this.drop(1);
    this.pending.push(record);
    this.pendingBytes += bytes;
    if (this.writing !== undefined) return;
    const early = this.pendingBytes >= EARLY_BYTES || this.pending.length >= EARLY_RECORDS;
    // while blobs refuse, an early write would only refuse earlier
    if (early && this.unsent.length === 0) this.begin();
    else this.timer ??= setTimeout(() => this.begin(), this.settings.flushMs ?? DEFAULT_FLUSH_MS).unref();
  }

  private begin(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing ??= this.write();
  }

  /** Never throws: what could not be appended is kept for the next time. */
  private async write(): Promise<void> {
    // not within the request that filled the buffer
    await nextTurn();
    const records = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    await this.encode(records);
    const blocks = this.unsent;
    this.unsent = [];
    while (blocks.length > 0 && (await this.settle(blocks[0]))) blocks.shift();
    this.unsent = [...blocks, ...this.unsent];
    this.writing = undefined;
    const waiting = this.pending.length > 0 || this.unsent.length > 0;
    if (waiting && !this.stopped)
      this.timer ??= setTimeout(() => this.begin(), this.settings.flushMs ?? DEFAULT_FLUSH_MS).unref();
  }

  /** Whether nothing more is to be done for the block: it is appended, or was refused too often. */
  private async settle(block: Block): Promise<boolean> {
    if (this.abort.signal.aborted) return false;
    const appended = await this.append(block);
    if (!appended && ++block.failures < MAX_FAILURES) return false;
    this.unsentBytes -= block.bytes.length;
    this.unsentRecords -= block.records;
    if (!appended) this.drop(block.records);
    return true;
  }

  private async append({ path, bytes, header }: Block): Promise<boolean> {
    try {
      await this.target.append(path, bytes, header === undefined ? undefined : Buffer.from(header), this.abort.signal);
    } catch (error) {
      this.fault(error as Error);
      return false;
    }
    if (this.lastFault !== '') this.log.info('telemetry-recovered', { sink: 'data-collection' });
    this.lastFault = '';
    return true;
  }

  /** Turns records into blocks of lines, with pauses for requests. */
  private async encode(records: readonly CollectedRecord[]): Promise<void> {
    const files = new Map<string, { readonly header?: string; lines: string[]; size: number }>();
    let slice = performance.now();
    for (const record of records) {
      const encoded = this.lines(record);
      if (encoded === undefined) continue;
      const { path, header, rows } = encoded;
      const file = files.get(path) ?? { header, lines: [], size: 0 };
      files.set(path, file);
      file.lines.push(rows);
      file.size += rows.length;
      if (file.size >= BLOCK_BYTES) {
        this.close(path, file);
        files.delete(path);
      }
      if (performance.now() - slice < SLICE_MS) continue;
      await nextTurn();
      slice = performance.now();
    }
    for (const [path, file] of files) this.close(path, file);
  }

  private close(path: string, { header, lines }: { readonly header?: string; readonly lines: readonly string[] }): void {
    const block: Block = { path, header, bytes: Buffer.from(lines.join('')), records: lines.length, failures: 0 };
    this.unsent.push(block);
    this.unsentBytes += block.bytes.length;
    this.unsentRecords += block.records;
  }

  /** Undefined for what cannot be written down: JSON that is nested deeper than the stack goes. */
  private lines(record: CollectedRecord): { readonly path: string; readonly header?: string; readonly rows: string } | undefined {
    try {
      if (this.settings.format === 'csv') return this.csv.rows(record);
      return { path: cloudEventPath(this.settings, record), rows: cloudEventLine(this.settings, record) };
    } catch (error) {
      this.fault(error as Error);
      this.drop(1);
      return undefined;
    }
  }

  private drop(count: number): void {
    if (count > 0) this.onDrop(count);
  }

  private fault({ message }: Error): void {
    if (message !== this.lastFault) this.log.warning('telemetry-failed', { sink: 'data-collection', message });
    this.lastFault = message;
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
