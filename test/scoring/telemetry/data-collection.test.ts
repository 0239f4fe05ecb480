import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { Log } from '../../../src/scoring/log';
import { AppendError, AppendTarget } from '../../../src/scoring/telemetry/data-collection/append-target';
import { CollectedScore, DataCollector } from '../../../src/scoring/telemetry/data-collection/data-collector';
import { featureTable } from '../../../src/scoring/telemetry/data-collection/feature-table';
import { DataCollectionSettings } from '../../../src/scoring/telemetry/data-collection/settings';

const TIME = new Date('2026-03-04T05:06:07.089Z');

/** Files in memory, which refuse while they are told to. */
class Files implements AppendTarget {
  readonly content = new Map<string, string>();
  refusing = false;

  append(path: string, block: Buffer, header: Buffer | undefined): Promise<void> {
    if (this.refusing) return Promise.reject(new AppendError('no write permission'));
    const before = this.content.get(path) ?? header?.toString() ?? '';
    this.content.set(path, before + block.toString());
    return Promise.resolve();
  }
}

let files: Files;
let collector: DataCollector;
let dropped: number;
let logged: string[];

function start(change: Partial<DataCollectionSettings> = {}): DataCollector {
  files = new Files();
  dropped = 0;
  logged = [];
  const settings: DataCollectionSettings = {
    containerUrl: 'https://contoso.blob.core.windows.net/modeldata',
    format: 'jsonl',
    sampleRate: 1,
    subscriptionId: 'sub',
    resourceGroup: 'rg',
    workspaceName: 'lab',
    serviceName: 'digits service',
    instance: 'replica-1',
    flushMs: 5,
    ...change,
  };
  const log = new Log(line => logged.push(line));
  collector = new DataCollector(settings, files, log, count => (dropped += count));
  return collector;
}
afterEach(() => collector.stop(1_000));

const score = (input: string | Buffer, change: Partial<CollectedScore> = {}): CollectedScore => ({
  modelName: 'digits',
  modelVersion: '3',
  requestId: 'request-1',
  time: TIME,
  path: '/score',
  method: 'POST',
  status: 200,
  input: Buffer.from(input),
  inputType: 'application/json',
  output: Buffer.from('{"label":[4]}'),
  outputType: 'application/json',
  ...change,
});

async function collected(
  scores: readonly CollectedScore[],
  change: Partial<DataCollectionSettings> = {},
): Promise<Map<string, string>> {
  start(change);
  for (const one of scores) collector.collect(one);
  await collector.stop(5_000);
  return files.content;
}

const events = (content: string | undefined) =>
  (content ?? '')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
const table = (content: string | undefined) => parse<Record<string, string>>(content ?? '', { columns: true });

describe('JSON lines', () => {
  const REQUESTS = 'digits-service/digits-3/request/2026/03/04/05/replica-1.jsonl';
  const RESPONSES = 'digits-service/digits-3/response/2026/03/04/05/replica-1.jsonl';

  test('are CloudEvents with Azure ML’s extensions, in a file by hour and replica', async () => {
    const content = await collected([score('{\n "x": [[1, 2]]\n}', { correlationId: 'trace-1' })]);
    const [event] = events(content.get(REQUESTS));

    expect([...content.keys()]).toEqual([REQUESTS, RESPONSES]);
    expect(event).toEqual({
      specversion: '1.0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      source:
        '/subscriptions/sub/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/lab/onlineEndpoints/digits%20service/deployments/digits-3',
      type: 'azureml.inference.request',
      datacontenttype: 'application/json',
      time: '2026-03-04T05:06:07.089Z',
      data: { x: [[1, 2]] },
      path: '/score',
      method: 'POST',
      contentrange: 'bytes 0-17/18',
      correlationid: 'trace-1',
      xrequestid: 'request-1',
      modelversion: '3',
      collectdatatype: 'json',
      agent: 'model-serving/1',
    });
    expect(events(content.get(RESPONSES))[0]).toMatchObject({ type: 'azureml.inference.response', data: { label: [4] } });
  });

  test('keep the beginning of what is too long, and say so', async () => {
    const long = `"${'€'.repeat(200_000)}"`;
    const [event] = events((await collected([score(long)])).get(REQUESTS));

    expect(event).toMatchObject({ datainblob: 'false', datanote: 'truncated', contentrange: 'bytes 0-600001/600002' });
    expect(long.startsWith(event.data)).toBe(true);
    expect(Buffer.byteLength(event.data)).toBeGreaterThan(256 * 1024 - 4);
  });

  test.each([
    ['application/octet-stream', '{"x":1}'],
    ['image/png', 'PNG'],
    ['application/json', Buffer.from([0xff, 0xfe])],
  ])('only note a body of %s that is no text', async (inputType, input) => {
    const [event] = events((await collected([score(input, { inputType })])).get(REQUESTS));

    expect(event).toMatchObject({ data: null, datainblob: 'false', datanote: 'binary', collectdatatype: 'binary' });
  });

  test('hold any text, one event a line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), async texts => {
        const content = await collected(texts.map(text => score(text, { inputType: 'text/plain' })));
        const asData = (text: string) => {
          try {
            return JSON.parse(text);
          } catch {
            return text;
          }
        };

        expect(events(content.get(REQUESTS)).map(({ data }) => data)).toEqual(texts.map(asData));
      }),
      { numRuns: 50 },
    );
  });
});

