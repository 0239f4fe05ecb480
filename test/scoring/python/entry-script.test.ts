import { spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { describePython, PYTHON, TestEngine } from './engine-driver';

jest.setTimeout(90_000);

/** The samples of Azure ML v1's article, as a user would type them. */
const ARTICLE = path.join(__dirname, '../../integration/article');

/** Trains a model with the Python under test, which is the one that can read it. */
function train(file: string, program: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const { status, stderr } = spawnSync(PYTHON ?? '', [
    '-c',
    `import joblib, sys\n${program}\njoblib.dump(model, sys.argv[1])`,
    file,
  ]);
  if (status !== 0) throw new Error(stderr.toString());
}

describePython('A Python entry script', () => {
  let engine: TestEngine;
  let models: string;
  const load = async (
    script: string,
    options: { modelDir?: string; appRoot?: string; env?: Record<string, string> } = {},
  ): Promise<void> => {
    engine = await TestEngine.loaded({ script, ...options });
  };

  beforeAll(() => (models = mkdtempSync(path.join(tmpdir(), 'models-'))));
  afterAll(() => rmSync(models, { recursive: true, force: true }));
  afterEach(() => engine.stop());

  test('that is not decorated gets the body as text, and may ask for the headers', async () => {
    await load('echo.py');
    const answer = await engine.score({
      body: '{"a": [1, 2]}',
      headers: { 'content-type': 'application/json', 'x-request-id': 'r-1' },
    });

    expect(JSON.parse(answer.text)).toEqual({ got: '{"a": [1, 2]}', id: 'r-1', cwd: path.join(__dirname, 'fixtures') });
    expect(answer).toMatchObject({ status: 200, runFailed: false });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'x-request-id': 'r-1',
      'x-ms-run-function-failed': 'False',
    });
  });

  test('gets the query of a GET as JSON text', async () => {
    await load('echo.py');
    const answer = await engine.score({ method: 'GET', query: '?a=1&a=2&b=x', headers: {} });

    expect(JSON.parse((JSON.parse(answer.text) as { got: string }).got)).toEqual({ a: [1, 2], b: 'x' });
  });

  test('gets the body of curl -d, whose content type says that it is a form, and of a caller that names none', async () => {
    await load('echo.py');
    for (const headers of [{ 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': '' }, {}] as Record<
      string,
      string
    >[]) {
      const answer = await engine.score({ body: '{"data": 1}', headers });
      expect(JSON.parse(answer.text)).toMatchObject({ got: '{"data": 1}' });
    }
  });

  test('has what it prints logged with the request', async () => {
    await load('echo.py');
    expect((await engine.score({ body: 'abc' })).logs).toEqual([{ level: 'info', message: 'scoring 3' }]);
    expect(engine.output).toContain('init ran\n');
  });

  test('as in the article on scikit-learn serves its model, a numpy schema and a Swagger document', async () => {
    const modelDir = path.join(models, 'sklearn_regression_model.pkl/3');
    train(
      path.join(modelDir, 'sklearn_regression_model.pkl'),
      'from sklearn.linear_model import Ridge\nmodel = Ridge(alpha=0).fit([[float(r == c) for c in range(10)] for r in range(10)] + [[0.0] * 10], list(range(10)) + [0])',
    );
    await load('x/y/score.py', { modelDir, appRoot: ARTICLE });
    const body = JSON.stringify({
      data: [
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
        [0, 1, 1, 0, 0, 0, 0, 0, 0, 0],
      ],
    });
    const result = JSON.parse((await engine.score({ body })).text) as number[];

    expect(result[0]).toBeCloseTo(18);
    expect(result[1]).toBeCloseTo(3);
    expect(Object.keys(engine.service.swagger)).toEqual(['2', '3', '3.1']);
    expect(JSON.parse(engine.service.swagger['2'])).toMatchObject({
      swagger: '2.0',
      definitions: { ServiceInput: { properties: { data: { type: 'array', items: { items: { format: 'int64' } } } } } },
    });
    expect(engine.service.raw).toBe(false);
  });

  test('with a schema answers 400 to what does not fit it', async () => {
    await load('power_bi.py');
    const status = async (body: string): Promise<unknown> => {
      const answer = await engine.score({ body });
      return [answer.status, (JSON.parse(answer.text) as { message: string }).message];
    };

    expect(await status('')).toEqual([400, 'POST body is empty. Expecting a JSON dictionary.']);
    expect(await status('[1]')).toEqual([400, 'POST body should be a JSON dictionary.']);
    expect(await status('{"Inputs": {}}')).toEqual([400, "A value is not provided for the 'GlobalParameters' parameter."]);
    expect((await engine.score({ body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });

  test('as in the article on data frames serves a pandas schema', async () => {
    const modelDir = path.join(models, 'several');
    const program = `
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
data = pd.DataFrame([[1.0, "a", 2], [2.0, "b", 5], [4.0, "c", 1]], columns=["input_name_1", "input_name_2", "input_name_3"])
columns = make_column_transformer(("passthrough", ["input_name_1", "input_name_3"]))
model = make_pipeline(columns, LinearRegression()).fit(data, [3, 7, 5])`;
    train(path.join(modelDir, 'model_name/1/model.pkl'), program);
    train(path.join(modelDir, 'another/12/model.pkl'), program);
    await load('power_bi.py', { modelDir, appRoot: ARTICLE });
    const rows = [{ input_name_1: 1.5, input_name_2: 'x', input_name_3: 4 }];
    const result = JSON.parse((await engine.score({ body: JSON.stringify({ data: rows }) })).text) as number[];

    expect(result[0]).toBeCloseTo(5.5);
    expect(JSON.parse(engine.service.swagger['3'])).toMatchObject({
      components: { schemas: { ServiceInput: { properties: { data: { format: 'pandas.DataFrame:records' } } } } },
    });
  });

  test('takes the nested form that Power BI sends', async () => {
    await load('power_bi.py');
    const inputs = { input1: [[1, 2]], input2: [{ name: 'a', state: 4 }] };
    const answer = await engine.score({ body: JSON.stringify({ Inputs: inputs, GlobalParameters: 0.5 }) });

    expect([answer.status, answer.text]).toEqual([200, '{"Results": 3.5}']);
  });

  test('with @rawhttp gets requests as they come', async () => {
    await load('raw_http.py', { appRoot: ARTICLE });
    expect(engine.service.raw).toBe(true);
    expect(await engine.score({ method: 'GET', query: '?a=%20b&c', headers: {} })).toMatchObject({
      status: 200,
      text: '/score?a=%20b&c',
    });
    expect(await engine.score({ method: 'OPTIONS', headers: {} })).toMatchObject({
      status: 500,
      text: 'bad request',
      runFailed: true,
    });

    const body = Buffer.from([0, 255, 128, 10, 13]);
    const answer = await engine.score({ body, headers: { 'content-type': 'image/png' } });
    expect(Buffer.from(answer.text)).toEqual(Buffer.from(body.toString()));
    expect(answer.bytes).toBe(5);
  });

  test('that uses the request without @rawhttp, as in the article on CORS, gets it all the same', async () => {
    await load('cors.py', { appRoot: ARTICLE });
    const answer = await engine.score({ body: 'hello' });

    expect(answer).toMatchObject({ status: 200, text: 'hello' });
    expect(answer.headers['access-control-allow-origin']).toBe('http://www.example.com');
    expect(engine.service.raw).toBe(true);
  });

  test('is given the data collectors, whose data goes to the front', async () => {
    await load('collects.py');
    const { collected, text } = await engine.score({ body: '1' });

    expect(collected).toEqual([
      { head: { type: 'collect', model: 'digits', designation: 'inputs' }, text: '[{"a": 1, "b": 2.5}, {"a": 3, "b": "x,y"}]' },
      {
        head: { type: 'collect', model: '', designation: 'model_outputs', correlationId: JSON.parse(text) as string },
        text: '[{"score":0.5},{"score":0.25}]',
      },
    ]);
  });

  test('sees defaults that keep answers and usage to themselves, and neither front settings nor telemetry', async () => {
    await load('hostile.py', {
      env: { AML_CORS_ORIGINS: '*', AML_MODEL_DC_STORAGE_ENABLED: 'true', AML_APP_INSIGHTS_ENABLED: 'true' },
    });
    const env = JSON.parse(JSON.parse((await engine.score({ query: '?do=environ' })).text) as string) as Record<string, string>;

    expect(env).toMatchObject({
      APP_INSIGHTS_LOG_RESPONSE_ENABLED: 'false',
      ORT_DISABLE_TELEMETRY: '1',
      AML_MDC_STORAGE_ENABLED: 'true',
      AML_APP_INSIGHTS_ENABLED: 'false',
      SCORING_TIMEOUT_MS: '60000',
    });
    expect(env).not.toHaveProperty('AML_CORS_ORIGINS');
  });
});
