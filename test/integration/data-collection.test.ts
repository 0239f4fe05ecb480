import { parse } from 'csv-parse/sync';
import { buildSync } from 'esbuild';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { launchScoringServer } from '../../src/scoring/launch';
import { ACCOUNT, Azurite, azurite, IdentityEndpoint, openssl } from './support/azurite';
import { describeWith } from './support/requirements';
import { runAside } from './support/run';

jest.setTimeout(120_000);

describeWith([azurite, openssl], 'data collection into a storage account', () => {
  let folder: string;
  let storage: Azurite;
  let identity: IdentityEndpoint;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'data-collection-'));
    bundle(folder);
    storage = await Azurite.start(folder);
    identity = await IdentityEndpoint.start();
    await program('storage', []);
  });
  afterAll(async () => {
    identity?.stop();
    await storage?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  /** Runs one of the two programs, which trusts the account's certificate. */
  const program = (name: 'collecting' | 'storage', args: readonly string[], env: Record<string, string> = {}): Promise<string> =>
    runAside(
      process.execPath,
      [path.join(folder, `${name}-program.js`), ...(name === 'storage' ? [`${storage.url}/modeldata`] : []), ...args],
      {
        timeoutSeconds: 60,
        env: { NODE_EXTRA_CA_CERTS: storage.certificate, ...env },
      },
    );

  /** Collects in a process of its own, as one replica; resolves with what it logged. */
  const collect = (requests: number, env: Record<string, string>): Promise<string> =>
    program('collecting', [String(requests)], {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: identity.url,
      AML_MDC_STORAGE_ENABLED: 'true',
      MODEL_SERVING_COLLECT_URI: `${storage.url}/modeldata`,
      AZUREML_ARM_SUBSCRIPTION: 'sub',
      AZUREML_ARM_RESOURCEGROUP: 'rg',
      WORKSPACE_NAME: 'lab',
      ...env,
    });

  const read = (blob: string): Promise<string> => program('storage', [blob]);

  test('a managed identity writes JSON lines', async () => {
    const logged = await collect(50, { SERVICE_NAME: 'lines', HOSTNAME: 'replica-1', MODEL_SERVING_COLLECT_FORMAT: 'jsonl' });
    const file = (collection: string) => read(`lines/digits-3/${collection}/2026/03/04/05/replica-1.jsonl`);
    const [requests, responses] = (await Promise.all(['request', 'response'].map(file))).map(
      content =>
      content.trimEnd().split('\n').map(line => JSON.parse(line)), // prettier-ignore
    );

    expect(logged).toBe('');
    expect(requests.map(({ data }) => data.x[0][0])).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(responses.map(({ xrequestid }) => xrequestid)).toEqual(requests.map(({ xrequestid }) => xrequestid));
    expect(identity.asked.at(-1)?.url.searchParams.get('resource')).toBe('https://storage.azure.com');
  });

  test('replicas that write one CSV file at once give it one header and lose no row', async () => {
    const replicas = ['a', 'b', 'c', 'd'];
    const logged = await Promise.all(replicas.map(name => collect(25, { SERVICE_NAME: 'table', HOSTNAME: name })));
    const content = await read('sub/rg/lab/table/digits/3/inputs/2026/03/04/data.csv');
    const rows = parse<Record<string, string>>(content, { columns: true });

    expect(logged.join('')).toBe('');
    expect(content.match(/x_0,x_1,\$aml_dc_correlation_id/g)).toHaveLength(1);
    expect(content.startsWith('x_0,x_1,$aml_dc_correlation_id')).toBe(true);
    expect(new Set(rows.map(row => row.$aml_request_id)).size).toBe(100);
  });

  test('the identity that AZURE_CLIENT_ID names is the one that is asked for', async () => {
    await collect(1, { SERVICE_NAME: 'named', HOSTNAME: 'replica-1', AZURE_CLIENT_ID: '11111111-2222-4333-8444-555555555555' });

    expect(identity.asked.at(-1)?.url.searchParams.get('client_id')).toBe('11111111-2222-4333-8444-555555555555');
  });

  test('the server collects what it scores, and sends the rest when it stops', async () => {
    const server = await launchScoringServer({
      bundle: path.resolve('programs/scoring-server.js'),
      modelPath: path.resolve('test/fixtures/models/dense.onnx'),
      env: {
        ...{ NODE_EXTRA_CA_CERTS: storage.certificate, AZURE_POD_IDENTITY_AUTHORITY_HOST: identity.url },
        ...{ [ENV.collectionEnabled]: 'true', [ENV.collectionUri]: `${storage.url}/modeldata`, [ENV.auth]: 'none' },
        ...{ AZUREML_ARM_SUBSCRIPTION: 'sub', AZUREML_ARM_RESOURCEGROUP: 'rg', WORKSPACE_NAME: 'lab', SERVICE_NAME: 'served' },
      },
    });
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    for (const value of [1, 2, 3]) {
      await fetch(server.scoringUri, { method: 'POST', body: JSON.stringify({ features: [[value, 0, 0, 1]] }) });
    }
    await server.stop();
    const [inputs, predictions] = await Promise.all(
      ['inputs', 'predictions'].map(async designation =>
        parse<Record<string, string>>(await read(`sub/rg/lab/served/dense/1/${designation}/${day}/data.csv`), { columns: true }),
      ),
    );

    expect(inputs.map(row => row.features_0)).toEqual(['1', '2', '3']);
    expect(predictions.map(row => row.$aml_request_id)).toEqual(inputs.map(row => row.$aml_request_id));
  });

  test('a container that is missing is said plainly, and nothing fails', async () => {
    const logged = await collect(1, { SERVICE_NAME: 'lost', MODEL_SERVING_COLLECT_URI: `${storage.url}/nowhere` });

    expect(JSON.parse(logged)).toMatchObject({ level: 'warning', event: 'telemetry-failed' });
    expect(logged).toMatch(/there is no container \S+\/nowhere: create it/);
  });

  test('no identity is said plainly, and nothing fails', async () => {
    const logged = await collect(1, { SERVICE_NAME: 'nobody', AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9' });

    expect(logged).toMatch(/no managed identity gives a token/);
  });

  test('an account key writes to an emulator on this machine', async () => {
    const key = `DefaultEndpointsProtocol=https;AccountName=${ACCOUNT.name};AccountKey=${ACCOUNT.key};BlobEndpoint=${storage.url};`;
    const asked = identity.asked.length;
    const logged = await collect(1, { SERVICE_NAME: 'keyed', HOSTNAME: 'replica-1', AZURE_STORAGE_CONNECTION_STRING: key });

    expect(logged).toBe('');
    expect(await read('sub/rg/lab/keyed/digits/3/inputs/2026/03/04/data.csv')).toContain('0,0.5,replica-1-0');
    expect(identity.asked).toHaveLength(asked);
  });
});

/** The collecting program and, beside it as in an image, the Azure libraries. */
function bundle(folder: string): void {
  const support = 'test/integration/support';
  const sources = [
    `${support}/collecting-program.ts`,
    `${support}/storage-program.ts`,
    'src/scoring/telemetry/data-collection/azure-blobs.ts',
  ];
  for (const source of sources) {
    buildSync({
      entryPoints: [path.resolve(source)],
      outdir: folder,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      define: { 'import.meta.url': 'importMetaUrl' },
      banner: { js: "const importMetaUrl = require('url').pathToFileURL(__filename).href;" },
      logLevel: 'error',
    });
  }
}
