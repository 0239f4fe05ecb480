import * as fs from 'fs';
import * as path from 'path';
import { InferenceConfig, InferenceImage } from '../../src';
import { temporaryFolder } from '../support/files';
import { synthesize } from '../support/synth';
import { LocalService, MEMORY, runPython, serving } from './support/local-service';
import { engineHas, pipIndex, PYTHON_IMAGE } from './support/package-index';
import { baseImage, describeWith, docker } from './support/requirements';

jest.setTimeout(300_000);

/** What a reader of Azure ML's article of 2019 has typed in, with versions of today in `env/myenv.yml`. */
const ARTICLE = path.join(__dirname, 'article');
const file = (name: string) => path.join(ARTICLE, name);
const python = (name: string) => InferenceConfig.python({ entryScript: file(name), condaFile: file('env/myenv.yml') });

/** What the models were trained for: `train.py` writes it beside them. */
interface Expected {
  readonly pictures: number[][];
  readonly digits: number[];
  readonly numbers: number[][];
  readonly regression: number[];
  readonly rows: object[];
  readonly table: number[];
}

const ORIGIN = 'http://www.example.com';

/** What a browser asks before a page of `ORIGIN` may post with a key. */
const PREFLIGHT = {
  method: 'OPTIONS',
  headers: {
    authorization: '',
    origin: ORIGIN,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
};

describe('the environment that the article shows', () => {
  test('asks for Python 3.6, which is refused before anything is built', () => {
    const inferenceConfig = InferenceConfig.python({ entryScript: file('score.py'), condaFile: file('env/of_2019.yml') });
    expect(() => synthesize(stack => void new InferenceImage(stack, 'Image', { models: [], inferenceConfig }))).toThrow(
      /"python=3\.6\.2" is asked for[^]*INFERENCE_PYTHON_VERSION/,
    );
  });
});

describeWith([docker, baseImage, engineHas(PYTHON_IMAGE), pipIndex], "the article's entry scripts in Python images", () => {
  let folder: string;
  let expected: Expected;
  let rawHttp: LocalService;

  beforeAll(async () => {
    rawHttp = new LocalService('raw-http', { inferenceConfig: python('raw_http.py'), props: { corsOrigins: [ORIGIN] } });
    rawHttp.build();
    // the packages that will read the models write them
    folder = runPython(rawHttp.image, file('train.py'), temporaryFolder());
    expected = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as Expected;
    await rawHttp.start();
  });

  // the other images only differ in their last layers: the installed packages go with the last of them
  afterAll(() => rawHttp?.remove());

  describe('a script by inferenceconfig.json', () => {
    const service = serving('sklearn-mnist', () => ({
      inferenceConfig: InferenceConfig.fromJsonFile(file('inferenceconfig.json')),
      models: { sklearn_mnist: path.join(folder, 'sklearn_mnist_model.pkl') },
    }));

    test('finds its model by Model.get_model_path and reads handwritten digits', async () => {
      const answer = await service().score({ data: expected.pictures });
      const digits = (await answer.json()) as number[];

      expect([answer.status, digits.length]).toEqual([200, 20]);
      expect(digits.filter((digit, index) => digit === expected.digits[index]).length).toBeGreaterThanOrEqual(16);
    });

    test('is asked for with a key alone', async () => {
      const input = { data: expected.pictures };
      for (const authorization of ['', 'Bearer ', `Bearer ${rawHttp.key}`, `Basic ${service().key}`]) {
        const answer = await service().score(input, { authorization });
        expect([authorization, answer.status]).toEqual([authorization, 401]);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer\b/);
      }
    });

    test('has what it prints in the log, with the id of the request', async () => {
      await service().score({ data: expected.pictures }, { 'x-request-id': 'printed-1' });
      const lines = service()
        .events('script-log')
        .filter(({ requestId }) => requestId === 'printed-1');
      expect(lines).toMatchObject([{ level: 'info', message: 'scoring 20 images' }]);
    });

    test('runs as nobody, in little memory, without a file that it could write but in /tmp', () => {
      const { HostConfig, Config } = JSON.parse(service().inspect('{{json .}}')) as Record<string, object>;
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], Memory: MEMORY, MemorySwap: MEMORY });
      expect(Config).toMatchObject({ User: '10001:10001' });
      expect(JSON.stringify(Config)).not.toContain(service().key);
      const files = ['/tmp/new', '/var/azureml-app/new', '/opt/model-serving/new'];
      expect(files.map(name => service().can('touch', name))).toEqual([true, false, false]);
    });

    test('passes the health check that the service gives to Docker', () => {
      const { healthcheck } = service();
      expect(service().can(...healthcheck)).toBe(true);
      expect(service().can(...healthcheck.map(argument => argument.replace('/health/ready', '/nowhere')))).toBe(false);
    });
  });

  describe('the sample of scikit-learn and Swagger', () => {
    const service = serving('myservice', () => ({
      inferenceConfig: InferenceConfig.python({
        sourceDirectory: ARTICLE,
        entryScript: 'x/y/score.py',
        condaFile: file('env/myenv.yml'),
      }),
      models: { 'sklearn_regression_model.pkl': path.join(folder, 'sklearn_regression_model.pkl') },
    }));

    test("answers the article's consumer", async () => {
      const answer = await service().score({ data: expected.numbers });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
      expect(await answer.json()).toEqual(expected.regression.map(value => expect.closeTo(value, 6) as number));
    });

    test('is described as the article shows, but for the version and the status code that errors had', async () => {
      const shown = JSON.parse(fs.readFileSync(file('swagger_of_the_article.json'), 'utf8')) as Swagger;
      const { info, definitions, ...others } = shown;
      const answer = await service().fetch('/swagger.json');

      expect(await answer.json()).toMatchObject({
        ...others,
        info: { ...info, version: '1' },
        definitions: { ...definitions, ErrorResponse: { type: 'object', properties: { message: { type: 'string' } } } },
      });
    });

    test('refuses what is no JSON, and goes on', async () => {
      const type = { 'content-type': 'application/json' };
      expect((await service().fetch('/score', { method: 'POST', body: '{"data":', headers: type })).status).toBe(400);
      expect((await service().score({ data: expected.numbers })).status).toBe(200);
    });
  });

  describe('the sample of the data frame, which Power BI calls', () => {
    const service = serving('power-bi', () => ({
      inferenceConfig: python('power_bi.py'),
      models: { model_name: path.join(folder, 'model.pkl') },
    }));

    test('takes rows by the names of their columns', async () => {
      const answer = await service().score({ data: expected.rows });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual(expected.table.map(value => expect.closeTo(value, 6) as number));
    });

    test('is described column by column', async () => {
      const { definitions } = (await (await service().fetch('/swagger.json')).json()) as Swagger;
      expect(definitions.ServiceInput.properties?.data).toMatchObject({
        items: {
          properties: {
            input_name_1: { type: 'number', format: 'double' },
            input_name_2: { type: 'string' },
            input_name_3: { type: 'integer', format: 'int64' },
          },
        },
      });
      expect(definitions.ServiceInput.example).toEqual({
        data: [{ input_name_1: 5.1, input_name_2: 'value2', input_name_3: 3 }],
      });
    });
  });

  describe('the sample of binary data', () => {
    test('gets the path of a GET, and the bytes of a POST', async () => {
      const got = await rawHttp.fetch('/score?a=%20b&c=1');
      expect([got.status, await got.text()]).toEqual([200, '/score?a=%20b&c=1']);

      const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
      const posted = await rawHttp.fetch('/score', { method: 'POST', body: bytes });
      expect([posted.status, Buffer.from(await posted.arrayBuffer())]).toEqual([200, bytes]);
    });

    test('may be called by pages of the origins that the service names, also where it refuses', async () => {
      const preflight = await rawHttp.fetch('/score', PREFLIGHT);
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN]);
      expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization, content-type');

      const origin = { origin: ORIGIN };
      const answers = [
        await rawHttp.fetch('/score', { headers: origin }),
        await rawHttp.fetch('/score', { headers: { ...origin, authorization: '' } }),
        await rawHttp.fetch('/score', { headers: { ...origin }, method: 'PUT' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 401, 405]);
      for (const { headers } of answers) expect(headers.get('access-control-allow-origin')).toBe(ORIGIN);
    });

    test('may not be called by pages of other origins', async () => {
      const answer = await rawHttp.fetch('/score', { headers: { origin: 'http://www.example.org' } });
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    });
  });

  describe('the sample of CORS', () => {
    const service = serving('cors', () => ({ inferenceConfig: python('cors.py') }));

    test('sets the header of its POST itself, though it forgot @rawhttp', async () => {
      const posted = await service().fetch('/score', { method: 'POST', body: 'hello' });
      expect([posted.status, await posted.text()]).toEqual([200, 'hello']);
      expect(posted.headers.get('access-control-allow-origin')).toBe(ORIGIN);

      const got = await service().fetch('/score?x=1');
      expect([got.status, await got.text()]).toEqual([200, '/score?x=1']);
      expect(got.headers.has('access-control-allow-origin')).toBe(false);
    });

    test('gets no preflight without a key, as the service names no origins', async () => {
      expect((await service().fetch('/score', PREFLIGHT)).status).toBe(401);
    });
  });

  describe('a script that takes its time', () => {
    const service = serving('slow', () => ({ inferenceConfig: python('slow.py') }));

    test('keeps neither health nor the key check waiting, and is answered for before the container stops', async () => {
      const request = service().score({ seconds: 4 });
      let isRunning = true;
      void request.catch(() => undefined).then(() => (isRunning = false));
      await new Promise(resolve => setTimeout(resolve, 500));

      expect(await (await service().fetch('/')).text()).toBe('Healthy');
      expect((await service().score({ seconds: 0 }, { authorization: '' })).status).toBe(401);
      service().signal('TERM');
      expect(isRunning).toBe(true);
      const answer = await request;
      expect([answer.status, await answer.json()]).toEqual([200, 'slept']);
      expect(await service().exitCode()).toBe('0');
    });
  });
});

interface Swagger {
  readonly info: object;
  readonly definitions: {
    readonly ServiceInput: { readonly properties?: Record<string, object>; readonly example?: object };
  };
}
