import * as fc from 'fast-check';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'fs';
import * as path from 'path';
import { ENV } from '../../src/core/server-contract';
import { LaunchedServer, LaunchError } from '../../src/scoring/launch';
import {
  at,
  enginePids,
  events,
  eventually,
  fixture,
  post,
  removeFolders,
  request,
  serve,
  stopServers,
  temporaryFolder,
} from './support/server';

jest.setTimeout(60_000);

afterAll(async () => {
  await stopServers();
  removeFolders();
});

describe('every element type over HTTP', () => {
  let server: LaunchedServer;
  const types: Array<[string, string]> = [
    ['float16', '[[0,-1.5,65504]]'],
    ['float32', '[[0,-1.5,3.4028234663852886e+38]]'],
    ['float64', '[[0,0.1,1.7976931348623157e+308]]'],
    ['int8', '[[-128,0,127]]'],
    ['int16', '[[-32768,0,32767]]'],
    ['int32', '[[-2147483648,0,2147483647]]'],
    ['int64', '[[-9223372036854775808,9007199254740993,9223372036854775807]]'],
    ['uint8', '[[0,1,255]]'],
    ['uint16', '[[0,1,65535]]'],
    ['uint32', '[[0,1,4294967295]]'],
    ['uint64', '[[0,9007199254740993,18446744073709551615]]'],
    ['bool', '[[true,false,true]]'],
    ['string', '[["","ü\\n\\"","日本"],["a","b","c"]]'],
  ];

  beforeAll(async () => {
    const root = temporaryFolder();
    for (const [type] of types) {
      install(`identity_${type}`, root, `${type}/1`);
    }
    server = await serve(root);
  });

  test.each(types)('%s comes back as it was sent: %s', async (type, tensor) => {
    const answer = await post(at(server, `/score/${type}`), `{"x":${tensor}}`);

    expect(answer.text).toBe(`{"y":${tensor}}`);
    expect(answer.status).toBe(200);
  });

  test.each([
    ['uint8', '[[1,2,256]]', 'input "x"[0][2]: expected an integer 0..255, got 256'],
    ['float16', '[[1,2,1e6]]', 'input "x"[0][2]: expected a number from -65504 to 65504, got 1000000'],
    ['string', '[["a","b","c\\u0000"]]', 'without NUL characters'],
  ])('%s says which element of %s is wrong', async (type, tensor, text) => {
    const answer = await post(at(server, `/score/${type}`), `{"x":${tensor}}`);

    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain(text);
  });
});

describe('several models', () => {
  let server: LaunchedServer;

  beforeAll(async () => {
    const root = temporaryFolder();
    for (const [folder, model] of [
      ['net/1', 'log'],
      ['net/2', 'dense'],
      ['wörter/1', 'identity_string'],
    ]) {
      install(model, root, folder);
    }
    server = await serve(root);
  });

  test('are scored by name and version, the newest where none is given', async () => {
    expect((await post(at(server, '/score/net/1'), { x: [1] })).json).toEqual({ y: [0] });
    expect((await post(at(server, '/score/net/2'), { features: [[0, 0, 0, 0]] })).status).toBe(200);
    expect((await post(at(server, '/score/net'), { features: [[0, 0, 0, 0]] })).status).toBe(200);
    expect((await post(at(server, `/score/${encodeURIComponent('wörter')}`), { x: [['a', 'b', 'c']] })).status).toBe(200);
  });

  test('must be named, and the answer says how', async () => {
    const answer = await post(server.scoringUri, { x: [1] });

    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain('/score/net, /score/net/2, /score/net/1, /score/w%C3%B6rter');
  });

  test.each(['/score/net/3', '/score/other', '/score/net/', '/score/%ff', '/score/..%2fnet'])('%s is not found', async where => {
    expect((await post(at(server, where), '{}')).status).toBe(404);
  });

  test('are all in the Swagger document', async () => {
    const swagger = (await request(server.swaggerUri)).json as { paths: object; definitions: object };

    expect(Object.keys(swagger.paths)).toEqual([
      '/',
      '/score/net',
      '/score/net/2',
      '/score/net/1',
      '/score/w%C3%B6rter',
      '/score/w%C3%B6rter/1',
      '/swagger.json',
    ]);
    expect(Object.keys(swagger.definitions)).toEqual(
      expect.arrayContaining(['ServiceInput_net_1', 'ServiceOutput_net', 'ErrorResponse']),
    );
  });
});