describe('CSV', () => {
  const FOLDER = 'sub/rg/lab/digits-service/digits/3';

  test('has v1’s paths, a row an example, and v1’s columns after the features', async () => {
    const content = await collected([score('{"pixels":[[1,2],[3,4]],"kind":["a","b, \\"c\\""]}')], { format: 'csv' });
    const correlation = {
      $aml_dc_correlation_id: 'request-1',
      $aml_dc_scoring_timestamp: '2026-03-04T05:06:07.089Z',
      $aml_dc_boundary: '1440',
      $aml_workspace: 'sub/rg/lab',
      $aml_service_name: 'digits service',
      $aml_model_name: 'digits',
      $aml_model_version: '3',
      $aml_request_id: 'request-1',
    };

    expect([...content.keys()]).toEqual([`${FOLDER}/inputs/2026/03/04/data.csv`, `${FOLDER}/predictions/2026/03/04/data.csv`]);
    expect(table(content.get(`${FOLDER}/inputs/2026/03/04/data.csv`))).toEqual([
      { pixels_0: '1', pixels_1: '2', kind: 'a', ...correlation },
      { pixels_0: '3', pixels_1: '4', kind: 'b, "c"', ...correlation },
    ]);
    expect(table(content.get(`${FOLDER}/predictions/2026/03/04/data.csv`))).toEqual([{ label: '4', ...correlation }]);
  });

  test('rows with other columns go to a file of their own', async () => {
    const content = await collected(
      ['{"x":[[1]]}', '{"y":[[2]]}', '{"x":[[3]]}'].map(input => score(input)),
      { format: 'csv' },
    );
    const inputs = [...content.keys()].filter(path => path.includes('/inputs/'));

    expect(inputs).toEqual([
      `${FOLDER}/inputs/2026/03/04/data.csv`,
      expect.stringMatching(/\/inputs\/2026\/03\/04\/data-[0-9a-f]{8}\.csv$/),
    ]);
    expect(table(content.get(inputs[0])).map(({ x_0 }) => x_0)).toEqual(['1', '3']);
    expect(table(content.get(inputs[1])).map(({ y_0 }) => y_0)).toEqual(['2']);
  });

  test.each([
    ['a text', 'hello, "you"', '', 'hello, "you"'],
    ['JSON that is no table', '{"a":{"b":1}}', '', '{"a":{"b":1}}'],
    ['bytes', Buffer.from([0xff]), 'binary', ''],
  ])('keeps %s in one column', async (_what, input, note, data) => {
    const content = await collected([score(input)], { format: 'csv' });

    expect(table(content.get(`${FOLDER}/inputs/2026/03/04/data.csv`))[0]).toMatchObject({ data, data_note: note });
  });

  test('a name cannot lead out of its folder', async () => {
    start({ format: 'csv' }).collectRecord({ name: '../..', version: '' }, '../secret', Buffer.from('[1]'));
    await collector.stop(5_000);

    expect([...files.content.keys()][0]).toMatch(
      /^sub\/rg\/lab\/digits-service\/\.\.-\.\.\/-\/\.\.-secret\/\d{4}\/\d\d\/\d\d\/data\.csv$/,
    );
  });
});

