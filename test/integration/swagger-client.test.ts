import { execFileSync } from 'child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'fs';
import { homedir } from 'os';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer } from '../../src/scoring/launch';
import { fixture, removeFolders, serve, stopServers, temporaryFolder } from '../scoring/support/server';
import { newKey } from './support/digits';
import { describeWith } from './support/requirements';
import { attempt, runAside } from './support/run';

/** Swagger 2.0 is what version 2.4 reads. */
const GENERATOR = 'io/swagger/swagger-codegen-cli';
const PYTHON = process.env.MODEL_SERVING_TEST_PYTHON ?? 'python3';

/** The generator's jar: a file that is named, or the newest in Maven's local repository. */
function generatorJar(): string | undefined {
  const named = process.env.SWAGGER_CODEGEN_JAR;
  if (named !== undefined) return existsSync(named) ? named : undefined;
  const folder = path.join(homedir(), '.m2/repository', GENERATOR);
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .filter(version => version.startsWith('2.4.'))
    .map(version => path.join(folder, version, `swagger-codegen-cli-${version}.jar`))
    .filter(jar => existsSync(jar))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .pop();
}

const java = () => (attempt('java', ['-version'], { timeoutSeconds: 20 }).status === 0 ? undefined : 'java does not run');
const generator = () =>
  generatorJar() === undefined
    ? 'neither SWAGGER_CODEGEN_JAR nor ~/.m2 has swagger-codegen-cli 2.4: ' +
      'mvn dependency:get -Dartifact=io.swagger:swagger-codegen-cli:2.4.39 -Dtransitive=false'
    : undefined;
/** What the generated Python client imports. */
const pythonPackages = () =>
  attempt(PYTHON, ['-c', 'import six, urllib3, certifi, dateutil'], { timeoutSeconds: 20 }).status === 0
    ? undefined
    : 'python3 has not six, urllib3, certifi and python-dateutil';

/** The part of the generated TypeScript that is called here. */
interface GeneratedModule {
  readonly DefaultApi: new (
    configuration: { readonly apiKey: string },
    basePath: string,
    send: typeof fetch,
  ) => {
    serviceHealthCheck(): Promise<unknown>;
    runMLService(input: { readonly features: number[][] }): Promise<{ readonly probabilities: number[][] }>;
  };
}

const FEATURES = [
  [0, 0, 0, 0],
  [1, 2, 3, 4],
];

describeWith([java, generator], 'a client that swagger-codegen generates from /swagger.json', () => {
  const key = newKey();
  let server: LaunchedServer;
  let baseUrl: string;

  beforeAll(async () => {
    const keys = temporaryFolder();
    writeFileSync(path.join(keys, 'primary'), key);
    server = await serve(fixture('dense'), { [ENV.auth]: 'keys', [ENV.keysDirectory]: keys });
    baseUrl = new URL(server.scoringUri).origin;
  });
  afterAll(async () => {
    await stopServers();
    removeFolders();
  });

  async function generate(language: string): Promise<string> {
    const folder = path.join(temporaryFolder(), language);
    await runAside('java', ['-jar', generatorJar() as string, 'generate', '-i', server.swaggerUri, '-l', language, '-o', folder]);
    return folder;
  }

  test('scores in TypeScript', async () => {
    const { DefaultApi } = loadTypeScript(await generate('typescript-fetch'));
    const client = new DefaultApi({ apiKey: `Bearer ${key}` }, baseUrl, fetch);

    const { probabilities } = await client.runMLService({ features: FEATURES });

    expect(probabilities).toEqual(await scoredDirectly());
  }, 120_000);

  test('is told in TypeScript where its key is none', async () => {
    const { DefaultApi } = loadTypeScript(await generate('typescript-fetch'));
    const client = new DefaultApi({ apiKey: 'Bearer other' }, baseUrl, fetch);

    await expect(client.runMLService({ features: FEATURES })).rejects.toMatchObject({ status: 401 });
  }, 120_000);

  const python = pythonPackages();
  (python === undefined ? test : test.skip)(
    `scores in Python${python === undefined ? '' : ` (skipped: ${python})`}`,
    async () => {
      const folder = await generate('python');
      const script = `
import json, swagger_client
configuration = swagger_client.Configuration()
configuration.host = ${JSON.stringify(baseUrl)}
configuration.api_key['Authorization'] = ${JSON.stringify(key)}
configuration.api_key_prefix['Authorization'] = 'Bearer'
api = swagger_client.DefaultApi(swagger_client.ApiClient(configuration))
answer = api.run_ml_service(swagger_client.ServiceInput(features=${JSON.stringify(FEATURES)}))
print(json.dumps([api.service_health_check(), answer.probabilities]))`;

      const printed = await runAside(PYTHON, ['-c', script], { cwd: folder });

      expect(JSON.parse(printed)).toEqual(['Healthy', await scoredDirectly()]);
    },
    120_000,
  );

  async function scoredDirectly(): Promise<unknown> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(server.scoringUri, { method: 'POST', headers, body: JSON.stringify({ features: FEATURES }) });
    return ((await response.json()) as { probabilities: number[][] }).probabilities;
  }
});

/** Bundles the generated sources; their `portable-fetch` is not needed where `fetch` is given. */
function loadTypeScript(folder: string): GeneratedModule {
  const shim = path.join(folder, 'shim');
  mkdirSync(shim);
  writeFileSync(path.join(shim, 'index.js'), 'module.exports = undefined;');
  const outfile = path.join(folder, 'client.js');
  execFileSync(process.execPath, [
    require.resolve('esbuild/bin/esbuild'),
    path.join(folder, 'index.ts'),
    `--outfile=${outfile}`,
    `--alias:portable-fetch=${shim}`,
    ...['--bundle', '--platform=node', '--format=cjs', '--log-level=error'],
  ]);
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require(outfile) as GeneratedModule;
}
