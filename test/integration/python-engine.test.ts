import { execFileSync } from 'child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer, launchScoringServer } from '../../src/scoring/launch';
import { describePython, FIXTURES, PYTHON } from '../scoring/python/engine-driver';
import { serverBundle, stopServers } from '../scoring/support/server';

jest.setTimeout(90_000);

const SOURCES = path.join(__dirname, '../../src/scoring/python');

const JSON_TYPE = { 'content-type': 'application/json' };

/** The bundled server with a Python script, as an image starts it. */
async function serveScript(entryScript: string, env: Record<string, string | undefined> = {}): Promise<LaunchedServer> {
  const bundle = serverBundle();
  const engine = path.join(path.dirname(bundle), 'python');
  if (!existsSync(engine)) symlinkSync(SOURCES, engine);
  return launchScoringServer({
    bundle,
    modelPath: '',
    env: {
      [ENV.auth]: 'none',
      [ENV.python]: PYTHON,
      [ENV.appRoot]: FIXTURES,
      [ENV.entryScript]: entryScript,
      PYTHONDONTWRITEBYTECODE: '1',
      ...env,
    },
  });
}

describePython('A Python entry script behind the server', () => {
  let server: LaunchedServer;
  const post = (query: string, body: string | Uint8Array = '', headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.scoringUri}${query}`, { method: 'POST', body, headers });
  const enginePids = (): number[] =>
    execFileSync('pgrep', ['-P', `${server.pid}`], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);

  beforeAll(async () => {
    server = await serveScript('hostile.py', { [ENV.scoringTimeoutMs]: '1000', [ENV.maxQueueWaitMs]: '20000' });
  });
  afterEach(async () => expect(await (await post('?do=answer')).text()).toBe('"fine"'));
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    await stopServers();
  });

  test('answers over a connection that stays open, with the ids of the request', async () => {
    const response = await post('?do=answer', '', { 'x-request-id': 'r-1' });
    expect([response.status, await response.text()]).toEqual([200, '"fine"']);
    expect(response.headers.get('x-request-id')).toBe('r-1');
    expect(response.headers.get('connection')).not.toBe('close');
  });

  test('streams', async () => {
    const response = await post('?do=stream', '3');
    expect([response.headers.has('content-length'), await response.text()]).toEqual([false, 'piece 0\npiece 1\npiece 2\n']);
  });

  test('has its lines and tracebacks in the log, with the id of the request', async () => {
    await post('?do=raise', '', { 'x-request-id': 'raised-1' });
    const line = server.output.find(text => text.includes('ZeroDivisionError'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ event: 'script-log', level: 'error', requestId: 'raised-1' });
  });

  test.each(['raise', 'exit', 'recurse'])('is answered for with 500 when it fails (%s), and its engine goes on', async action => {
    const before = enginePids();
    const response = await post(`?do=${action}`);
    expect([response.status, response.headers.get('x-ms-run-function-failed')]).toEqual([500, 'True']);
    expect(enginePids()).toEqual(before);
  });

  test('that takes too long is answered for with 504', async () => {
    const response = await post('?do=sleep', '30');
    expect([response.status, await response.json()]).toEqual([504, { message: 'Scoring timeout after 1000 ms' }]);
  });

  test('that hangs where no alarm gets through is killed, and the next request is scored', async () => {
    const before = enginePids();
    expect((await post('?do=deaf')).status).toBe(504);
    expect(await (await post('?do=answer')).text()).toBe('"fine"');
    expect(enginePids()).not.toEqual(before);
  });

  test('keeps health answering while it is busy', async () => {
    const busy = post('?do=sleep', '0.8');
    const health = await fetch(server.healthUri);
    expect([health.status, await health.text()]).toEqual([200, 'Healthy']);
    expect(await (await busy).text()).toBe('"slept"');
  });

  test('is restarted after its engine was killed in the middle of a request', async () => {
    const lost = post('?do=sleep', '0.8');
    await new Promise(resolve => setTimeout(resolve, 200));
    for (const pid of enginePids()) process.kill(pid, 'SIGKILL');
    expect((await lost).status).toBe(503);
  });
});

describePython('The Python sample of the documentation', () => {
  const example = path.join(__dirname, '../../examples/python-script');
  let models: string;
  let server: LaunchedServer | undefined;

  beforeAll(() => {
    models = mkdtempSync(path.join(tmpdir(), 'models-'));
    mkdirSync(path.join(models, 'diabetes/1'), { recursive: true });
    const program = `
import joblib, sys
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
joblib.dump(Ridge(alpha=0.1).fit(*load_diabetes(return_X_y=True)), sys.argv[1])`;
    execFileSync(PYTHON ?? '', ['-c', program, path.join(models, 'diabetes/1/diabetes.joblib')]);
  });
  afterAll(async () => {
    await server?.stop();
    await stopServers();
    rmSync(models, { recursive: true, force: true });
  });

  test('scores the sample that it declares, under the name that it declares', async () => {
    server = await serveScript('score.py', { [ENV.appRoot]: example, [ENV.modelDir]: path.join(models, 'diabetes/1') });
    const swagger = (await (await fetch(server.swaggerUri)).json()) as { definitions: { ServiceInput: { example: object } } };
    const body = JSON.stringify(swagger.definitions.ServiceInput.example);
    const result = (await (await fetch(server.scoringUri, { method: 'POST', body, headers: JSON_TYPE })).json()) as number[];

    expect(result).toHaveLength(1);
    expect(result[0]).toBeGreaterThan(25);
    expect(result[0]).toBeLessThan(346);
  });
});

describePython('A Python entry script that cannot be loaded', () => {
  test('ends the server with the reason', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'script-'));
    writeFileSync(path.join(root, 'score.py'), 'def init():\n  raise ValueError("no weights")\ndef run(data): pass\n');
    await expect(serveScript('score.py', { [ENV.appRoot]: root })).rejects.toThrow(
      /failed in init\(\):[^]*ValueError: no weights/,
    );
    rmSync(root, { recursive: true });
    await stopServers();
  });
});