describe('models with their own ways', () => {
  test('a classifier with a ZipMap serves its tensor outputs', async () => {
    const server = await serve(fixture('zipmap_classifier'));
    const answer = await post(server.scoringUri, {
      X: [
        [5.1, 3.5, 1.4, 0.2],
        [6.7, 3.0, 5.2, 2.3],
      ],
    });

    expect(answer.json).toEqual({ output_label: [0, 2] });
  });

  test('a model of maps only is refused at the start, with the way out', async () => {
    await expect(serve(fixture('only_maps'))).rejects.toThrow(/none of its outputs \(maps\) is a tensor; .*zipmap/);
  });

  test('inputs and outputs may have names that objects own already', async () => {
    const server = await serve(fixture('hostile_name'));

    expect((await post(server.scoringUri, '{"__proto__":[3,4]}')).text).toBe('{"constructor":[3,4]}');
    expect((await post(server.scoringUri, '{"toString":[3,4]}')).status).toBe(400);
  });

  test('a value that the signature allows but the model refuses is the caller’s fault, and marked as the model’s word', async () => {
    const server = await serve(fixture('lookup'));
    const answer = await post(server.scoringUri, { row: [0, 7] });

    expect(answer.status).toBe(400);
    expect(answer.json.message).toContain('idx=7');
    expect(answer.headers.get('x-ms-run-function-failed')).toBe('True');
    expect((await post(server.scoringUri, { row: [2] })).json).toEqual({ y: [30] });
  });

  test('an answer that no memory could hold is a failure, and the next is scored by an engine that has not seen it', async () => {
    const server = await serve(fixture('zeros'), { [ENV.maxQueueWaitMs]: '60000' });
    const answer = await post(server.scoringUri, { shape: [3e7, 2e6] });

    expect(answer.status).toBe(500);
    expect(answer.headers.get('x-ms-run-function-failed')).toBe('True');
    expect((await post(server.scoringUri, { shape: [1, 2] })).json).toEqual({ y: [[0, 0]] });
    expect(enginePids(server)).toHaveLength(2);
  });

  test('infinities come back as null', async () => {
    const server = await serve(fixture('log'));

    expect((await post(server.scoringUri, { x: [0, -1, 1] })).text).toBe('{"y":[null,null,0]}');
  });
});

describe('hostile bodies', () => {
  const names = ['identity_string', 'identity_int64', 'identity_float16', 'any_rank', 'add'];
  const value = fc.jsonValue({ maxDepth: 4 });
  const numbers = fc.array(
    fc.array(fc.oneof(fc.double(), fc.constant(null), fc.string(), fc.maxSafeInteger()), { maxLength: 4 }),
    { maxLength: 3 },
  );
  const body = fc.oneof(
    fc.record({ x: fc.oneof(numbers, value) }).map(each => JSON.stringify(each)),
    fc.record({ a: numbers, b: numbers }).map(each => JSON.stringify(each)),
    value.map(each => JSON.stringify(each)),
    fc.tuple(fc.json(), fc.nat()).map(([json, cut]) => json.slice(0, cut % (json.length + 1))),
    fc.constantFrom(
      '{"x":[[1e999,1,1]]}',
      '{"x":[[-0,1E2,1]]}',
      '{"x":[[1,2,3]],"x":[]}',
      '{"x":{"__proto__":[]}}',
      `${'['.repeat(5000)}`,
    ),
    fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes)),
  );

  test('are answered with 200 or the caller’s fault, by the same engine to the end', async () => {
    const root = temporaryFolder();
    for (const name of names) install(name, root, `${name}/1`);
    const server = await serve(root);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), body, async (name, bytes) => {
        const { status } = await post(at(server, `/score/${name}`), bytes);
        expect(status === 200 || status === 400).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(enginePids(server)).toHaveLength(1);
  });
});

