import { createHash } from 'crypto';
import { FeatureTable, featureTable } from './feature-table';
import { CollectedRecord, dataOf } from './record';
import { segment } from './segment';
import { DataCollectionSettings } from './settings';

/** What v1's collector wrote after the features. */
const CORRELATION_COLUMNS = [
  '$aml_dc_correlation_id',
  '$aml_dc_scoring_timestamp',
  '$aml_dc_boundary',
  '$aml_workspace',
  '$aml_service_name',
  '$aml_model_name',
  '$aml_model_version',
  '$aml_request_id',
];
/** Minutes of one file: a day. */
const BOUNDARY = 1440;

/** Scripts name designations; should they invent ever new ones, the later count as first each time. */
const MAX_FOLDERS = 10_000;

/** Rows for one file, and the header that the file begins with. */
export interface CsvRows {
  readonly path: string;
  readonly header: string;
  readonly rows: string;
}

/**
 * v1's tables: the features, then what correlates them. The columns that a model's first record has since the start go to
 * `data.csv`; rows with other columns to a `data-<hash of the columns>.csv`, for a file has one header.
 */
export class CsvFormat {
  private readonly firstColumns = new Map<string, string>();

  constructor(private readonly settings: DataCollectionSettings) {}

  rows(record: CollectedRecord): CsvRows {
    const { columns, rows } = tableOf(record);
    const header = line([...columns, ...CORRELATION_COLUMNS]);
    const correlation = this.correlation(record);
    return { path: this.path(record, header), header, rows: rows.map(row => line([...row, ...correlation])).join('') };
  }

  private path(record: CollectedRecord, header: string): string {
    const { subscriptionId, resourceGroup, workspaceName, serviceName } = this.settings;
    const names = [subscriptionId, resourceGroup, workspaceName, serviceName, record.modelName, record.modelVersion];
    const folder = [...names, record.designation].map(segment).join('/');
    const [year, month, day] = record.time.toISOString().split(/[-T]/);
    const first = this.firstColumns.get(folder) ?? header;
    if (this.firstColumns.size < MAX_FOLDERS) this.firstColumns.set(folder, first);
    const file = header === first ? 'data' : `data-${createHash('sha256').update(header).digest('hex').slice(0, 8)}`;
    return `${folder}/${year}/${month}/${day}/${file}.csv`;
  }

  private correlation(record: CollectedRecord): readonly unknown[] {
    const { subscriptionId, resourceGroup, workspaceName, serviceName } = this.settings;
    const workspace = `${subscriptionId}/${resourceGroup}/${workspaceName}`;
    const { correlationId, time, modelName, modelVersion, requestId } = record;
    return [correlationId, time.toISOString(), BOUNDARY, workspace, serviceName, modelName, modelVersion, requestId];
  }
}

/** Features where the data has them, else the text in one column; what is missing is said in its place. */
function tableOf({ content }: CollectedRecord): FeatureTable {
  const data = dataOf(content);
  const table = data?.json ? featureTable(data.value) : undefined;
  if (table !== undefined) return table;
  const note = data === undefined ? 'binary' : (content.note ?? '');
  const text = data === undefined ? '' : data.json ? JSON.stringify(data.value) : data.value;
  return { columns: ['data', 'data_note', 'data_bytes'], rows: [[text, note, content.bytes]] };
}

function line(cells: readonly unknown[]): string {
  return `${cells.map(cell).join(',')}\n`;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