describe('featureTable', () => {
  test.each([
    ['[{"a":1,"b":2},{"a":3,"b":4}]', { columns: ['a', 'b'], rows: [[1, 2], [3, 4]] }], // prettier-ignore
    ['{"data":[{"a":1}]}', { columns: ['a'], rows: [[1]] }],
    ['[[1,2],[3,4]]', { columns: ['0', '1'], rows: [[1, 2], [3, 4]] }], // prettier-ignore
    ['[0.5,0.25]', { columns: ['value'], rows: [[0.5], [0.25]] }],
    ['{"x":[[[1],[2]]]}', { columns: ['x_0_0', 'x_1_0'], rows: [[1, 2]] }],
  ])('%s', (json, expected) => {
    expect(featureTable(JSON.parse(json))).toEqual(expected);
  });

  test.each(['1', 'null', '[]', '{}', '[[]]', '[[1],[1,2]]', '{"a":[1],"b":[1,2]}', '[{"a":1},{"b":1}]', '{"a":1}'])(
    '%s is no table',
    json => {
      expect(featureTable(JSON.parse(json))).toBeUndefined();
    },
  );

  test('what has hundreds of columns is no table', () => {
    expect(featureTable([Array.from({ length: 513 }, () => 1)])).toBeUndefined();
    expect(featureTable([Array.from({ length: 512 }, () => 1)])?.columns).toHaveLength(512);
  });

  test('every row has a value for every column, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const found = featureTable(value);

        for (const row of found?.rows ?? []) expect(row).toHaveLength(found?.columns.length ?? -1);
      }),
    );
  });
});

describe('DataCollector', () => {
  test('takes a share of the requests, both bodies or none', async () => {
    const content = await collected(
      Array.from({ length: 2_000 }, (_, i) => score(`[${i}]`, { requestId: String(i) })),
      { sampleRate: 0.25 },
    );
    const [inputs, outputs] = [...content.values()].map(file => events(file).map(({ xrequestid }) => xrequestid));

    expect(inputs).toEqual(outputs);
    expect(inputs.length).toBeGreaterThan(350);
    expect(inputs.length).toBeLessThan(650);
  });

  test('takes nothing at a share of 0, but what a script collects itself', async () => {
    start({ sampleRate: 0 }).collect(score('[1]'));
    collector.collectRecord({ name: 'digits', version: '3', requestId: 'r' }, 'model_inputs', Buffer.from('[{"a":1}]'));
    await collector.stop(5_000);

    expect([...files.content.keys()].map(path => path.split('/')[2])).toEqual(['model_inputs']);
    expect(events([...files.content.values()][0])[0]).toMatchObject({ type: 'azureml.inference.model_inputs', xrequestid: 'r' });
  });

  test('keeps what was refused, says why once, and writes it when it can', async () => {
    start().collect(score('[1]'));
    files.refusing = true;
    await until(() => logged.length === 1);
    collector.collect(score('[2]'));
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(logged).toHaveLength(1);
    files.refusing = false;
    await until(() => logged.length === 2);
    await collector.stop(5_000);

    expect(JSON.parse(logged[0])).toMatchObject({ level: 'warning', event: 'telemetry-failed', message: 'no write permission' });
    expect(JSON.parse(logged[1])).toMatchObject({ event: 'telemetry-recovered' });
    expect(events([...files.content.values()][0]).map(({ data }) => data)).toEqual([[1], [2]]);
    expect(dropped).toBe(0);
  });

  test('drops what is too much to hold, and counts it', async () => {
    start({ flushMs: 100_000 });
    files.refusing = true;
    const body = Buffer.alloc(250_000, '1');
    for (let i = 0; i < 200; i++) collector.collect(score(body, { requestId: String(i) }));

    expect(dropped).toBeGreaterThan(50);
    await collector.stop(1_000);
    expect(dropped).toBe(400);
    expect(files.content.size).toBe(0);
  });

  test.each(['csv', 'jsonl'] as const)('as %s, JSON without a bottom costs its own record and no other', async format => {
    const bottomless = '['.repeat(120_000) + ']'.repeat(120_000);
    const content = await collected([score(bottomless), score('[7]')], { format });

    expect(dropped).toBe(1);
    expect([...content.values()].filter(file => file.includes('7'))).not.toHaveLength(0);
  });

  test('a stop ends at its deadline where an append hangs', async () => {
    start();
    files.append = (_path, _block, _header, signal?: AbortSignal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new AppendError('stopped'))));
    collector.collect(score('[1]'));
    await collector.stop(30);

    expect(dropped).toBe(2);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5));
}