describe('the start', () => {
  test('of a file that is no model fails with one sentence', async () => {
    const folder = temporaryFolder();
    cpSync(__filename, path.join(folder, 'model.onnx'));
    const failure = await serve(folder).catch((error: Error) => error);

    expect(failure).toBeInstanceOf(LaunchError);
    expect((failure as Error).message).toMatch(/^ONNX Runtime cannot load '.*model\.onnx': [^\n]*$/);
  });

  test.each(['auto', 'off'])('leaves nothing of ONNX Runtime’s telemetry behind (inline: %s)', async inline => {
    const home = temporaryFolder();
    const server = await serve(fixture('dense'), {
      HOME: home,
      XDG_CACHE_HOME: path.join(home, 'cache'),
      ORT_DISABLE_TELEMETRY: '0',
      [ENV.inline]: inline,
    });
    await post(server.scoringUri, { features: [[1, 2, 3, 4]] });
    const engines = process.platform === 'linux' ? enginePids(server) : [];
    const environments = engines.map(engine => readFileSync(`/proc/${engine}/environ`, 'utf8').split('\0'));
    await server.stop();

    for (const environment of environments) expect(environment).toContain('ORT_DISABLE_TELEMETRY=1');
    expect(readdirSync(home)).toEqual([]);
  });

  test.each(['auto', 'off'])(
    'takes the sample that the model came with, for Swagger and to warm up (inline: %s)',
    async inline => {
      const [models, samples] = [temporaryFolder(), temporaryFolder()];
      install('dense', models, 'net/3');
      mkdirSync(path.join(samples, 'net'));
      const sample = { features: [[5.1, 3.5, 1.4, 0.2]] };
      writeFileSync(path.join(samples, 'net/3.json'), JSON.stringify(sample));
      const server = await serve(path.join(models, 'net/3'), { [ENV.samplesDirectory]: samples, [ENV.inline]: inline });
      const { definitions } = (await request(server.swaggerUri)).json as { definitions: Record<string, { example: unknown }> };

      expect(definitions.ServiceInput.example).toEqual(sample);
      expect(definitions.ServiceOutput.example).toEqual((await post(server.scoringUri, sample)).json);
    },
  );

  test('goes on without a sample that does not score, and says so', async () => {
    const [models, samples] = [temporaryFolder(), temporaryFolder()];
    install('dense', models, 'net/3');
    mkdirSync(path.join(samples, 'net'));
    writeFileSync(path.join(samples, 'net/3.json'), '{"wrong":1}');
    const server = await serve(path.join(models, 'net/3'), { [ENV.samplesDirectory]: samples });

    expect((await post(server.scoringUri, { features: [[1, 2, 3, 4]] })).status).toBe(200);
    expect(events(server, 'not-warmed-up')[0].message).toMatch(/sample does not score: .*wrong/);
  });

  test('says what it serves, and Swagger shows a body that scores', async () => {
    const server = await serve(fixture('dense'), { SERVICE_NAME: 'iris "x"', SERVICE_VERSION: '7' });
    const swagger = (await request(server.swaggerUri)).json as {
      info: object;
      definitions: Record<string, { properties: object; example: unknown }>;
    };
    const { ServiceInput, ServiceOutput } = swagger.definitions;
    const answer = await post(server.scoringUri, ServiceInput.example as object);

    expect(swagger.info).toMatchObject({ title: 'iris "x"', version: '7' });
    expect(ServiceInput.properties).toEqual({
      features: { type: 'array', items: { type: 'array', minItems: 4, maxItems: 4, items: { type: 'number', format: 'float' } } },
    });
    expect(answer.json).toEqual(ServiceOutput.example);
    expect(
      await eventually(
        () => request(at(server, '/health/ready')),
        ({ status }) => status === 200,
      ),
    ).toBeDefined();
  });
});

/** Lays a committed model out as registered. */
function install(name: string, root: string, folder: string): void {
  mkdirSync(path.join(root, folder), { recursive: true });
  cpSync(fixture(name), path.join(root, folder, 'model.onnx'));
}
